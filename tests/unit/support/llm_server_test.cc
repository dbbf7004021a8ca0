// The test server keeps to the wire formats, and goes wrong in the way it was told to.
#include "support/llm_server.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/eventually.h"
#include "wire/http.h"

namespace lyceum::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::HttpClient;
using wire::HttpFailure;

const std::string kText = "Two halves make ½ + ½ = 1.";

struct Got {
  int status = 0;
  wire::Headers headers;
  std::string body;
  std::optional<HttpFailure> failure;
  int64_t took_ms = 0;
};

Got Ask(const std::string& url, const json& body) {
  auto client = HttpClient::Start({});
  EXPECT_TRUE(client);
  wire::HttpRequest request;
  request.url = url;
  request.headers = {{"x-api-key", "key"}};
  request.body = body.dump();
  request.bounds.first_byte = milliseconds(300);
  request.bounds.between_bytes = milliseconds(300);
  request.bounds.body_bytes_max = 200'000;
  request.deadline = In(seconds(20));
  const Deadline begun = Steady::now();
  wire::HttpTransfer transfer = (*client)->Begin(request);
  Got got;
  if (const auto head = Wait(transfer.Head())) {
    got.status = head->status;
    got.headers = head->headers;
  }
  while (const auto piece = Wait(transfer.Read())) {
    if (piece->empty()) break;
    got.body += *piece;
  }
  got.failure = transfer.failure();
  got.took_ms = std::chrono::duration_cast<milliseconds>(Steady::now() - begun).count();
  return got;
}

struct Event {
  std::string type;
  std::string data;
};

// Of a stream whose lines end with \n.
std::vector<Event> Events(const std::string& body) {
  std::vector<Event> events;
  for (size_t begin = 0; begin < body.size();) {
    const size_t end = body.find("\n\n", begin);
    if (end == std::string::npos) break;
    Event event;
    std::string block = body.substr(begin, end - begin) + "\n";
    for (size_t at = 0; at < block.size();) {
      const size_t stop = block.find('\n', at);
      const std::string line = block.substr(at, stop - at);
      if (line.starts_with("event: ")) event.type = line.substr(7);
      if (line.starts_with("data: ")) event.data = line.substr(6);
      at = stop + 1;
    }
    if (!event.data.empty()) events.push_back(event);
    begin = end + 2;
  }
  return events;
}

LlmScript Says(LlmReply reply) {
  return [reply](const LlmCall&) { return reply; };
}
LlmReply Text(Trouble trouble = Trouble::kNone) {
  LlmReply reply;
  reply.text = kText;
  reply.trouble = trouble;
  return reply;
}
json Question() {
  return {{"model", "m-1"},
          {"stream", true},
          {"stream_options", {{"include_usage", true}}},
          {"messages", {{{"role", "user"}, {"content", "How much?"}}}}};
}
Got Claude(const LlmServer& server, const json& body = Question()) {
  return Ask(server.url() + "/v1/messages", body);
}
Got Gpt(const LlmServer& server, const json& body = Question()) {
  return Ask(server.url() + "/v1/chat/completions", body);
}

TEST(LlmServer, AnthropicStreamIsAsDocumented) {
  LlmReply reply = Text();
  reply.cached_tokens = 30;
  LlmServer server(Says(reply));
  const auto events = Events(Claude(server).body);
  std::vector<std::string> types;
  std::string text;
  for (const Event& event : events) {
    const json data = json::parse(event.data);
    EXPECT_EQ(data["type"], event.type);
    if (types.empty() || types.back() != event.type) types.push_back(event.type);
    if (event.type != "content_block_delta") continue;
    EXPECT_EQ(data["delta"]["type"], "text_delta");
    text += data["delta"]["text"];
  }
  EXPECT_EQ(types, (std::vector<std::string>{"message_start", "content_block_start", "ping",
                                             "content_block_delta", "content_block_stop",
                                             "message_delta", "message_stop"}));
  EXPECT_EQ(text, kText);
  const json usage = json::parse(events.front().data)["message"]["usage"];
  EXPECT_EQ(usage["input_tokens"], 70);
  EXPECT_EQ(usage["cache_read_input_tokens"], 30);
  const json end = json::parse(events.at(events.size() - 2).data);
  EXPECT_EQ(end["delta"]["stop_reason"], "end_turn");
  EXPECT_EQ(end["usage"]["output_tokens"], OutputTokens(kText));
}

TEST(LlmServer, ForcedToolIsAnsweredAsToolUse) {
  LlmReply reply = Text();
  reply.text = R"({"right": true})";
  LlmServer server(Says(reply));
  json question = Question();
  question["tools"] = {{{"name", "verdict"}, {"input_schema", {{"type", "object"}}}}};
  question["tool_choice"] = {{"type", "tool"}, {"name", "verdict"}};
  std::string input;
  for (const Event& event : Events(Claude(server, question).body)) {
    const json data = json::parse(event.data);
    if (event.type == "content_block_start") {
      EXPECT_EQ(data["content_block"]["type"], "tool_use");
      EXPECT_EQ(data["content_block"]["name"], "verdict");
    }
    if (event.type == "message_delta") {
      EXPECT_EQ(data["delta"]["stop_reason"], "tool_use");
    }
    if (event.type == "content_block_delta") input += data["delta"]["partial_json"];
  }
  EXPECT_EQ(input, reply.text);
  EXPECT_TRUE(server.calls().at(0).wants_schema);
  question["stream"] = false;
  const json whole = json::parse(Claude(server, question).body);
  EXPECT_EQ(whole["content"][0]["input"], json::parse(reply.text));
}

TEST(LlmServer, OpenAiStreamIsAsDocumented) {
  LlmServer server(Says(Text()));
  const auto events = Events(Gpt(server).body);
  ASSERT_GE(events.size(), 5u);
  EXPECT_EQ(events.back().data, "[DONE]");
  std::string text;
  std::string reason;
  for (size_t i = 0; i + 1 < events.size(); ++i) {
    const json chunk = json::parse(events[i].data);
    EXPECT_EQ(chunk["object"], "chat.completion.chunk");
    if (i == 0) {
      EXPECT_EQ(chunk["choices"][0]["delta"]["role"], "assistant");
    }
    if (chunk["choices"].empty()) {
      EXPECT_EQ(i + 2, events.size());
      EXPECT_EQ(chunk["usage"]["prompt_tokens"], 100);
      continue;
    }
    text += chunk["choices"][0]["delta"].value("content", "");
    if (!chunk["choices"][0]["finish_reason"].is_null()) {
      EXPECT_TRUE(reason.empty());
      reason = chunk["choices"][0]["finish_reason"];
    }
  }
  EXPECT_EQ(text, kText);
  EXPECT_EQ(reason, "stop");
  json without = Question();
  without.erase("stream_options");
  EXPECT_EQ(Gpt(server, without).body.find("usage"), std::string::npos);
}

TEST(LlmServer, NotStreamedIsOneJson) {
  LlmServer server(Says(Text()));
  json question = Question();
  question["stream"] = false;
  EXPECT_EQ(json::parse(Claude(server, question).body)["content"][0]["text"], kText);
  const json chat = json::parse(Gpt(server, question).body);
  EXPECT_EQ(chat["choices"][0]["message"]["content"], kText);
  EXPECT_EQ(chat["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(chat["usage"]["total_tokens"], 100 + OutputTokens(kText));
}

TEST(LlmServer, CallSaysWhatWasAsked) {
  LlmServer server(Says(Text()));
  json claude = Question();
  claude["system"] = {{{"type", "text"}, {"text", "Be kind."}}};
  claude["messages"] = {{{"role", "user"}, {"content", "first"}},
                        {{"role", "assistant"}, {"content", "second"}},
                        {{"role", "user"}, {"content", {{{"type", "text"}, {"text", "third"}}}}}};
  Claude(server, claude);
  json gpt = Question();
  gpt["messages"] = {{{"role", "system"}, {"content", "Be brief."}},
                     {{"role", "user"}, {"content", "How much?"}}};
  gpt["response_format"] = {{"type", "json_schema"}};
  gpt["stream"] = false;
  Gpt(server, gpt);
  const auto calls = server.calls();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_TRUE(calls[0].anthropic && calls[0].stream && !calls[0].wants_schema);
  EXPECT_EQ(calls[0].system, "Be kind.");
  EXPECT_EQ(calls[0].last_user_text, "third");
  EXPECT_EQ(calls[0].model, "m-1");
  EXPECT_EQ(calls[0].header("X-API-KEY"), "key");
  EXPECT_TRUE(!calls[1].anthropic && !calls[1].stream && calls[1].wants_schema);
  EXPECT_EQ(calls[1].system, "Be brief.");
  EXPECT_EQ(calls[1].number, 2u);
  server.Forget();
  EXPECT_TRUE(server.calls().empty());
  EXPECT_EQ(server.call_count(), 2u);
}

TEST(LlmServer, StatusIsInTheFormatsOwnShape) {
  LlmReply reply = Text(Trouble::kStatus);
  reply.status = 429;
  reply.retry_after = "3";
  reply.retry_after_ms = "3000";
  reply.should_retry = "false";
  LlmServer server(Says(reply));
  const Got claude = Claude(server);
  EXPECT_EQ(claude.status, 429);
  EXPECT_EQ(json::parse(claude.body)["error"]["type"], "rate_limit_error");
  const Got gpt = Gpt(server);
  EXPECT_EQ(json::parse(gpt.body)["error"]["type"], "rate_limit_exceeded");
  size_t found = 0;
  for (const auto& [name, value] : gpt.headers) {
    found += (name == "retry-after" && value == "3") ||
             (name == "retry-after-ms" && value == "3000") ||
             (name == "x-should-retry" && value == "false");
  }
  EXPECT_EQ(found, 3u);
}

TEST(LlmServer, EachTroubleIsAsItsCommentSays) {
  struct Case {
    Trouble trouble;
    std::optional<HttpFailure> failure;
    std::string has;      // In the body, in both formats.
    std::string has_not;  // Neither.
  };
  const std::vector<Case> cases = {
      {Trouble::kErrorEvent, {}, "overloaded_error", "Two"},
      {Trouble::kErrorEventLate, {}, "overloaded_error", "= 1."},
      {Trouble::kNoFirstByte, HttpFailure::kFirstByte, "", "data"},
      {Trouble::kStall, HttpFailure::kStalled, "Two", "= 1."},
      {Trouble::kCutInEvent, HttpFailure::kCut, "Two", "= 1."},
      {Trouble::kCutInCharacter, HttpFailure::kCut, "Two", "= 1."},
      {Trouble::kCutBeforeEnd, HttpFailure::kCut, "= 1.", "stop_reason\":\""},
      {Trouble::kHugeBody, HttpFailure::kTooLarge, "Two", "= 1."},
      {Trouble::kHugeEvent, HttpFailure::kTooLarge, "aaaa", "= 1."},
      {Trouble::kWrongContentType, {}, "<html>", "data"},
      {Trouble::kInvalidJson, {}, "{\"type\":\"content_block_de\n", "\xff"},
      {Trouble::kInvalidUtf8, {}, "\xff", "content_block_de\n"},
      {Trouble::kEmptyChoices, {}, "= 1.", "\xff"},
      {Trouble::kOnlyEmptyChoices, {}, "data", "Two"},
      {Trouble::kNoFinishReason, {}, "= 1.", "\"stop\""},
      {Trouble::kNotStreamed, {}, "\"usage\"", "data:"},
      {Trouble::kRedirect, {}, "", "data"}};
  for (const Case& one : cases) {
    LlmReply reply = Text(one.trouble);
    reply.piece_bytes = 10;  // "Two halves", " make ½ +", " ½ = 1."
    LlmServer server(Says(reply));
    for (const Got& got : {Claude(server), Gpt(server)}) {
      const std::string about = "trouble " + std::to_string(static_cast<int>(one.trouble));
      EXPECT_EQ(got.failure, one.failure) << about;
      EXPECT_NE(got.body.find(one.has), std::string::npos) << about << got.body;
      EXPECT_EQ(got.body.find(one.has_not), std::string::npos) << about << got.body;
    }
  }
}

TEST(LlmServer, ReasonsToEndHaveTheFormatsOwnWords) {
  const auto ends = [](Trouble trouble, const std::string& claude, const std::string& gpt) {
    LlmServer server(Says(Text(trouble)));
    EXPECT_NE(Claude(server).body.find("\"stop_reason\":\"" + claude + "\""), std::string::npos);
    EXPECT_NE(Gpt(server).body.find("\"finish_reason\":\"" + gpt + "\""), std::string::npos);
  };
  ends(Trouble::kRefusal, "refusal", "content_filter");
  ends(Trouble::kMaxTokens, "max_tokens", "length");
  LlmServer server(Says(Text(Trouble::kFinishWithContent)));
  const auto events = Events(Gpt(server).body);
  const json last = json::parse(events.at(events.size() - 3).data)["choices"][0];
  EXPECT_FALSE(last["delta"]["content"].empty());
  EXPECT_EQ(last["finish_reason"], "stop");
}

TEST(LlmServer, CutCharacterIsCutInside) {
  LlmReply reply = Text(Trouble::kCutInCharacter);
  reply.cut_in_order = true;
  LlmServer server(Says(reply));
  const Got got = Claude(server);
  EXPECT_FALSE(got.failure);
  EXPECT_EQ(static_cast<unsigned char>(got.body.back()), 0xc3);
}

TEST(LlmServer, WaitsAndLineEndsAreAsTold) {
  LlmReply reply = Text();
  reply.before = milliseconds(100);
  reply.gap = milliseconds(50);
  reply.line_end = "\r\n";
  reply.comments = true;
  reply.write_bytes = 1;
  LlmServer server(Says(reply));
  const Got got = Claude(server);
  EXPECT_GE(got.took_ms, 200);
  EXPECT_TRUE(got.body.ends_with("data: {\"type\":\"message_stop\"}\r\n\r\n"));
  EXPECT_NE(got.body.find(": keep-alive\r\n\r\n"), std::string::npos);
  size_t lines = 0;
  for (size_t at = 0; (at = got.body.find('\n', at)) != std::string::npos; ++at) {
    EXPECT_EQ(got.body[at - 1], '\r');
    ++lines;
  }
  EXPECT_GT(lines, 10u);
}

}  // namespace
}  // namespace lyceum::test
