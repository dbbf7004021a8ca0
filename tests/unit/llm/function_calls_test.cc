// Function calling in both wire formats: what is offered, and what is understood of the calls.
#include "llm/function_calls.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "llm/codec.h"

namespace lyceum::llm {
namespace {

using Json = nlohmann::json;

ChatRequest Chat() {
  ChatRequest chat;
  chat.system = "Be brief.";
  chat.turns = {{Turn::Role::kUser, "What is a ratio?"}};
  chat.functions = {{"look_up", "Looks a word up.", R"({"type":"object"})"}};
  return chat;
}

Provider Of(Api api) {
  Provider provider;
  provider.api = api;
  provider.base_url = "https://models.example";
  return provider;
}

Json BodyOf(Api api, const ChatRequest& chat) {
  return Json::parse(Encode(Of(api), "m", chat).body);
}

struct Heard {
  std::string text;
  std::vector<FunctionCall> calls;
  Finish finish = Finish::kUnknown;
};

Heard Hear(Api api, const std::vector<std::string>& events) {
  const auto decoder = MakeDecoder(api);
  decoder->KeepCalls();
  Heard heard;
  for (const std::string& data : events) {
    const auto step = decoder->OnEvent({"", data});
    EXPECT_TRUE(std::holds_alternative<std::string>(step)) << data;
    if (const auto* text = std::get_if<std::string>(&step)) heard.text += *text;
  }
  heard.calls = decoder->calls().calls();
  heard.finish = decoder->finish();
  return heard;
}

// A chunk whose delta has these tool calls.
std::string Chunk(const std::string& tool_calls) {
  return R"({"choices":[{"index":0,"delta":{"tool_calls":)" + tool_calls + "}}]}";
}

std::string Said(const std::vector<FunctionCall>& calls) {
  std::string said;
  for (const FunctionCall& call : calls) said += call.name + "(" + call.arguments + ")";
  return said;
}

TEST(FunctionCalls, OpenAiIsOfferedThemAsTools) {
  const Json body = BodyOf(Api::kOpenAi, Chat());
  EXPECT_EQ(body["tools"], Json::parse(R"([{"type":"function","function":{"name":"look_up",
      "description":"Looks a word up.","parameters":{"type":"object"}}}])"));
  EXPECT_FALSE(body.contains("tool_choice"));
  ChatRequest closed = Chat();
  closed.functions_closed = true;
  EXPECT_EQ(BodyOf(Api::kOpenAi, closed)["tool_choice"], "none");
}

TEST(FunctionCalls, AnthropicIsOfferedThemAsTools) {
  const Json body = BodyOf(Api::kAnthropic, Chat());
  EXPECT_EQ(body["tools"], Json::parse(R"([{"name":"look_up","description":"Looks a word up.",
      "input_schema":{"type":"object"}}])"));
  EXPECT_FALSE(body.contains("tool_choice"));
  ChatRequest closed = Chat();
  closed.functions_closed = true;
  EXPECT_EQ(BodyOf(Api::kAnthropic, closed)["tool_choice"], Json::parse(R"({"type":"none"})"));
}

ChatRequest WithResults() {
  ChatRequest chat = Chat();
  Turn wishes{Turn::Role::kAssistant, "One moment."};
  wishes.calls = {{"call00001", "look_up", R"({"word":"ratio"})"}, {"call00002", "look_up", "{no"}};
  Turn results{Turn::Role::kUser, ""};
  results.results = {{"call00001", "a <quotient>"}, {"call00002", "did not fit"}};
  chat.turns.push_back(wishes);
  chat.turns.push_back(results);
  return chat;
}

TEST(FunctionCalls, CallsAndResultsGoBackToOpenAi) {
  const Json messages = BodyOf(Api::kOpenAi, WithResults())["messages"];
  ASSERT_EQ(messages.size(), 5U);  // The instructions, the question, and these.
  EXPECT_EQ(messages[2], Json::parse(R"({"role":"assistant","content":"One moment.","tool_calls":[
      {"id":"call00001","type":"function","function":{"name":"look_up","arguments":"{\"word\":\"ratio\"}"}},
      {"id":"call00002","type":"function","function":{"name":"look_up","arguments":"{}"}}]})"));
  EXPECT_EQ(messages[3], Json::parse(R"({"role":"tool","tool_call_id":"call00001",
      "content":"a <quotient>"})"));
  EXPECT_EQ(messages[4]["tool_call_id"], "call00002");
}

TEST(FunctionCalls, CallsAndResultsGoBackToAnthropic) {
  const Json messages = BodyOf(Api::kAnthropic, WithResults())["messages"];
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[1], Json::parse(R"({"role":"assistant","content":[
      {"type":"text","text":"One moment."},
      {"type":"tool_use","id":"call00001","name":"look_up","input":{"word":"ratio"}},
      {"type":"tool_use","id":"call00002","name":"look_up","input":{}}]})"));
  EXPECT_EQ(messages[2], Json::parse(R"({"role":"user","content":[
      {"type":"tool_result","tool_use_id":"call00001","content":"a <quotient>"},
      {"type":"tool_result","tool_use_id":"call00002","content":"did not fit"}]})"));
}

TEST(FunctionCalls, OfOpenAiAreSplitOverEvents) {
  const Heard heard = Hear(
      Api::kOpenAi,
      {R"({"choices":[{"index":0,"delta":{"role":"assistant","content":"Well. "}}]})",
       Chunk(R"([{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}])"),
       Chunk(R"([{"index":0,"function":{"arguments":"{\"x\":"}}])"),
       Chunk(R"([{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{"}}])"),
       Chunk(
           R"([{"index":0,"function":{"arguments":"1}"}},{"index":1,"function":{"arguments":"}"}}])"),
       R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})", "[DONE]"});
  EXPECT_EQ(heard.text, "Well. ");
  EXPECT_EQ(Said(heard.calls), R"(f({"x":1})g({}))");
  EXPECT_EQ(heard.finish, Finish::kStop);
}

// What servers that speak like it do otherwise.
TEST(FunctionCalls, OfCompatibleServersAreUnderstood) {
  // Whole, without an index, or each with index 0; arguments as an object.
  EXPECT_EQ(Said(Hear(Api::kOpenAi, {Chunk(R"([{"id":"a","function":{"name":"f","arguments":"{}"}},
                                 {"id":"b","function":{"name":"g","arguments":{"y":2}}}])")})
                     .calls),
            R"(f({})g({"y":2}))");
  EXPECT_EQ(Said(Hear(Api::kOpenAi,
                      {Chunk(R"([{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}])"),
                       Chunk(R"([{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}])")})
                     .calls),
            "f({})f({})");
  // No ids at all.
  EXPECT_EQ(Said(Hear(Api::kOpenAi, {Chunk(R"([{"function":{"name":"f","arguments":"{}"}}])"),
                                     Chunk(R"([{"function":{"name":"g","arguments":"{"}}])"),
                                     Chunk(R"([{"function":{"arguments":"}"}}])")})
                     .calls),
            "f({})g({})");
  // The id and the name in every piece.
  EXPECT_EQ(Said(Hear(Api::kOpenAi,
                      {Chunk(R"([{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}])"),
                       Chunk(R"([{"index":0,"id":"a","function":{"name":"f","arguments":"}"}}])")})
                     .calls),
            "f({})");
  // Nothing that is one.
  for (const char* odd : {"null", "{}", "[]", "[null]", "[7]", R"([{"index":0}])",
                          R"([{"function":null}])", R"([{"index":-1,"function":{"name":7}}])"}) {
    EXPECT_EQ(Said(Hear(Api::kOpenAi, {Chunk(odd)}).calls), "") << odd;
  }
}

TEST(FunctionCalls, OfAnthropicAreSplitOverEvents) {
  const Heard heard = Hear(
      Api::kAnthropic,
      {R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Well."}})",
       R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"x\""}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":":1}"}})",
       R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"b","name":"g","input":{"y":2}}})",
       R"({"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}})",
       R"({"type":"message_stop"})"});
  EXPECT_EQ(heard.text, "Well.");
  EXPECT_EQ(Said(heard.calls), R"(f({"x":1})g({"y":2}))");
  EXPECT_EQ(heard.finish, Finish::kStop);
}

TEST(FunctionCalls, OfAnAnswerThatIsNoStreamAreUnderstood) {
  const auto open_ai = MakeDecoder(Api::kOpenAi);
  open_ai->KeepCalls();
  open_ai->OnWhole(R"({"choices":[{"message":{"content":null,"tool_calls":[
      {"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
      "finish_reason":"tool_calls"}]})");
  EXPECT_EQ(Said(open_ai->calls().calls()), "f({})");
  const auto anthropic = MakeDecoder(Api::kAnthropic);
  anthropic->KeepCalls();
  const auto step = anthropic->OnWhole(
      R"({"content":[{"type":"tool_use","id":"a","name":"f","input":{"x":1}}],
          "stop_reason":"tool_use"})");
  EXPECT_EQ(std::get<std::string>(step), "");
  EXPECT_EQ(Said(anthropic->calls().calls()), R"(f({"x":1}))");
}

TEST(FunctionCalls, AHundredOfThemAndAMebibyteOfArgumentsAreBounded) {
  std::vector<std::string> events;
  for (int i = 0; i < 100; ++i) {
    const std::string index = std::to_string(i);
    events.push_back(Chunk(R"([{"index":)" + index + R"(,"id":"i)" + index +
                           R"(","function":{"name":"f","arguments":""}}])"));
    for (int piece = 0; piece < 4; ++piece) {
      events.push_back(Chunk(R"([{"index":)" + index + R"(,"function":{"arguments":")" +
                             std::string(4096, 'a') + R"("}}])"));
    }
  }
  const Heard heard = Hear(Api::kOpenAi, events);
  ASSERT_EQ(heard.calls.size(), kCallsMax);
  for (const FunctionCall& call : heard.calls) {
    EXPECT_EQ(call.arguments.size(), kCallArgumentsBytesMax + 1);
  }
}

// With a schema the tool's input is the answer, as ever.
TEST(FunctionCalls, WhereNobodyKeepsThemTheInputOfAToolIsText) {
  const auto decoder = MakeDecoder(Api::kAnthropic);
  const auto step = decoder->OnEvent(
      {"",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}})"});
  EXPECT_EQ(std::get<std::string>(step), "{}");
  EXPECT_TRUE(decoder->calls().empty());
}

}  // namespace
}  // namespace lyceum::llm
