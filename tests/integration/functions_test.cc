// Functions: tools of other people that the tutor's model calls in a lesson.
#include "envelope/functions.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "envelope/events.h"
#include "envelope/messages.h"
#include "envelope/subjects.h"
#include "envelope/tool_requests.h"
#include "support/eventually.h"
#include "support/gateway.h"
#include "support/llm_server.h"
#include "support/stack.h"
#include "wire/jetstream.h"

namespace lyceum {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::BodyOf;
using test::Gateway;
using test::LlmCall;
using test::LlmReply;
using test::LlmServer;

constexpr const char* kFunctions = R"toml(
[[function]]
name = "look_up_word"
description = "What a word of the course means."
arguments = '{"type":"object","properties":{"word":{"type":"string","maxLength":40}},"required":["word"],"additionalProperties":false}'
result = '{"type":"object","properties":{"meaning":{"type":"string"}},"required":["meaning"]}'

[[function]]
name = "convert_length"
description = "A length in another unit."
arguments = '{"type":"object","properties":{"value":{"type":"number"},"from":{"enum":["mm","cm","m","km"]},"to":{"enum":["mm","cm","m","km"]}},"required":["value","from","to"]}'
result = '{"type":"object","properties":{"value":{"type":"number"},"unit":{"type":"string"}},"required":["value"]}'

[[function]]
name = "flood"
description = "Too much."
arguments = '{"type":"object"}'
result = '{"type":"object"}'

[[function]]
name = "nobody"
description = "Is served by nobody."
arguments = '{"type":"object"}'
result = '{"type":"object"}'
)toml";

// The role of a function that SECURITY.md shows.
std::string RoleOfItsOwn() {
  const std::string text = test::ReadFile(test::SourceFile("SECURITY.md"));
  const size_t begin = text.find("\n{\n"), end = text.find("\n}\n", begin);
  return begin == std::string::npos || end == std::string::npos
             ? ""
             : text.substr(begin, end + 2 - begin);
}

// What a request says of the functions that were called before it: all results in one text.
std::string ResultsIn(const LlmCall& call) {
  std::string results;
  const json body = json::parse(call.body, nullptr, false);
  for (const json& message : body.at("messages")) {
    if (message.at("role") == "tool") results += message.at("content").get<std::string>() + "\n";
    if (message.at("role") != "user" || !message.at("content").is_array()) continue;
    for (const json& block : message.at("content")) {
      if (block.value("type", "") == "tool_result") {
        results += block.at("content").get<std::string>() + "\n";
      }
    }
  }
  return results;
}

class Functions : public ::testing::TestWithParam<std::string> {
 protected:
  void Start(test::LlmScript script) {
    server = std::make_unique<LlmServer>([script](const LlmCall& call) {
      return call.model == "clarify" ? script(call) : LlmReply{.text = "Read this."};
    });
    test::WriteFile(dir / "course.toml",
                    test::ReadFile(test::SourceFile("ops/courses/fractions.toml")) + kFunctions);
    test::WriteFile(dir / "llm.toml",
                    fmt::format("[llm]\n[[llm.provider]]\nname = \"near\"\napi = \"{}\"\n"
                                "base_url = \"{}\"\nkey_env = \"\"\nmodel = \"m\"\n"
                                "models = {{ clarify_concept = \"clarify\" }}\nattempts = 1\n",
                                GetParam(), server->url() + (GetParam() == "openai" ? "/v1" : "")));
    stack.ImportCourse(dir / "course.toml");
    tools = stack.StartToolWorker(
        "tools", {"--config", dir / "llm.toml", "--prompts", test::SourceFile("ops/prompts")});
    stack.StartSessionWorker();
    gateway.Listen("c");
    ASSERT_TRUE(
        gateway.Send("ada", R"({"id":"start","client":"c","start":{"course":"fractions"}})"));
    ASSERT_TRUE(gateway.Hear(
        "c",
        [](const Gateway::Received& received) {
          return BodyOf<tutor::TextOut>(received) != nullptr;
        },
        seconds(30)))
        << stack.session_worker_logs() << tools->err();
  }
  // The tutor's answer to a question.
  std::string Ask(const std::string& id) {
    EXPECT_TRUE(gateway.Send(
        "ada",
        fmt::format(
            R"({{"id":"{}","client":"c","message":{{"text":"what is a numerator?","intent":"QUESTION"}}}})",
            id)));
    const auto answer = gateway.Reply("c", id, seconds(40));
    const auto* text = answer ? BodyOf<tutor::TextOut>(*answer) : nullptr;
    if (text == nullptr) ADD_FAILURE() << id << stack.session_worker_logs() << tools->err();
    return text == nullptr ? std::string() : text->text;
  }
  static bool Serves(const test::Process& process) {
    return test::Eventually(seconds(20),
                            [&] { return process.out().find("serves") != std::string::npos; });
  }
  // What the results in the learner's log say of functions: "look_up_word ok, ..."
  std::string Recorded() {
    const auto connection = stack.nats().Connect("operator");
    const envelope::Subjects subjects;
    const UserId user("ada");
    auto reader = wire::StreamReader::Open(
        *connection, subjects.LogStream(subjects.PartitionOf(user)),
        subjects.Log(subjects.PartitionOf(user), envelope::RecordClass::kTool, user), 1);
    EXPECT_TRUE(reader) << reader.error().text;
    std::string recorded;
    while (reader) {
      const auto record = (*reader)->Next(In(milliseconds(500)));
      if (!record || !*record) break;
      const auto event = envelope::DecodeEvent((*record)->data, tutor::Encoding::kProtobuf,
                                               envelope::RecordClass::kTool);
      EXPECT_TRUE(event) << event.error().text;
      const auto* result = event ? std::get_if<tutor::ToolResult>(&event->event.kind) : nullptr;
      if (result == nullptr) continue;
      for (const tutor::FunctionUse& use : result->reply.functions) {
        recorded += (recorded.empty() ? "" : ", ") + use.name + " " + use.outcome;
        EXPECT_GT(use.argument_bytes, 0U);
        EXPECT_GT(use.result_bytes, 0U);
      }
    }
    return recorded;
  }
  size_t Logged(const std::string& outcome) const {
    size_t count = 0;
    const std::string& log = tools->err();
    for (size_t i = log.find("\"function called\""); i != std::string::npos;
         i = log.find("\"function called\"", i + 1)) {
      const std::string line = log.substr(i, log.find('\n', i) - i);
      count += line.find("\"outcome\":\"" + outcome + "\"") != std::string::npos ? 1 : 0;
    }
    return count;
  }

  test::TempDir dir;
  std::unique_ptr<LlmServer> server;
  test::Stack stack{{.more_users = RoleOfItsOwn()}};
  Gateway gateway{stack.nats().Connect("gateway")};
  std::unique_ptr<test::Process> tools;
};

// Who has it serves its function, and can neither ask tools nor speak to a session, a client or its log.
TEST_P(Functions, OneOfAThirdPartyNeedsNoMoreThanARoleOfItsOwn) {
  Start([](const LlmCall& call) {
    if (!ResultsIn(call).empty()) return LlmReply{.text = "It counts the parts."};
    LlmReply reply{.text = "One moment.", .piece_bytes = 7};
    reply.wishes = {{"look_up_word", R"({"word": "numerator"})"}};
    return reply;
  });
  test::Process glossary({LYCEUM_GLOSSARY_TOOL, "glossary", "look_up_word"},
                         stack.nats().env_for("glossary"));
  ASSERT_TRUE(Serves(glossary)) << glossary.err();
  EXPECT_EQ(Ask("q1"), "It counts the parts.") << tools->err() << glossary.err();
  EXPECT_EQ(Logged("ok"), 1U) << tools->err() << glossary.err();
  const auto role = stack.nats().Connect("glossary");
  for (const char* subject :
       {"lyceum.in.tool.ada", "lyceum.in.user.ada", "lyceum.out.c", "lyceum.tool.check_answer",
        "lyceum.query.ada", "lyceum.toolworker.other", "$JS.API.STREAM.NAMES"}) {
    const uint64_t refused = role->async_errors();
    ASSERT_TRUE(role->Publish({.subject = subject, .data = "{}"})) << subject;
    EXPECT_TRUE(test::Eventually(seconds(10), [&] { return role->async_errors() > refused; }))
        << subject;
  }
}

// ops/examples/glossary_tool.cc and ops/examples/tool_worker.mjs
TEST_P(Functions, TheModelOfALessonCallsTheExampleInCppAndTheOneInJavaScript) {
  const std::string folder = test::SourceFile("ops/examples");
  const bool node = std::system("node --version >/dev/null 2>&1") == 0 &&
                    std::filesystem::exists(folder + "/node_modules/nats");
  Start([node](const LlmCall& call) {
    const std::string results = ResultsIn(call);
    if (results.empty()) {
      LlmReply reply{.text = "One moment.", .piece_bytes = 7};
      reply.wishes = {{"look_up_word", R"({"word": "numerator"})"}};
      if (node) {
        reply.wishes.push_back({"convert_length", R"({"value": 2, "from": "km", "to": "m"})"});
      }
      return reply;
    }
    const bool good = results.find("how many parts are meant") != std::string::npos &&
                      (!node || results.find("2000") != std::string::npos);
    return LlmReply{.text = good ? "It counts the parts." : "It went wrong: " + results};
  });
  test::Process glossary({LYCEUM_GLOSSARY_TOOL, "glossary", "look_up_word"},
                         stack.nats().env_for("tool_worker"));
  ASSERT_TRUE(Serves(glossary)) << glossary.err();
  std::unique_ptr<test::Process> example;
  if (node) {
    example = std::make_unique<test::Process>(
        std::vector<std::string>{"node", folder + "/tool_worker.mjs", "js", "convert_length"},
        stack.nats().env_for("tool_worker"));
    ASSERT_TRUE(Serves(*example)) << example->err();
  }
  EXPECT_EQ(Ask("q1"), "It counts the parts.") << tools->err() << glossary.err();
  EXPECT_EQ(Logged("ok"), node ? 2U : 1U) << tools->err();
  EXPECT_EQ(tools->err().find("how many parts"), std::string::npos);
  EXPECT_EQ(Recorded(), node ? "look_up_word ok, convert_length ok" : "look_up_word ok");
  EXPECT_EQ(tools->err().find("NATS reports errors"), std::string::npos) << tools->err();
  if (!node) GTEST_SKIP() << "the one in JavaScript needs node, and `npm ci` in ops/examples";
}

// A function of somebody who keeps no bound: results of nearly 1 MiB, by hand.
TEST_P(Functions, WhateverTheModelWishesForTheLearnerGetsAnAnswer) {
  std::atomic<int> wished{0};
  std::atomic<const char*> mode{"unknown"};
  Start([&](const LlmCall& call) {
    LlmReply reply;
    const std::string_view of = mode.load();
    if (of == "always") {
      // Whatever it is told, it calls again: a hundred at once.
      for (int i = 0; i < 100; ++i) reply.wishes.push_back({"flood", "{}"});
      wished += 100;
      return reply;
    }
    if (of == "refuses") {
      // A server that knows no function calling.
      const bool offered = json::parse(call.body).contains("tools");
      if (offered) return LlmReply{.trouble = test::Trouble::kStatus, .status = 400};
      return LlmReply{.text = "Without any."};
    }
    const std::string results = ResultsIn(call);
    if (!results.empty()) return LlmReply{.text = "Told: " + results};
    if (of == "unknown") reply.wishes = {{"rm_rf", "{}"}};
    if (of == "nobody") reply.wishes = {{"nobody", "{}"}, {"nobody", "{}"}, {"nobody", "{}"}};
    if (of == "arguments") {
      reply.wishes = {{"look_up_word", R"({"words": ["a"]})"},
                      {"look_up_word", "no JSON"},
                      {"look_up_word", "{\"word\": \"" + std::string(20'000, 'a') + "\"}"}};
    }
    if (of == "flood") reply.wishes = {{"flood", "{}"}};
    return reply;
  });
  const auto flooding = stack.nats().Connect("tool_worker");
  const auto floods = std::make_shared<std::atomic<int>>(0);
  const auto subscription = flooding->Subscribe(
      "lyceum.tool.flood", "tools",
      [floods, weak = std::weak_ptr(flooding)](const wire::Message& message) {
        const auto connection = weak.lock();
        const auto request = envelope::DecodeFunctionRequest(message.data, tutor::Encoding::kJson);
        if (connection == nullptr || !request) return;
        ++*floods;
        wire::Message ack;
        ack.subject = message.reply;
        ack.data = envelope::EncodeToolAck({request->id, true, "flood"});
        (void)connection->Publish(ack);
        wire::Message result;
        result.subject = request->reply_subject;
        result.data = envelope::EncodeFunctionResult(
            {.id = request->id,
             .name = "flood",
             .outcome = "{\"a\":\"" + std::string(1000 * 1000, 'a') + "\"}"},
            tutor::Encoding::kProtobuf);
        (void)connection->Publish(result);
      });
  ASSERT_TRUE(flooding->Flush(seconds(5)));

  EXPECT_NE(Ask("q1").find("there is none of that name"), std::string::npos);
  EXPECT_EQ(Logged("unknown"), 1U) << tools->err();
  mode = "nobody";
  const Deadline once = In(milliseconds(2000));
  EXPECT_NE(Ask("q2").find("no_tool"), std::string::npos);
  EXPECT_EQ(Logged("no_tool"), 3U) << tools->err();
  EXPECT_LT(Steady::now(), once) << "it was looked for three times";
  mode = "arguments";
  const std::string of_arguments = Ask("q3");
  EXPECT_NE(of_arguments.find("do not fit"), std::string::npos) << of_arguments;
  EXPECT_NE(of_arguments.find("too long"), std::string::npos) << of_arguments;
  EXPECT_EQ(Logged("bad_arguments"), 3U) << tools->err();
  mode = "flood";
  const std::string of_flood = Ask("q4");
  EXPECT_NE(of_flood.find("bad_result"), std::string::npos) << of_flood.substr(0, 1000);
  EXPECT_EQ(*floods, 1);
  // Four calls, and then the built-in tutor answers.
  mode = "always";
  const uint64_t asked = server->call_count();
  EXPECT_FALSE(Ask("q5").empty());
  EXPECT_EQ(*floods, 5);
  EXPECT_LE(server->call_count() - asked, 4U);
  EXPECT_GE(wished, 100);
  mode = "refuses";
  EXPECT_EQ(Ask("q6"), "Without any.");
  EXPECT_TRUE(tools->running());
}

INSTANTIATE_TEST_SUITE_P(Formats, Functions, testing::Values("anthropic", "openai"),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace lyceum
