// Tool workers that die, and tool workers of other people.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

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

}  // namespace
}  // namespace lyceum
