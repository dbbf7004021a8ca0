// The programs at the edges of their life: started too early, twice, on damaged data; stopped; left
// alone.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
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
using test::Program;

test::Ran RunSessionWorker(const std::map<std::string, std::string>& env,
                           const std::string& data_dir) {
  return test::Run({Program("lyceum-session-worker"), "--data-dir", data_dir}, env);
}

TEST(Programs, AWorkerWithoutAServerSaysSoAndExitsWith3) {
  test::TempDir dir;
  const std::string url = fmt::format("nats://127.0.0.1:{}", test::FreePort());
  for (const char* program : {"lyceum-session-worker", "lyceum-tool-worker"}) {
    std::vector<std::string> args = {Program(program), "--nats-url", url};
    if (std::string(program) == "lyceum-session-worker") {
      args.insert(args.end(), {"--data-dir", dir / "data"});
    }
    const test::Ran ran = test::Run(args);
    EXPECT_EQ(ran.code, 3) << program << ran.err;
    EXPECT_NE(ran.err.find(program), std::string::npos) << ran.err;
  }
}

TEST(Programs, AServerWithoutJetStreamIsNamedAsSuch) {
  test::NatsServer server({.jetstream = false});
  test::TempDir dir;
  const test::Ran ran = RunSessionWorker({{"NATS_URL", server.url()}}, dir / "data");
  EXPECT_NE(ran.code, 0);
  EXPECT_NE(ran.err.find("JetStream"), std::string::npos) << ran.err;
}

TEST(Programs, AServerThatIsNotInstalledIsNamedAsSuch) {
  test::NatsServer server;
  test::TempDir dir;
  const test::Ran ran = RunSessionWorker(server.env_for("session_worker"), dir / "data");
  EXPECT_EQ(ran.code, 2) << ran.err;
  EXPECT_NE(ran.err.find("lyceum init"), std::string::npos) << ran.err;
}

TEST(Programs, UnknownSettingsAreRefusedWithTheirName) {
  const test::Ran flag = test::Run({Program("lyceum-session-worker"), "--no-such-flag"});
  EXPECT_EQ(flag.code, 2);
  EXPECT_NE(flag.err.find("no-such-flag"), std::string::npos) << flag.err;
  test::TempDir dir;
  test::WriteFile(dir / "c.toml", "id = \"w\"\nslotz = 3\n");
  const test::Ran file = test::Run({Program("lyceum-tool-worker"), "--config", dir / "c.toml"});
  EXPECT_EQ(file.code, 2);
  EXPECT_NE(file.err.find("slotz"), std::string::npos) << file.err;
  EXPECT_NE(file.err.find(":2"), std::string::npos) << file.err;
}

class Running : public ::testing::Test {
 protected:
  test::Stack stack;
  Gateway gateway{stack.nats().Connect("gateway")};
  std::unique_ptr<test::Process> tools;

  void SetUp() override {
    stack.ImportCourse(test::SourceFile("ops/courses/fractions.toml"));
    tools = stack.StartToolWorker("tools-1");
    stack.StartSessionWorker();
    gateway.Listen("c");
    ASSERT_TRUE(
        gateway.Send("ada", R"({"id":"start","client":"c","start":{"course":"fractions"}})"));
    ASSERT_TRUE(gateway.Hear("c", [](const Gateway::Received& received) {
      return received.message.state == tutor::StateName::kExposition;
    })) << stack.session_worker_logs();
  }
  // To the first open question; its id.
  std::string ToAQuestion() {
    for (int i = 0; i < 20; ++i) {
      const std::string id = fmt::format("go-{}", i);
      EXPECT_TRUE(
          gateway.Send("ada", fmt::format(R"({{"id":"{}","client":"c","continue":{{}}}})", id)));
      const auto reply = gateway.Reply("c", id);
      if (!reply) return "";
      if (const auto* question = BodyOf<tutor::QuestionOut>(*reply))
        return question->question.id.value;
      if (reply->message.state == tutor::StateName::kAwaitingAnswer) return "open";
    }
    return "";
  }
};

TEST_F(Running, ASecondWorkerOnTheSameDataRefusesToStart) {
  const test::Ran ran = RunSessionWorker(stack.nats().env_for("session_worker"), stack.data_dir());
  EXPECT_EQ(ran.code, 2) << ran.err;
  EXPECT_NE(ran.err.find("--data-dir"), std::string::npos) << ran.err;
  EXPECT_TRUE(stack.session_worker().running());
}

TEST_F(Running, AWorkerWithAnotherCountOfPartitionsRefusesToStart) {
  test::TempDir dir;
  const test::Ran ran =
      test::Run({Program("lyceum-session-worker"), "--data-dir", dir / "d", "--partitions", "8"},
                stack.nats().env_for("session_worker"));
  EXPECT_EQ(ran.code, 2) << ran.err;
  EXPECT_NE(ran.err.find("16"), std::string::npos) << ran.err;
}

TEST_F(Running, SigtermEndsEachWorkerWith0) {
  stack.session_worker().Terminate();
  EXPECT_EQ(stack.session_worker().Wait(In(seconds(20))), 0) << stack.session_worker_logs();
  tools->Terminate();
  EXPECT_EQ(tools->Wait(In(seconds(40))), 0) << tools->err();
}

TEST_F(Running, ADamagedStoreIsSetAsideAndMadeAnew) {
  ASSERT_NE(ToAQuestion(), "");
  stack.session_worker().Terminate();
  ASSERT_EQ(stack.session_worker().Wait(In(seconds(20))), 0);
  size_t damaged = 0;
  for (const auto& file : std::filesystem::directory_iterator(stack.data_dir())) {
    if (file.path().filename().string().rfind("MANIFEST", 0) != 0) continue;
    std::string bytes = test::ReadFile(file.path());
    for (size_t i = bytes.size() / 2; i < bytes.size(); ++i)
      bytes[i] = static_cast<char>(~bytes[i]);
    test::WriteFile(file.path(), bytes);
    ++damaged;
  }
  ASSERT_GT(damaged, 0u);
  stack.StartSessionWorker();
  test::Ran state;
  EXPECT_TRUE(test::Eventually(seconds(20),
                               [&] {  // It folds the log from its beginning.
                                 state = stack.Lyceum("operator", {"state", "ada"});
                                 return state.code == 0 &&
                                        state.out.find("awaiting_answer") != std::string::npos;
                               }))
      << state.out << state.err << stack.session_worker_logs();
  EXPECT_NE(stack.session_worker_logs().find("set aside"), std::string::npos);
  size_t aside = 0;
  for (const auto& file : std::filesystem::directory_iterator(stack.data_dir() + "/damaged")) {
    if (file.path().filename().string().rfind("MANIFEST", 0) == 0) ++aside;
  }
  EXPECT_EQ(aside, damaged);
}

TEST_F(Running, WithoutToolWorkersTheLearnerIsToldInTimeAndGoesOnLater) {
  ASSERT_NE(ToAQuestion(), "");
  tools->Kill9();
  const Deadline told_by = In(seconds(5) + seconds(1) + milliseconds(500));
  ASSERT_TRUE(gateway.Send(
      "ada", R"({"id":"a1","client":"c","message":{"text":"12345","intent":"ANSWER"}})"));
  const auto error = gateway.Hear("c", [](const Gateway::Received& received) {
    return BodyOf<tutor::ErrorOut>(received) != nullptr;
  });
  ASSERT_TRUE(error) << stack.session_worker_logs();
  EXPECT_LT(Steady::now(), told_by);
  EXPECT_EQ(error->message.state, tutor::StateName::kErrorState);
  tools = stack.StartToolWorker("tools-2");
  // The answer was kept: `continue` has it graded.
  ASSERT_TRUE(gateway.Send("ada", R"({"id":"again","client":"c","continue":{}})"));
  const auto feedback = gateway.Hear("c", [](const Gateway::Received& received) {
    return BodyOf<tutor::FeedbackOut>(received) != nullptr;
  });
  ASSERT_TRUE(feedback);
}

TEST_F(Running, MetricsAreServedWhereTheyAreAskedFor) {
  const std::string listen = fmt::format("127.0.0.1:{}", test::FreePort());
  const auto counted = stack.StartToolWorker("counted", {"--metrics-listen", listen});
  std::string page;
  EXPECT_TRUE(test::Eventually(seconds(10), [&] {
    page = test::Run({"curl", "-s", "--max-time", "2", "http://" + listen + "/metrics"}).out;
    return page.find("lyceum_results_total") != std::string::npos;
  })) << page;
  const auto second = stack.StartToolWorker("second", {"--metrics-listen", listen});
  EXPECT_EQ(second->Wait(In(seconds(10))), 2);
  EXPECT_NE(second->err().find("--metrics-listen"), std::string::npos) << second->err();
}

TEST(Programs, AMetricsAddressThatIsTakenIsOneLineOfTheLogAndExit2) {
  test::NatsServer server;
  test::TempDir dir;
  const std::string taken = fmt::format("127.0.0.1:{}", server.port());
  for (const char* program : {"lyceum-session-worker", "lyceum-tool-worker"}) {
    std::map<std::string, std::string> env = server.env_for("session_worker");
    env["LYCEUM_METRICS_LISTEN"] = taken;
    env["LYCEUM_DATA_DIR"] = dir / "data";
    const test::Ran ran = test::Run({Program(program)}, env);
    EXPECT_EQ(ran.code, 2) << ran.err;
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    EXPECT_EQ(ran.err.rfind(R"({"at":)", 0), 0u) << ran.err;
    EXPECT_NE(ran.err.find("--metrics-listen " + taken + ": cannot listen there"),
              std::string::npos)
        << ran.err;
    EXPECT_NE(ran.err.find(R"("level":"error")"), std::string::npos) << ran.err;
  }
}

TEST_F(Running, LogsHoldNoWordOfALearner) {
  ASSERT_TRUE(gateway.Send(
      "ada",
      R"({"id":"s1","client":"c","message":{"text":"xyzzy-secret-words","intent":"QUESTION"}})"));
  ASSERT_TRUE(gateway.Reply("c", "s1"));
  ASSERT_TRUE(gateway.Send(
      "ada", R"({"id":"s2","client":"c","message":{"text":"xyzzy-secret-words"},"bad":1})"));
  ASSERT_TRUE(gateway.Reply("c", "s2"));
  stack.session_worker().Terminate();
  ASSERT_TRUE(stack.session_worker().Wait(In(seconds(20))));
  EXPECT_EQ(stack.session_worker_logs().find("xyzzy"), std::string::npos);
  EXPECT_EQ(tools->err().find("xyzzy"), std::string::npos);
  EXPECT_NE(stack.session_worker_logs().find("\"event\":\"record refused\""), std::string::npos);
}

}  // namespace
}  // namespace lyceum
