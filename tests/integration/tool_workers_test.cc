// Tool workers that die, and tool workers of other people.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "envelope/messages.h"
#include "support/cut_line.h"
#include "support/eventually.h"
#include "support/gateway.h"
#include "support/stack.h"

namespace lyceum {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::BodyOf;
using test::Gateway;

constexpr const char* kAllButClarify =
    "load_topic,present_material,generate_question,check_answer,give_hint,remediate_known_error,"
    "diagnose_error,classify_intent";

class ToolWorkers : public ::testing::Test {
 protected:
  test::Stack stack;
  Gateway gateway{stack.nats().Connect("gateway")};
  std::unique_ptr<test::Process> others;

  void SetUp() override {
    stack.ImportCourse(test::SourceFile("ops/courses/fractions.toml"));
    others = stack.StartToolWorker("others", {"--tools", kAllButClarify});
    stack.StartSessionWorker();
    gateway.Listen("c");
    ASSERT_TRUE(
        gateway.Send("ada", R"({"id":"start","client":"c","start":{"course":"fractions"}})"));
    ASSERT_TRUE(gateway.Hear("c", [](const Gateway::Received& received) {
      return BodyOf<tutor::TextOut>(received) != nullptr;
    })) << stack.session_worker_logs();
  }
  void Ask(const std::string& id) {
    ASSERT_TRUE(gateway.Send(
        "ada",
        fmt::format(
            R"({{"id":"{}","client":"c","message":{{"text":"what is a numerator?","intent":"QUESTION"}}}})",
            id)));
  }
  size_t Replies(const std::string& id, milliseconds wait) {
    size_t replies = 0;
    for (const auto& received : gateway.Everything("c", wait)) {
      if (received.message.in_reply_to.value == id) ++replies;
    }
    return replies;
  }
};

TEST_F(ToolWorkers, ACallOfAKilledWorkerGoesToAnotherWithin3SecondsAndIsAnsweredOnce) {
  test::Process stuck({LYCEUM_STUCK_TOOL_WORKER, "stuck"}, stack.nats().env_for("tool_worker"));
  // Its queue group membership must have reached the server before the question does.
  Ask("q1");
  ASSERT_TRUE(test::Eventually(seconds(20), [&] {
    return stuck.out().find("running") != std::string::npos;
  })) << stuck.err();
  const auto other = stack.StartToolWorker("other", {"--tools", "clarify_concept"});
  ASSERT_TRUE(test::Eventually(seconds(20),
                               [&] { return other->err().find("started") != std::string::npos; }));
  stuck.Kill9();
  const Deadline within = In(seconds(3));
  const auto answer = gateway.Reply("c", "q1");
  ASSERT_TRUE(answer) << stack.session_worker_logs();
  EXPECT_LT(Steady::now(), within);
  EXPECT_NE(BodyOf<tutor::TextOut>(*answer), nullptr);
  EXPECT_EQ(Replies("q1", milliseconds(1500)), 1u);
}

// ops/examples/glossary_tool.cc
TEST_F(ToolWorkers, AToolOfOnesOwnInCppIsServedByTheHost) {
  test::Process glossary({LYCEUM_GLOSSARY_TOOL, "glossary"}, stack.nats().env_for("tool_worker"));
  ASSERT_TRUE(test::Eventually(seconds(20), [&] {
    return glossary.out().find("serves") != std::string::npos;
  })) << glossary.err();
  Ask("q1");
  const auto answer = gateway.Reply("c", "q1");
  ASSERT_TRUE(answer) << glossary.err() << stack.session_worker_logs();
  const auto* text = BodyOf<tutor::TextOut>(*answer);
  ASSERT_NE(text, nullptr);
  EXPECT_NE(text->text.find("how many parts are meant"), std::string::npos) << text->text;
  glossary.Terminate();
  EXPECT_EQ(glossary.Wait(In(seconds(10))), 0) << glossary.err();
}

// Frozen, as by a debugger or a machine that is out of memory.
TEST_F(ToolWorkers, AWorkerThatStoodStillRaisesNoAlarmAndServesAgain) {
  const auto frozen = stack.StartToolWorker("frozen", {"--tools", "clarify_concept"});
  ASSERT_TRUE(test::Eventually(seconds(20),
                               [&] { return frozen->err().find("started") != std::string::npos; }));
  kill(frozen->pid(), SIGSTOP);
  Ask("q1");
  // Nobody but the frozen one has the tool: its requests outlive the time in which they may be
  // answered (ops/nats/lyceum.conf: 5 s).
  test::PassTime(milliseconds(7000));
  kill(frozen->pid(), SIGCONT);
  ASSERT_TRUE(gateway.Reply("c", "q1")) << stack.session_worker_logs();
  Ask("q2");
  const auto answer = gateway.Reply("c", "q2");
  ASSERT_TRUE(answer) << frozen->err() << stack.session_worker_logs();
  test::PassTime(milliseconds(2500));  // It looks for alarms once a second.
  frozen->Terminate();
  EXPECT_EQ(frozen->Wait(In(seconds(10))), 0) << frozen->err();
  EXPECT_NE(frozen->err().find("stood still"), std::string::npos) << frozen->err();
  EXPECT_EQ(frozen->err().find("NATS reports errors"), std::string::npos) << frozen->err();
}

// The examples of the README, over the public NATS client of another language.
class Examples : public ToolWorkers {
 protected:
  const std::string folder = test::SourceFile("ops/examples");
  void SetUp() override {
    if (std::system("node --version >/dev/null 2>&1") != 0 ||
        !std::filesystem::exists(folder + "/node_modules/nats")) {
      GTEST_SKIP() << "needs node, and `npm ci` in ops/examples";
    }
    ToolWorkers::SetUp();
  }
};

TEST_F(Examples, TheToolWorkerServesItsTool) {
  test::Process example({"node", folder + "/tool_worker.mjs", "example-tools"},
                        stack.nats().env_for("tool_worker"));
  ASSERT_TRUE(test::Eventually(seconds(20), [&] {
    return example.out().find("serves") != std::string::npos;
  })) << example.err();
  for (const char* id : {"q1", "q2"}) {
    Ask(id);
    const auto answer = gateway.Reply("c", id);
    ASSERT_TRUE(answer) << example.err() << stack.session_worker_logs();
    const auto* text = BodyOf<tutor::TextOut>(*answer);
    ASSERT_NE(text, nullptr);
    EXPECT_NE(text->text.find("You asked"), std::string::npos) << text->text;
  }
  example.Terminate();
  EXPECT_EQ(example.Wait(In(seconds(10))), 0);
}

TEST_F(Examples, TheGatewayTakesALearnerThroughTheCourse) {
  const auto clarify = stack.StartToolWorker("clarify", {"--tools", "clarify_concept"});
  std::string input = "what is a numerator?\n/continue\n/continue\n/continue\n/hint\n";
  for (int i = 0; i < 40; ++i) input += "/skip\n";
  const test::Ran ran = test::Run({"node", folder + "/gateway.mjs", "grace", "fractions"},
                                  stack.nats().env_for("gateway"), input, seconds(60));
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("\"completed\""), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("\"hint\""), std::string::npos) << ran.out;
}

// As many as the client's own default would have given up after, and more.
constexpr uint64_t kTriesWhileCut = 12;

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t i = text.find(part); i != std::string::npos; i = text.find(part, i + 1)) ++count;
  return count;
}

std::map<std::string, std::string> Through(const test::CutLine& line, test::NatsServer& server,
                                           const std::string& role) {
  auto env = server.env_for(role);
  env["NATS_URL"] = fmt::format("nats://127.0.0.1:{}", line.port());
  return env;
}

TEST_F(Examples, TheGatewayMissesNothingWhereItsLineIsCut) {
  const auto clarify = stack.StartToolWorker("clarify", {"--tools", "clarify_concept"});
  test::CutLine line(stack.nats().port());
  std::string input = "/continue\n/continue\n/continue\n";
  for (int i = 0; i < 40; ++i) input += "/skip\n";
  test::Process example({"node", folder + "/gateway.mjs", "grace", "fractions"},
                        Through(line, stack.nats(), "gateway"), input);
  const auto lines = [&] { return Count(example.out(), "\n"); };
  for (size_t cut = 1; cut <= 2; ++cut) {
    ASSERT_TRUE(test::Eventually(seconds(30), [&] { return lines() >= 4 * cut; }))
        << example.out() << example.err();
    line.Cut();
    const uint64_t refused = line.refused();
    // What happens meanwhile is missed: another of the learner's devices asks.
    for (int i = 0; i < 3; ++i) {
      const test::Ran sent = stack.Lyceum(
          "gateway", {"send", "--user", "grace", "--text", "what is a numerator?", "--intent",
                      "question", "--id", fmt::format("away-{}-{}", cut, i)});
      ASSERT_EQ(sent.code, 0) << sent.err;
    }
    ASSERT_TRUE(test::Eventually(seconds(40), [&] {
      return line.refused() >= refused + (cut == 1 ? 1 : kTriesWhileCut);
    })) << example.err();
    line.Restore();
  }
  ASSERT_EQ(example.Wait(In(seconds(60))), 0) << example.out() << example.err();
  EXPECT_NE(example.out().find("\"completed\""), std::string::npos) << example.out();
  // Each message of the session once, in its order.
  uint32_t n = 0;
  std::istringstream out(example.out());
  for (std::string text; std::getline(out, text);) {
    auto message = envelope::DecodeClientMessage(text, tutor::Encoding::kJson);
    ASSERT_TRUE(message) << text;
    if (message->message.n == 0) continue;
    EXPECT_EQ(message->message.n, n + 1) << example.out();
    n = message->message.n;
  }
}

TEST_F(Examples, TheToolWorkerServesOnAfterItsLineWasCut) {
  test::CutLine line(stack.nats().port());
  test::Process example({"node", folder + "/tool_worker.mjs", "example-tools"},
                        Through(line, stack.nats(), "tool_worker"));
  ASSERT_TRUE(test::Eventually(seconds(20), [&] {
    return example.out().find("serves") != std::string::npos;
  })) << example.err();
  line.Cut();
  ASSERT_TRUE(test::Eventually(seconds(40), [&] { return line.refused() >= kTriesWhileCut; }))
      << example.err();
  Ask("q1");
  line.Restore();
  const auto answer = gateway.Reply("c", "q1");
  ASSERT_TRUE(answer) << example.err() << stack.session_worker_logs();
  const auto* text = BodyOf<tutor::TextOut>(*answer);
  ASSERT_NE(text, nullptr);
  EXPECT_NE(text->text.find("You asked"), std::string::npos) << text->text;
  example.Terminate();
  EXPECT_EQ(example.Wait(In(seconds(10))), 0);
}

}  // namespace
}  // namespace lyceum
