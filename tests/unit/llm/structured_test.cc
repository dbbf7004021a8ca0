// Structured answers wherever a model puts them, and providers that refuse to be asked for them.
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "llm/client.h"
#include "llm/schema.h"
#include "support/llm_server.h"

namespace lyceum::llm {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::string_view kSchema = R"({
  "type": "object",
  "properties": {
    "verdict": {"type": "string", "enum": ["correct", "partially_correct", "incorrect"]},
    "confidence": {"type": "number"},
    "known_error_id": {"type": "string"}
  },
  "required": ["verdict", "confidence", "known_error_id"],
  "additionalProperties": false
})";
const std::string kFits = R"({"confidence":0.9,"known_error_id":"","verdict":"correct"})";

const Schema& TheSchema() {
  static const Schema schema = Schema::Parse(kSchema).value();
  return schema;
}

TEST(Structured, TheOneObjectIsFoundAndMended) {
  const std::string good[] = {
      kFits,
      "Here you are:\n```json\n" + kFits + "\n```\nI hope that helps.",
      "The answer {1/2} is right, so: " + kFits,
      kFits + "\n" + kFits,
      "[" + kFits + "]",
      json(kFits).dump(),
      R"({"verdict":"Correct","confidence":0.9,"known_error_id":""})",
      R"({"verdict":" CORRECT. ","confidence":"0.9","known_error_id":""})",
      R"({"verdict":"correct","confidence":0.9,"known_error_id":null})",
      R"({"verdict":"correct","confidence":0.9,"known_error_id":"","reasoning":"It is."})",
      R"({"Verdict":"correct","Confidence":0.9,"Known Error ID":""})",
  };
  for (const std::string& each : good) {
    const Fitted fitted = TheSchema().Fit(each);
    EXPECT_EQ(fitted.problem, "") << each;
    EXPECT_EQ(fitted.json, kFits) << each;
  }
  EXPECT_EQ(json::parse(TheSchema()
                            .Fit(R"({"verdict":"Partially correct","confidence":1,
                                            "known_error_id":"e"})")
                            .json)["verdict"],
            "partially_correct");
}

TEST(Structured, WhatIsNotClearIsNotGuessed) {
  const std::string bad[] = {
      "",
      "It is correct.",
      R"({"verdict":"right","confidence":0.9,"known_error_id":""})",
      R"({"verdict":"correct","confidence":"90%","known_error_id":""})",
      R"({"verdict":"correct","confidence":"high","known_error_id":""})",
      R"({"verdict":null,"confidence":1,"known_error_id":""})",
      R"({"verdict":"correct","known_error_id":""})",
      kFits + R"( or {"verdict":"incorrect","confidence":0.9,"known_error_id":""})",
      kFits.substr(0, kFits.size() - 1),
  };
  for (const std::string& each : bad) {
    const Fitted fitted = TheSchema().Fit(each);
    EXPECT_NE(fitted.problem, "") << each;
    EXPECT_EQ(fitted.json, "") << each;
  }
  // A value stays what it is: its range is not the form's.
  EXPECT_EQ(json::parse(TheSchema()
                            .Fit(R"({"verdict":"correct","confidence":95,
                                            "known_error_id":""})")
                            .json)["confidence"],
            95);
}

TEST(Structured, MuchOfItIsReadQuickly) {
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += "{\"a\":[";
  const Deadline begun = Steady::now();
  EXPECT_NE(TheSchema().Fit(many).problem, "");
  EXPECT_NE(TheSchema().Fit(std::string(200'000, '{')).problem, "");
  EXPECT_LT(Steady::now() - begun, milliseconds(500));
}

class StructuredAsk : public ::testing::Test {
 protected:
  void Near(test::LlmScript script) {
    servers_.push_back(std::make_unique<test::LlmServer>(std::move(script)));
    Provider provider;
    provider.name = std::string(1, static_cast<char>('a' + config_.providers.size()));
    provider.api = api_;
    provider.base_url = servers_.back()->url() + (api_ == Api::kOpenAi ? "/v1" : "");
    provider.model = "m";
    provider.backoff = milliseconds(1);
    config_.providers.push_back(provider);
  }
  Reply AskIt() {
    if (client_ == nullptr) {
      client_ = Client::Make(config_, wire::HttpClient::Start({}).value()).value();
    }
    Ask ask;
    ask.chat.turns = {{Turn::Role::kUser, "Is a half right?"}};
    ask.chat.schema = kSchema;
    ask.chat.schema_name = "verdict";
    ask.tool = "check_answer";
    ask.deadline = In(milliseconds(10'000));
    return Wait(
        client_->AskJson(ask, [](std::string_view text) { return TheSchema().Fit(text).problem; }));
  }
  static std::string Event(const json& chunk) { return "data: " + chunk.dump() + "\n\n"; }
  static test::LlmReply Chunks(const std::vector<json>& deltas, const char* finish = "stop") {
    test::LlmReply reply;
    for (const json& delta : deltas) {
      reply.raw.push_back({Event({{"choices", json::array({{{"delta", delta}}})}})});
    }
    reply.raw.push_back(
        {Event(
             {{"choices", json::array({{{"delta", json::object()}, {"finish_reason", finish}}})}}) +
         "data: [DONE]\n\n"});
    return reply;
  }
  static std::string Story(const Reply& reply) {
    std::string story;
    for (const Attempt& attempt : reply.attempts) {
      story += (story.empty() ? "" : ", ") + attempt.provider + " " + attempt.reason + " " +
               attempt.outcome;
    }
    return story;
  }
  static std::string Said(const Reply& reply) {
    return reply.answer() == nullptr ? "" : TheSchema().Fit(reply.answer()->text).json;
  }

  Api api_ = Api::kOpenAi;
  Config config_;
  std::vector<std::unique_ptr<test::LlmServer>> servers_;
  std::shared_ptr<Client> client_;
};

TEST_F(StructuredAsk, ToolCallsAreTheAnswer) {
  const auto call = [](const json& arguments) {
    return json{{"content", nullptr},
                {"tool_calls",
                 json::array({{{"index", 0},
                               {"function", {{"name", "verdict"}, {"arguments", arguments}}}}})}};
  };
  Near([&](const test::LlmCall& request) {
    return request.number == 1
               ? Chunks({call(kFits.substr(0, 9)), call(kFits.substr(9))}, "tool_calls")
               : Chunks({call(json::parse(kFits))}, "tool_calls");
  });
  for (int i = 0; i < 2; ++i) {
    const Reply reply = AskIt();
    EXPECT_EQ(Story(reply), "a first ok");
    EXPECT_EQ(Said(reply), kFits);
  }
}

TEST_F(StructuredAsk, ReasoningIsLookedThroughWhereNothingElseIs) {
  Near([&](const test::LlmCall& request) {
    if (request.number == 1) return Chunks({{{"reasoning_content", "So it is " + kFits}}});
    return Chunks({{{"content", "<think>Well. " + kFits}}});
  });
  for (int i = 0; i < 2; ++i) {
    const Reply reply = AskIt();
    EXPECT_EQ(Story(reply), "a first ok");
    EXPECT_EQ(Said(reply), kFits);
  }
}

TEST_F(StructuredAsk, AThoughtThatWasCutOffIsNoAnswer) {
  Near([&](const test::LlmCall&) {
    return Chunks({{{"reasoning_content", "It may be " + kFits + " but"}}}, "length");
  });
  EXPECT_EQ(Story(AskIt()), "a first bad_result, a repair bad_result");
}

TEST_F(StructuredAsk, TheInputOfAToolMayBeWholeAtItsBegin) {
  api_ = Api::kAnthropic;
  Near([&](const test::LlmCall&) {
    const auto typed = [](const std::string& type, json data) {
      data["type"] = type;
      return "event: " + type + "\ndata: " + data.dump() + "\n\n";
    };
    test::LlmReply reply;
    reply.raw.push_back(
        {typed("content_block_start",
               {{"index", 0},
                {"content_block", {{"type", "tool_use"}, {"input", json::parse(kFits)}}}}) +
         typed("content_block_stop", {{"index", 0}}) +
         typed("message_delta", {{"delta", {{"stop_reason", "tool_use"}}}}) +
         typed("message_stop", json::object())});
    return reply;
  });
  EXPECT_EQ(Said(AskIt()), kFits);
}

// What a server does not take: answers 400 to it, and says which field, or does not.
test::LlmScript Refusing(std::vector<std::string> fields, std::string message) {
  return [fields, message](const test::LlmCall& call) {
    test::LlmReply reply;
    reply.text = kFits;
    for (const std::string& field : fields) {
      if (call.body.find(field) == std::string::npos) continue;
      reply.trouble = test::Trouble::kStatus;
      reply.status = 400;
      reply.error_message = message;
    }
    return reply;
  };
}

TEST_F(StructuredAsk, WhoRefusesASchemaIsAskedInWordsAndThatIsRemembered) {
  Near(Refusing({"json_schema"}, "this response_format is not available"));
  Near(Refusing({"response_format"}, ""));
  Reply reply = AskIt();
  EXPECT_EQ(Story(reply), "a first http_400, a milder ok");
  EXPECT_EQ(Said(reply), kFits);
  EXPECT_EQ(Story(AskIt()), "a first ok") << "and asked like that from the begin";
  servers_.erase(servers_.begin());
  config_.providers.erase(config_.providers.begin());
  client_ = nullptr;
  EXPECT_EQ(Story(AskIt()), "b first http_400, b milder http_400, b milder ok");
  EXPECT_EQ(Story(AskIt()), "b first ok");
  const std::string last = servers_[0]->calls().back().system;
  EXPECT_NE(last.find("known_error_id"), std::string::npos) << "the schema in words";
}

TEST_F(StructuredAsk, OtherNamesAreTriedWhereTheServerNamesThem) {
  Near(Refusing({"max_completion_tokens"}, "unknown field max_completion_tokens"));
  EXPECT_EQ(Story(AskIt()), "a first http_400, a milder ok");
  EXPECT_EQ(Story(AskIt()), "a first ok");
}

TEST_F(StructuredAsk, APromptThatIsTooLongIsNotAskedAgain) {
  Near(Refusing({"messages"}, "This model's maximum context length is 512 tokens"));
  Near(Refusing({}, ""));
  EXPECT_EQ(Story(AskIt()), "a first context_length_exceeded, b fallback ok");
}

TEST_F(StructuredAsk, WhoRefusesEverythingIsLeft) {
  Near(Refusing({"messages"}, ""));
  Near(Refusing({}, ""));
  EXPECT_EQ(Story(AskIt()),
            "a first http_400, a milder http_400, a milder http_400, b fallback ok");
}

TEST_F(StructuredAsk, AnAnswerMayBeLongerAtAProviderWhereModelsThinkFirst) {
  Near([](const test::LlmCall&) { return Chunks({{{"content", kFits}}}); });
  config_.providers[0].max_tokens = 9999;
  AskIt();
  EXPECT_EQ(json::parse(servers_[0]->calls()[0].body)["max_completion_tokens"], 9999);
}

TEST_F(StructuredAsk, AGradeIsWaitedForAsLongAsTheProviderMayTake) {
  Near([](const test::LlmCall&) {
    test::LlmReply reply;
    reply.trouble = test::Trouble::kStall;
    reply.text = kFits;
    return reply;
  });
  Near([](const test::LlmCall&) { return Chunks({{{"content", kFits}}}); });
  config_.providers[0].grading = milliseconds(300);
  const Deadline begun = Steady::now();
  const Reply reply = AskIt();
  EXPECT_EQ(Said(reply), kFits);
  EXPECT_EQ(reply.answer()->provider, "b");
  EXPECT_LT(Steady::now() - begun, milliseconds(2'000));
}

}  // namespace
}  // namespace lyceum::llm
