// What an operator sees of all workers at once: status, check. Real programs, a real nats-server.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

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

TEST_F(FleetOf, SessionsAreListedByWhatTheyAre) {
  test::TempDir dir;
  test::WriteFile(dir / "small.toml", kCourse);
  stack_.ImportCourse(dir / "small.toml");
  StartWorkers({"--checkpoint-ms", "50"});
  ASSERT_TRUE(BecomesWell());
  test::Gateway gateway(stack_.nats().Connect("gateway"));
  constexpr int kUsers = 40;
  for (int i = 0; i < kUsers; ++i) {
    const std::string user = fmt::format("ana-{}", i);
    ASSERT_TRUE(gateway.Send(user, R"({"id":"s","client":"c","start":{"course":"small"}})"));
  }
  const auto list = [&](std::vector<std::string> more) {
    more.insert(more.begin(), "sessions");
    return Lyceum("operator", more);
  };
  ASSERT_TRUE(test::Eventually(seconds(30), [&] {
    return Lines(list({"--state", "exposition"}).out).size() == kUsers;
  })) << list({}).out;
  const std::vector<json> all = Lines(list({}).out);
  ASSERT_EQ(all.size(), static_cast<size_t>(kUsers));
  for (const json& session : all) {
    EXPECT_EQ(session["course"], "small");
    EXPECT_EQ(session["stuck"], false);
    EXPECT_EQ(session["partition"], subjects_.PartitionOf(UserId(session["user"])));
  }
  EXPECT_EQ(Lines(list({"--like", "ana-1"}).out).size(), 11u);
  EXPECT_EQ(Lines(list({"--course", "other"}).out).size(), 0u);
  EXPECT_EQ(Lines(list({"--older", "1h"}).out).size(), 0u);
  EXPECT_EQ(Lines(list({"--older", "0s"}).out).size(), static_cast<size_t>(kUsers));
  EXPECT_EQ(Lines(list({"--stuck"}).out).size(), 0u);
  EXPECT_EQ(Lines(list({"--state", "completed"}).out).size(), 0u);
  // A page at a time, each session once.
  std::set<std::string> seen;
  std::string after;
  for (int pages = 0; pages < 20; ++pages) {
    const Ran ran =
        after.empty() ? list({"--limit", "7"}) : list({"--limit", "7", "--after", after});
    ASSERT_EQ(ran.code, 0) << ran.err;
    for (const json& session : Lines(ran.out)) EXPECT_TRUE(seen.insert(session["user"]).second);
    const size_t said = ran.err.find("--after ");
    if (said == std::string::npos) break;
    after = ran.err.substr(said + 8, ran.err.find('\n', said) - said - 8);
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(kUsers));
  EXPECT_TRUE(Says(list({"--format", "table"}), "waits for"));
  // What is wrong is said with what would be right.
  EXPECT_TRUE(Says(list({"--state", "asleep"}), "awaiting_answer"));
  EXPECT_EQ(list({"--state", "asleep"}).code, 2);
  EXPECT_EQ(list({"--older", "7"}).code, 2);
  EXPECT_EQ(list({"--after", "x"}).code, 2);
}

TEST_F(FleetOf, SessionsOfPartitionsThatNobodyHasAreMissingAndThatIsSaid) {
  StartWorkers({"--own", "1-15"});
  ASSERT_TRUE(
      test::Eventually(seconds(30), [&] { return ProblemsIn(Status().out)["no_owner"] == 1; }));
  const Ran ran = Lyceum("operator", {"sessions"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_TRUE(Says(ran, "the owner of partition 0 does not answer")) << ran.err;
}

TEST_F(FleetOf, ADoctorOfOneThatIsWellFindsNothing) {
  StartWorkers();
  ASSERT_TRUE(BecomesWell());
  const Ran ran = Lyceum("operator", {"doctor", "--sessions", "--json"});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  std::set<std::string> checks;
  for (const json& finding : Lines(ran.out)) {
    EXPECT_EQ(finding["good"], true) << finding;
    checks.insert(finding["check"]);
  }
  EXPECT_EQ(checks, (std::set<std::string>{"version", "permissions", "partitions", "streams",
                                           "clocks", "fold", "workers", "sessions"}));
}

TEST_F(FleetOf, ADoctorNamesWhatIsWrongAndWhatToType) {
  auto admin = stack_.nats().Connect("admin");
  const std::string stream = subjects_.LogStream(4);
  auto info = admin->Request({.subject = "$JS.API.STREAM.INFO." + stream}, seconds(5));
  ASSERT_TRUE(info);
  json config = json::parse(info->data)["config"];
  config["max_age"] = 3'600'000'000'000;
  ASSERT_TRUE(admin->Request({.subject = "$JS.API.STREAM.UPDATE." + stream, .data = config.dump()},
                             seconds(5)));
  ASSERT_TRUE(
      admin->Request({.subject = "$JS.API.STREAM.DELETE." + subjects_.LogStream(7)}, seconds(5)));
  const Ran ran = Lyceum("operator", {"doctor"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(Says(ran, "stream LYCEUM_P4: max_age in seconds is 3600, should be 0")) << ran.out;
  EXPECT_TRUE(Says(ran, "nats stream edit LYCEUM_P4"));
  EXPECT_TRUE(Says(ran, "LYCEUM_P7 is not there")) << ran.out;
  EXPECT_TRUE(Says(ran, "lyceum init"));
  EXPECT_TRUE(Says(ran, "start lyceum-session-worker"));
  // It only looked.
  EXPECT_TRUE(Says(Lyceum("operator", {"doctor"}), "LYCEUM_P7 is not there"));
  const Ran count = Lyceum("operator", {"doctor", "--partitions", "8"});
  EXPECT_EQ(count.code, 1);
  EXPECT_TRUE(Says(count, "--partitions 16")) << count.out;
  const Ran prefix = Lyceum("operator", {"doctor", "--prefix", "other"});
  EXPECT_EQ(prefix.code, 1);
  EXPECT_TRUE(Says(prefix, "lyceum init")) << prefix.out;
  const Ran role = Lyceum("gateway", {"doctor"});
  EXPECT_EQ(role.code, 1);
  EXPECT_TRUE(Says(role, "the user gateway may not subscribe to lyceum.worker.*")) << role.out;
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
