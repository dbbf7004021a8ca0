// Both wire formats: what is asked, and what is understood.
#include "llm/codec.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lyceum::llm {
namespace {

using Json = nlohmann::json;

Provider Of(Api api) {
  Provider provider;
  provider.api = api;
  provider.base_url = "https://models.example";
  provider.key = "secret-key";
  return provider;
}

ChatRequest Chat() {
  ChatRequest chat;
  chat.system = "Be brief.";
  chat.turns = {{Turn::Role::kUser, "What is 1/2?"},
                {Turn::Role::kAssistant, "A half."},
                {Turn::Role::kUser, "Why?"}};
  chat.output_tokens_max = 77;
  return chat;
}

ChatRequest ChatWithSchema() {
  ChatRequest chat = Chat();
  chat.schema = R"({"type":"object"})";
  chat.schema_name = "verdict";
  return chat;
}

std::string Header(const WireRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "";
}

// Reads a whole stream as the client does.
struct Heard {
  std::string text;
  std::string trouble;
  Blame blame = Blame::kPassing;
  std::unique_ptr<Decoder> decoder;
};

Heard Hear(Api api, const std::vector<std::string>& data) {
  Heard heard;
  heard.decoder = MakeDecoder(api);
  for (const std::string& each : data) {
    const Decoder::Step step = heard.decoder->OnEvent({"", each});
    if (const Trouble* trouble = std::get_if<Trouble>(&step)) {
      heard.trouble = trouble->outcome;
      heard.blame = trouble->blame;
      break;
    }
    heard.text += std::get<std::string>(step);
  }
  return heard;
}

Heard HearWhole(Api api, const std::string& body) {
  Heard heard;
  heard.decoder = MakeDecoder(api);
  const Decoder::Step step = heard.decoder->OnWhole(body);
  if (const Trouble* trouble = std::get_if<Trouble>(&step)) {
    heard.trouble = trouble->outcome;
  } else {
    heard.text = std::get<std::string>(step);
  }
  return heard;
}

TEST(AnthropicTest, RequestHasWhatTheApiWants) {
  const WireRequest request = Encode(Of(Api::kAnthropic), "m-1", Chat());
  EXPECT_EQ(request.url, "https://models.example/v1/messages");
  EXPECT_EQ(Header(request, "x-api-key"), "secret-key");
  EXPECT_EQ(Header(request, "anthropic-version"), "2023-06-01");
  EXPECT_EQ(Json::parse(request.body),
            Json::parse(R"({"model":"m-1","max_tokens":77,"stream":true,"system":"Be brief.",
              "messages":[{"role":"user","content":"What is 1/2?"},
                          {"role":"assistant","content":"A half."},
                          {"role":"user","content":"Why?"}]})"));
}

TEST(AnthropicTest, ASchemaIsAnOutputFormatOrATool) {
  Provider provider = Of(Api::kAnthropic);
  Json body = Json::parse(Encode(provider, "m", ChatWithSchema()).body);
  EXPECT_EQ(body["output_config"],
            Json::parse(R"({"format":{"type":"json_schema","schema":{"type":"object"}}})"));
  provider.quirks.schema = SchemaWay::kTool;
  body = Json::parse(Encode(provider, "m", ChatWithSchema()).body);
  EXPECT_FALSE(body.contains("output_config"));
  EXPECT_EQ(body["tools"][0]["name"], "verdict");
  EXPECT_EQ(body["tools"][0]["input_schema"], Json::parse(R"({"type":"object"})"));
  EXPECT_EQ(body["tool_choice"], Json::parse(R"({"type":"tool","name":"verdict"})"));
}

TEST(AnthropicTest, StreamGivesTextUsageAndFinish) {
  const Heard heard = Hear(
      Api::kAnthropic,
      {R"({"type":"message_start","message":{"usage":{"input_tokens":10,"cache_read_input_tokens":5,
           "cache_creation_input_tokens":3,"output_tokens":1}}})",
       R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
       R"({"type":"ping"})",
       R"({"type":"content_block_delta","delta":{"type":"text_delta","text":"A \u00e9\u0000"}})",
       R"({"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"hm"}})",
       R"({"type":"content_block_delta","delta":{"type":"text_delta","text":"half."}})",
       R"({"type":"content_block_stop","index":0})",
       R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}})",
       R"({"type":"something_new"})", R"({"type":"message_stop"})"});
  EXPECT_EQ(heard.text, "A \xc3\xa9half.");
  EXPECT_EQ(heard.decoder->usage().input_tokens, 18u);
  EXPECT_EQ(heard.decoder->usage().cached_tokens, 5u);
  EXPECT_EQ(heard.decoder->usage().output_tokens, 9u);
  EXPECT_EQ(heard.decoder->finish(), Finish::kStop);
  EXPECT_TRUE(heard.decoder->ended());
}

TEST(AnthropicTest, LaterUsageReplacesTheEarlier) {
  const Heard heard =
      Hear(Api::kAnthropic,
           {R"({"type":"message_start","message":{"usage":{"input_tokens":10,"output_tokens":1}}})",
            R"({"type":"message_delta","delta":{},"usage":{"input_tokens":12,"output_tokens":4}})",
            R"({"type":"message_delta","delta":{},"usage":{"output_tokens":7}})"});
  EXPECT_EQ(heard.decoder->usage().input_tokens, 12u);
  EXPECT_EQ(heard.decoder->usage().output_tokens, 7u);
  EXPECT_FALSE(heard.decoder->complete());
}

TEST(AnthropicTest, InputOfTheToolIsTheText) {
  const Heard heard = Hear(
      Api::kAnthropic,
      {R"({"type":"content_block_start","content_block":{"type":"tool_use","name":"v","input":{}}})",
       R"({"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":""}})",
       R"({"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{\"a\""}})",
       R"({"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":":1}"}})"});
  EXPECT_EQ(heard.text, R"({"a":1})");
}

TEST(AnthropicTest, ErrorsAreToldApartByType) {
  const auto blame = [](const std::string& type) {
    return Hear(Api::kAnthropic, {R"({"type":"error","error":{"type":")" + type + R"("}})"}).blame;
  };
  for (const char* type : {"overloaded_error", "rate_limit_error", "api_error", "brand_new"}) {
    EXPECT_EQ(blame(type), Blame::kPassing) << type;
  }
  for (const char* type : {"authentication_error", "permission_error", "not_found_error"}) {
    EXPECT_EQ(blame(type), Blame::kProvider) << type;
  }
  EXPECT_EQ(blame("invalid_request_error"), Blame::kRequest);
}

TEST(AnthropicTest, StopReasons) {
  const auto finish = [](const std::string& reason) {
    return Hear(Api::kAnthropic,
                {R"({"type":"message_delta","delta":{"stop_reason":)" + reason + "}}"})
        .decoder->finish();
  };
  EXPECT_EQ(finish(R"("max_tokens")"), Finish::kLength);
  EXPECT_EQ(finish(R"("refusal")"), Finish::kRefused);
  EXPECT_EQ(finish(R"("tool_use")"), Finish::kStop);
  EXPECT_EQ(finish("null"), Finish::kUnknown);
}

TEST(AnthropicTest, PlainAnswerIsUnderstood) {
  const Heard heard =
      HearWhole(Api::kAnthropic,
                R"({"type":"message","content":[{"type":"text","text":"A half."},{"type":"new"}],
          "stop_reason":"max_tokens","usage":{"input_tokens":3,"output_tokens":2}})");
  EXPECT_EQ(heard.text, "A half.");
  EXPECT_EQ(heard.decoder->finish(), Finish::kLength);
  EXPECT_EQ(heard.decoder->usage().input_tokens, 3u);
}

TEST(OpenAiTest, RequestHasWhatTheApiWants) {
  const WireRequest request = Encode(Of(Api::kOpenAi), "m-1", Chat());
  EXPECT_EQ(request.url, "https://models.example/chat/completions");
  EXPECT_EQ(Header(request, "authorization"), "Bearer secret-key");
  EXPECT_EQ(Json::parse(request.body),
            Json::parse(R"({"model":"m-1","max_completion_tokens":77,"stream":true,
              "stream_options":{"include_usage":true},
              "messages":[{"role":"system","content":"Be brief."},
                          {"role":"user","content":"What is 1/2?"},
                          {"role":"assistant","content":"A half."},
                          {"role":"user","content":"Why?"}]})"));
}

TEST(OpenAiTest, QuirksAreData) {
  Provider provider = Of(Api::kOpenAi);
  provider.key.clear();
  provider.quirks = {"max_tokens", SchemaWay::kJsonObject, false};
  const WireRequest request = Encode(provider, "m", ChatWithSchema());
  const Json body = Json::parse(request.body);
  EXPECT_EQ(Header(request, "authorization"), "");
  EXPECT_EQ(body["max_tokens"], 77);
  EXPECT_FALSE(body.contains("max_completion_tokens"));
  EXPECT_FALSE(body.contains("stream_options"));
  EXPECT_EQ(body["response_format"], Json::parse(R"({"type":"json_object"})"));
  // Who does not take the schema in a field is told it in words.
  EXPECT_NE(body["messages"][0]["content"].get<std::string>().find(R"({"type":"object"})"),
            std::string::npos);
}

TEST(OpenAiTest, ASchemaIsStrict) {
  const Json body = Json::parse(Encode(Of(Api::kOpenAi), "m", ChatWithSchema()).body);
  EXPECT_EQ(body["response_format"],
            Json::parse(R"({"type":"json_schema","json_schema":{"name":"verdict","strict":true,
                            "schema":{"type":"object"}}})"));
  EXPECT_EQ(body["messages"][0]["content"], "Be brief.");
}

TEST(OpenAiTest, StreamGivesTextUsageAndFinish) {
  const Heard heard = Hear(
      Api::kOpenAi,
      {R"({"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]})",
       R"({"choices":[]})", R"({"choices":null})", R"({"choices":[{"delta":{"content":"A "}}]})",
       R"({"choices":[{"delta":{"content":"half.\u0007\u0085"},"finish_reason":"stop"}]})",
       R"({"choices":[],"usage":{"prompt_tokens":8,"completion_tokens":3,
                "prompt_tokens_details":{"cached_tokens":2}}})",
       "[DONE]"});
  EXPECT_EQ(heard.text, "A half.");
  EXPECT_EQ(heard.decoder->finish(), Finish::kStop);
  EXPECT_EQ(heard.decoder->usage().input_tokens, 8u);
  EXPECT_EQ(heard.decoder->usage().output_tokens, 3u);
  EXPECT_EQ(heard.decoder->usage().cached_tokens, 2u);
  EXPECT_TRUE(heard.decoder->ended());
}

TEST(OpenAiTest, FinishIsCompleteAlsoWithoutTheEnd) {
  EXPECT_TRUE(Hear(Api::kOpenAi, {R"({"choices":[{"delta":{},"finish_reason":"length"}]})"})
                  .decoder->complete());
  EXPECT_FALSE(Hear(Api::kOpenAi, {R"({"choices":[{"delta":{"content":"a"},"finish_reason":""}]})"})
                   .decoder->complete());
}

TEST(OpenAiTest, ARefusalIsRefusedWhateverItsFinish) {
  const Heard heard = Hear(Api::kOpenAi, {R"({"choices":[{"delta":{"refusal":"I can not"}}]})",
                                          R"({"choices":[{"delta":{},"finish_reason":"stop"}]})"});
  EXPECT_EQ(heard.text, "");
  EXPECT_EQ(heard.decoder->finish(), Finish::kRefused);
  EXPECT_EQ(Hear(Api::kOpenAi, {R"({"choices":[{"delta":{},"finish_reason":"content_filter"}]})"})
                .decoder->finish(),
            Finish::kRefused);
}

TEST(OpenAiTest, ErrorsInsideAStreamAreToldApart) {
  const auto hear = [](const std::string& error) {
    return Hear(Api::kOpenAi, {R"({"error":)" + error + "}"});
  };
  EXPECT_EQ(hear(R"({"type":"server_error","code":null})").blame, Blame::kPassing);
  EXPECT_EQ(hear(R"({"type":"x","code":"insufficient_quota"})").blame, Blame::kProvider);
  EXPECT_EQ(hear(R"({"type":"invalid_request_error"})").blame, Blame::kRequest);
  EXPECT_EQ(hear(R"({"code":500})").trouble, "unknown_error");
  EXPECT_EQ(hear(R"("the key secret-key is overloaded")").trouble, "unknown_error");
}

TEST(OpenAiTest, PlainAnswerIsUnderstood) {
  const Heard heard = HearWhole(
      Api::kOpenAi, R"({"choices":[{"message":{"content":"A half."},"finish_reason":"stop"}],
                        "usage":{"prompt_tokens":3,"completion_tokens":2}})");
  EXPECT_EQ(heard.text, "A half.");
  EXPECT_EQ(heard.decoder->usage().output_tokens, 2u);
  EXPECT_EQ(HearWhole(Api::kOpenAi, "<html>").trouble, "bad_json");
  EXPECT_EQ(HearWhole(Api::kOpenAi, "[]").trouble, "bad_json");
}

TEST(CodecTest, InvalidUtf8InARequestIsReplaced) {
  for (const Api api : {Api::kAnthropic, Api::kOpenAi}) {
    ChatRequest chat = Chat();
    chat.turns.back().text =
        "a\xff"
        "b";
    const Json body = Json::parse(Encode(Of(api), "m", chat).body);
    EXPECT_EQ(body["messages"].back()["content"],
              "a\xef\xbf\xbd"
              "b");
  }
}

TEST(CodecTest, WhatIsNoJsonOrTooDeepIsTrouble) {
  for (const Api api : {Api::kAnthropic, Api::kOpenAi}) {
    for (const std::string& data :
         {std::string("{"), std::string("1"), std::string("{\"a\":\"\\ud83\"}"),
          "{\"a\":" + std::string(10'000, '[') + std::string(10'000, ']') + "}"}) {
      EXPECT_EQ(Hear(api, {data}).trouble, "bad_json") << data.substr(0, 20);
    }
  }
}

TEST(CodecTest, FieldsOfOtherTypesAreNotThere) {
  for (const Api api : {Api::kAnthropic, Api::kOpenAi}) {
    for (const char* data :
         {R"({"type":5,"choices":{"a":1}})", R"({"choices":[null],"usage":[1]})",
          R"({"choices":[{"delta":"x","finish_reason":4}],"usage":{"prompt_tokens":-4}})",
          R"({"type":"message_start","message":[]})",
          R"({"type":"content_block_delta","delta":{"type":"text_delta","text":7}})",
          R"({"type":"message_delta","delta":null,"usage":{"output_tokens":1.5}})"}) {
      const Heard heard = Hear(api, {data});
      EXPECT_EQ(heard.trouble, "") << data;
      EXPECT_EQ(heard.text, "") << data;
      EXPECT_EQ(heard.decoder->usage().input_tokens, 0u) << data;
    }
  }
}

TEST(CodecTest, CountsThatDoNotFitAreTheLargest) {
  const Heard heard =
      Hear(Api::kOpenAi, {R"({"usage":{"prompt_tokens":99999999999,"completion_tokens":1}})"});
  EXPECT_EQ(heard.decoder->usage().input_tokens, 4'294'967'295u);
}

TEST(CodecTest, StatusesAreToldApart) {
  const auto of = [](int status, const char* body = "") {
    return OfStatus(Api::kOpenAi, status, body);
  };
  for (const int status : {408, 409, 429, 500, 503, 529}) {
    EXPECT_EQ(of(status).blame, Blame::kPassing) << status;
  }
  for (const int status : {204, 302, 401, 403, 404}) {
    EXPECT_EQ(of(status).blame, Blame::kProvider) << status;
  }
  for (const int status : {400, 413, 422}) EXPECT_EQ(of(status).blame, Blame::kRequest) << status;
  EXPECT_EQ(of(429).outcome, "http_429");
  EXPECT_EQ(of(429, R"({"error":{"code":"insufficient_quota"}})").blame, Blame::kProvider);
}

}  // namespace
}  // namespace lyceum::llm
