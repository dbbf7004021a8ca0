// What an operator sees of all workers at once: status, check. Real programs, a real nats-server.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "cli_fixture.h"
#include "support/gateway.h"

namespace lyceum {
namespace {

using std::chrono::seconds;
using test::Ran;

class FleetOf : public Installed {
 protected:
  void StartWorkers(const std::vector<std::string>& more = {}) {
    stack_.StartSessionWorker(more);
    tools_ = stack_.StartToolWorker("t1", {"--slots", "7"});
  }
  Ran Status(std::vector<std::string> more = {}) {
    more.insert(more.begin(), "status");
    return Lyceum("operator", more);
  }
  bool BecomesWell() {
    return test::Eventually(seconds(30), [&] { return Status().code == 0; });
  }
  static std::map<std::string, std::vector<json>> ByKind(const std::string& out) {
    std::map<std::string, std::vector<json>> kinds;
    for (const json& line : Lines(out)) kinds[line.value("kind", "?")].push_back(line);
    return kinds;
  }
  static std::map<std::string, int> ProblemsIn(const std::string& out) {
    std::map<std::string, int> codes;
    auto kinds = ByKind(out);
    for (const json& problem : kinds["problem"]) ++codes[problem["code"]];
    return codes;
  }
  std::unique_ptr<test::Process> tools_;
};

TEST_F(FleetOf, OneThatIsWellEndsWith0AndTellsOfEachPart) {
  StartWorkers();
  ASSERT_TRUE(BecomesWell()) << Status().out << stack_.session_worker_logs();
  const Ran ran = Status();
  auto kinds = ByKind(ran.out);
  ASSERT_EQ(kinds["session_worker"].size(), 1u) << ran.out;
  EXPECT_EQ(kinds["session_worker"][0]["worker"], "session-test");
  EXPECT_EQ(kinds["session_worker"][0]["partitions"].size(), 16u);
  ASSERT_EQ(kinds["partition"].size(), 16u);
  for (const json& partition : kinds["partition"]) {
    EXPECT_EQ(partition["state"], "reading");
    EXPECT_EQ(partition["owner"], "session-test");
    EXPECT_EQ(partition["lag"], 0);
  }
  ASSERT_EQ(kinds["tool_worker"].size(), 1u);
  EXPECT_EQ(kinds["tool_worker"][0]["worker"], "t1");
  EXPECT_EQ(kinds["tool_worker"][0]["slots"], 7);
  EXPECT_EQ(kinds["tool"].size(), 9u);
  EXPECT_EQ(kinds["dead_letters"][0]["count"], 0);
  EXPECT_TRUE(kinds["problem"].empty());
  EXPECT_EQ(kinds["summary"][0]["well"], true);
  // A terminal has tables.
  const Ran table = Status({"--format", "table"});
  EXPECT_EQ(table.code, 0);
  EXPECT_TRUE(Says(table, "partition  owner"));
  EXPECT_TRUE(Says(table, "session-test"));
  EXPECT_TRUE(Says(table, "0-15"));
  EXPECT_TRUE(Says(table, "check_answer"));
  EXPECT_TRUE(Says(table, "all is well"));
}

TEST_F(FleetOf, WithoutWorkersAllThatIsMissingIsNamedWithWhatToDo) {
  const Ran ran = Status();
  EXPECT_EQ(ran.code, 1);
  const auto problems = ProblemsIn(ran.out);
  EXPECT_EQ(problems.at("no_session_worker"), 1) << ran.out;
  EXPECT_EQ(problems.at("no_tool_worker"), 9);
  EXPECT_TRUE(Says(ran, "start lyceum-session-worker"));
  EXPECT_TRUE(Says(Status({"--format", "table"}), "start lyceum-session-worker"));
}

TEST_F(FleetOf, PartitionsThatNobodyHasAreNamed) {
  StartWorkers({"--own", "0-13"});
  std::map<std::string, int> problems;
  EXPECT_TRUE(test::Eventually(seconds(30), [&] {
    problems = ProblemsIn(Status().out);
    return problems["no_owner"] == 2;
  }));
  EXPECT_EQ(Status().code, 1);
}

TEST_F(FleetOf, APartitionThatHaltsIsNamedWithWhyAndItsCure) {
  test::TempDir dir;
  test::WriteFile(dir / "small.toml", kCourse);
  stack_.ImportCourse(dir / "small.toml");
  StartWorkers();
  ASSERT_TRUE(BecomesWell());
  test::Gateway gateway(stack_.nats().Connect("gateway"));
  gateway.Listen("c");
  ASSERT_TRUE(gateway.Send("ada", R"({"id":"s","client":"c","start":{"course":"small"}})"));
  ASSERT_TRUE(gateway.Reply("c", "s"));
  const uint32_t partition = subjects_.PartitionOf(UserId("ada"));
  stack_.session_worker().Kill9();
  ASSERT_TRUE(stack_.nats().Connect("admin")->Request(
      {.subject = "$JS.API.STREAM.DELETE." + subjects_.LogStream(partition)}, seconds(5)));
  ASSERT_EQ(Lyceum("admin", {"init"}).code, 0);
  stack_.StartSessionWorker();
  Ran ran;
  ASSERT_TRUE(test::Eventually(seconds(30), [&] {
    ran = Status();
    return ProblemsIn(ran.out).contains("halted");
  })) << ran.out;
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(Says(ran, fmt::format("lyceum partition resume {}", partition))) << ran.out;
  const Ran nagios = Lyceum("operator", {"check", "--format", "nagios"});
  EXPECT_EQ(nagios.code, 2) << nagios.out;
  EXPECT_TRUE(nagios.out.starts_with("LYCEUM CRITICAL - ")) << nagios.out;
}

TEST_F(FleetOf, ChecksSpeakTheLanguageOfWhatAsksThem) {
  StartWorkers();
  ASSERT_TRUE(BecomesWell());
  const Ran text = Lyceum("operator", {"check"});
  EXPECT_EQ(text.code, 0);
  EXPECT_EQ(text.out, "all is well\n");
  const Ran nagios = Lyceum("operator", {"check", "--format", "nagios"});
  EXPECT_EQ(nagios.code, 0);
  EXPECT_EQ(nagios.out,
            "LYCEUM OK - 16 partitions, 1 tool workers | partitions=16 lag_max=0 tool_workers=1 "
            "dead_letters=0\n");
  const Ran as_json = Lyceum("operator", {"check", "--format", "json"});
  EXPECT_EQ(json::parse(as_json.out)["well"], true);
  const Ran figures = Lyceum("operator", {"check", "--format", "prometheus"});
  EXPECT_EQ(figures.code, 0);
  EXPECT_TRUE(Says(figures, "lyceum_check_problems{code=\"halted\"} 0\n"));
  if (test::Run({"sh", "-c", "command -v promtool"}).code == 0) {
    const Ran checked = test::Run({"promtool", "check", "metrics"}, {}, figures.out);
    EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
  }
}

TEST_F(FleetOf, DeadLettersOverTheirLimitAreAWarning) {
  StartWorkers();
  ASSERT_TRUE(BecomesWell());
  test::Gateway gateway(stack_.nats().Connect("gateway"));
  ASSERT_TRUE(gateway.Send("ada", "no event"));
  ASSERT_TRUE(test::Eventually(
      seconds(20), [&] { return ByKind(Status().out)["dead_letters"].at(0)["count"] == 1; }));
  EXPECT_EQ(Lyceum("operator", {"check", "--dead-letters-max", "1"}).code, 0);
  const Ran check = Lyceum("operator", {"check", "--format", "nagios", "--dead-letters-max", "0"});
  EXPECT_EQ(check.code, 1);
  EXPECT_TRUE(check.out.starts_with("LYCEUM WARNING - dead letters: 1")) << check.out;
}

TEST_F(FleetOf, ARoleThatMayNotListenIsToldWhichOneIsNeeded) {
  const Ran ran = Lyceum("gateway", {"status"});
  EXPECT_EQ(ran.code, 1) << ran.out;
  EXPECT_TRUE(Says(ran, "needs the role operator")) << ran.err;
}

TEST_F(FleetOf, WithoutAServerStatusEndsWith3AndNagiosDoesNotKnow) {
  stack_.nats().Stop();
  EXPECT_EQ(Status().code, 3);
  const Ran nagios = Lyceum("operator", {"check", "--format", "nagios"});
  EXPECT_EQ(nagios.code, 3);
  EXPECT_TRUE(nagios.out.starts_with("LYCEUM UNKNOWN - ")) << nagios.out;
}

}  // namespace
}  // namespace lyceum
