// The command `lyceum` against a real nats-server: what it installs, refuses, finds and says, and
// its exit codes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cli_fixture.h"
#include "envelope/codec.h"

namespace lyceum {
namespace {

using std::chrono::seconds;
using test::Program;
using test::Ran;

// --- Without a server ---

TEST(Cli, NoServerIsExit3AndSaysWhere) {
  const std::string url = fmt::format("nats://127.0.0.1:{}", test::FreePort());
  const std::vector<std::vector<std::string>> commands = {
      {"init"},
      {"course", "list"},
      {"state", "u"},
      {"replay", "u"},
      {"replay", "--partition", "3", "--verify"},
      {"partition"},
      {"partition", "resume", "3"},
      {"session", "rebuild", "u"},
      {"dlq", "list"},
      {"send", "--user", "u", "--hint"},
      {"chat", "--user", "u", "--course", "c"},
  };
  for (std::vector<std::string> args : commands) {
    args.insert(args.begin(), Program("lyceum"));
    args.insert(args.end(), {"--nats-url", url});
    const Ran ran = test::Run(args, {{"NATS_URL", ""}});
    EXPECT_EQ(ran.code, 3) << args[1] << ran.err;
    EXPECT_TRUE(Says(ran, url)) << args[1] << ran.err;
    EXPECT_EQ(ran.out, "") << args[1];
  }
}

TEST(Cli, WrongUsageIsExit2AndNamesTheFlag) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> commands = {
      {{}, "subcommand"},
      {{"dance"}, "dance"},
      {{"state"}, "user"},
      {{"state", "u", "--no-such-flag"}, "no-such-flag"},
      {{"state", ""}, "empty"},
      {{"state", "u", "--partitions", "0"}, "partitions"},
      {{"state", "u", "--prefix", "a.b"}, "prefix"},
      {{"state", "u", "--config", "/no/such/file"}, "/no/such/file"},
      {{"send", "--user", "u"}, "--hint"},
      {{"send", "--user", "u", "--hint", "--skip"}, "2 were given"},
      {{"send", "--user", "u", "--hint", "--id", std::string(200, 'x')}, "id"},
      {{"send", "--user", std::string(200, 'x'), "--hint"}, "95"},
      {{"send", "--user", "u\xff", "--hint"}, "UTF-8"},
      {{"send", "--user", "u", "--event", "{"}, "event"},
      {{"send", "--user", "u", "--event", R"({"dance":{}})"}, "dance"},
      {{"course", "import"}, "FILE"},
      {{"course", "import", "/no/such/file"}, "/no/such/file"},
      {{"fsm", "--format", "png"}, "format"},
      {{"replay", "u", "--verify", "--to", "3"}, "--to"},
      {{"replay"}, "user"},
      {{"replay", "u", "--partition", "3"}, "--partition"},
      {{"replay", "--partition", "3"}, "--verify"},
      {{"replay", "--partition", "16", "--verify"}, "below 16"},
      {{"partition", "resume"}, "partition"},
      {{"partition", "resume", "16"}, "0 to 15"},
      {{"session"}, "subcommand"},
      {{"session", "rebuild"}, "user"},
      {{"chat", "--user", "u", "--course", "c", "--script", "/no/such/file"}, "/no/such/file"},
      {{"decode", "/no/such/file"}, "/no/such/file"},
  };
  for (const auto& [command, named] : commands) {
    std::vector<std::string> args = command;
    args.insert(args.begin(), Program("lyceum"));
    const Ran ran = test::Run(args);
    EXPECT_EQ(ran.code, 2) << fmt::format("{}", fmt::join(args, " ")) << ran.err;
    EXPECT_TRUE(Says(ran, named)) << fmt::format("{}", fmt::join(args, " ")) << ran.err;
  }
}

TEST(Cli, AMistypedCommandIsSuggestedAndHelpNamesTheRole) {
  const Ran typo = test::Run({Program("lyceum"), "chta"});
  EXPECT_EQ(typo.code, 2);
  EXPECT_TRUE(Says(typo, "did you mean chat?")) << typo.err;
  const Ran help = test::Run({Program("lyceum"), "goto", "--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_TRUE(Says(help, "Role at the NATS server: operator")) << help.out;
}

TEST(Cli, FsmAndDecodeNeedNoServer) {
  const Ran table = test::Run({Program("lyceum"), "fsm"});
  EXPECT_EQ(table.code, 0);
  EXPECT_TRUE(Says(table, "awaiting_tool_result"));
  const Ran event = test::Run({Program("lyceum"), "decode", "-", "--json"}, {},
                              R"({"id":"e1","client":"c","message":{"text":"a"}})");
  ASSERT_EQ(event.code, 0) << event.err;
  EXPECT_EQ(json::parse(event.out)["message"]["text"], "a");
  const Ran garbage = test::Run({Program("lyceum"), "decode", "-"}, {}, "\xff\xff\xff");
  EXPECT_EQ(garbage.code, 1);
  EXPECT_EQ(garbage.out, "");
}

// --- init ---

class Install : public ::testing::Test {
 protected:
  Ran Init(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {Program("lyceum"), "init"};
    args.insert(args.end(), more.begin(), more.end());
    return test::Run(args, server_.env_for("admin"));
  }
  test::NatsServer server_;
  const envelope::Subjects subjects_;
};

TEST_F(Install, InitTwiceIsTheSameAsOnce) {
  const Ran first = Init({"--json"});
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(json::parse(first.out)["created"].size(), 16 + 2 + 2);
  const Ran second = Init({"--json"});
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(json::parse(second.out)["created"].size(), 0);
  EXPECT_EQ(json::parse(second.out)["differences"].size(), 0);
}

TEST_F(Install, ForPeopleItSaysOneLine) {
  const Ran first = Init();
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(first.out, "created 20 streams and buckets, for 16 partitions\n");
  EXPECT_EQ(Init().out, "everything is there already\n");
}

TEST_F(Install, AStreamThatDiffersIsNamedAndNotChanged) {
  auto admin = server_.Connect("admin");
  const wire::StreamConfig other{
      .name = subjects_.LogStream(3), .subjects = {subjects_.LogSubjects(3)}, .bytes_max = 1 << 20};
  ASSERT_TRUE(wire::EnsureStream(*admin, other));
  const Ran ran = Init({"--json"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(Says(ran, "LYCEUM_P3")) << ran.err;
  EXPECT_FALSE(Says(ran, "LYCEUM_P4: ")) << ran.err;
  EXPECT_GE(json::parse(ran.out)["differences"].size(), 1u);
  auto info = wire::GetStream(*admin, subjects_.LogStream(3));
  ASSERT_TRUE(info && *info);
  EXPECT_EQ((*info)->config.bytes_max, 1 << 20);
}

TEST_F(Install, AnotherCountOfPartitionsIsRefusedAndCreatesNothing) {
  ASSERT_EQ(Init().code, 0);
  const Ran ran = Init({"--partitions", "24"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(Says(ran, "--partitions 16")) << ran.err;
  auto stream = wire::GetStream(*server_.Connect("admin"), "LYCEUM_P20");
  ASSERT_TRUE(stream);
  EXPECT_FALSE(*stream);
}

// Before 2.11 a cluster can lose what it has acknowledged; Debian 12 has 2.9.10.
TEST_F(Install, CopiesOnAnOldServerAreRefusedUnlessForced) {
  const std::string log = server_.log();
  if (log.find("Version:  2.9.") == std::string::npos) GTEST_SKIP() << "a newer server: " << log;
  const Ran ran = Init({"--replicas", "3", "--timeout", "2"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(Says(ran, "too old for copies")) << ran.err;
  EXPECT_TRUE(Says(ran, "--replicas 1"));
  EXPECT_EQ(Init().code, 0) << "it has created nothing";
  // Of one node alone there are no copies: that is what the server says then.
  const Ran forced = Init({"--replicas", "3", "--timeout", "1", "--force"});
  EXPECT_NE(forced.code, 0);
  EXPECT_FALSE(Says(forced, "too old")) << forced.err;
}

TEST_F(Install, ARoleThatMayNotIsToldSo) {
  const Ran ran =
      test::Run({Program("lyceum"), "init", "--timeout", "1"}, server_.env_for("gateway"));
  EXPECT_NE(ran.code, 0);
  EXPECT_TRUE(Says(ran, "Permissions Violation")) << ran.err;
  std::map<std::string, std::string> wrong = server_.env_for("admin");
  wrong["NATS_PASSWORD"] = "not-the-password";
  EXPECT_EQ(test::Run({Program("lyceum"), "init"}, wrong).code, 2);
}

// --- With streams and buckets, without workers ---

TEST_F(Installed, TheSameIdIsOneRecord) {
  const std::vector<std::string> args = {"send",    "--user", "ada",  "--client", "c",
                                         "--start", "small",  "--id", "e1",       "--json"};
  const Ran first = Lyceum("gateway", args);
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(json::parse(first.out)["sequence"], 1);
  EXPECT_EQ(json::parse(first.out)["subject"], "lyceum.in.user.ada");
  const Ran second = Lyceum("gateway", args);
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(json::parse(second.out)["duplicate"], true);
  EXPECT_EQ(RecordsOf(UserId("ada")), 1u);
}

// An id is unique per learner: what two of them send in one second is two records.
TEST_F(Installed, LearnersMayUseTheSameIds) {
  for (int i = 0; i < 48; ++i) {
    const Ran sent =
        Lyceum("gateway", {"send", "--user", "learner-" + std::to_string(i), "--client", "c",
                           "--start", "small", "--id", "1", "--json"});
    ASSERT_EQ(sent.code, 0) << sent.err;
    EXPECT_EQ(json::parse(sent.out)["duplicate"], false) << i;
  }
}

TEST_F(Installed, AnEventGoesToTheSubjectOfItsClass) {
  const Ran ran = Lyceum("operator", {"send", "--user", "ada", "--json", "--event",
                                      R"({"goto_topic":{"topic":"t"}})"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(json::parse(ran.out)["subject"], "lyceum.in.admin.ada");
  const Ran forbidden = Lyceum("gateway", {"send", "--user", "ada", "--event", R"({"retry":{}})"});
  EXPECT_EQ(forbidden.code, 1) << forbidden.err;
  EXPECT_TRUE(Says(forbidden, "Permissions Violation")) << forbidden.err;
}

TEST_F(Installed, WithoutAnOwnerAQuestionIsExit3) {
  for (const auto& args : std::vector<std::vector<std::string>>{
           {"state", "ada", "--timeout", "1"},
           {"replay", "ada", "--verify", "--timeout", "1"},
           {"chat", "--user", "ada", "--course", "small", "--timeout", "1"}}) {
    const Ran ran = Lyceum("operator", args);
    EXPECT_EQ(ran.code, 3) << args[0] << ran.err;
    EXPECT_TRUE(Says(ran, "session worker")) << args[0] << ran.err;
  }
}

TEST_F(Installed, WithoutAnOwnerReplayReadsTheLogItself) {
  ASSERT_EQ(Lyceum("gateway", {"send", "--user", "ada", "--start", "small"}).code, 0);
  auto gateway = stack_.nats().Connect("gateway");
  const std::string garbage = "\x1b[2J garbage";
  ASSERT_TRUE(wire::PublishAcked(
      *gateway,
      {.subject = subjects_.In(envelope::RecordClass::kUser, UserId("ada")), .data = garbage}, "g1",
      seconds(5)));
  ASSERT_EQ(Lyceum("gateway", {"send", "--user", "ada", "--skip"}).code, 0);
  const Ran ran = Lyceum("operator", {"replay", "ada", "--json", "--timeout", "1"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const std::vector<json> steps = Lines(ran.out);
  ASSERT_EQ(steps.size(), 3u) << ran.out;
  EXPECT_EQ(steps[0]["event"], "start small");
  EXPECT_EQ(steps[0]["to"], "awaiting_tool_result");
  EXPECT_EQ(steps[1]["refused"], "undecodable");
  EXPECT_EQ(steps[1]["from"], steps[1]["to"]);
  EXPECT_EQ(steps[2]["event"], "skip");
  const Ran to = Lyceum("operator", {"replay", "ada", "--to", "1", "--timeout", "1"});
  EXPECT_EQ(to.code, 0);
  EXPECT_EQ(Lines(to.out).size(), 1u) << to.out;
  EXPECT_EQ(Lyceum("operator", {"replay", "bob", "--timeout", "1"}).code, 1);
}

TEST_F(Installed, VerifyNamesTheFirstDifference) {
  ASSERT_EQ(Lyceum("gateway", {"send", "--user", "ada", "--start", "small"}).code, 0);
  const json view = {{"found", true},         {"user", "ada"},       {"state", "exposition"},
                     {"lifecycle", "active"}, {"applied_seq", "1"},  {"records", {"1"}},
                     {"history_count", "1"},  {"state_digest", "00"}};
  FakeOwner owner(stack_.nats(), subjects_.Queries(subjects_.PartitionOf(UserId("ada"))),
                  view.dump());
  const Ran ran = Lyceum("operator", {"replay", "ada", "--verify"});
  EXPECT_EQ(ran.code, 1) << ran.out;
  EXPECT_TRUE(Says(ran, "state: live \"exposition\", replayed \"awaiting_tool_result\""))
      << ran.err;
}

TEST_F(Installed, ARecordThatTheLogDoesNotHaveIsNamed) {
  const json view = {{"found", true},      {"user", "ada"},    {"state", "exposition"},
                     {"applied_seq", "7"}, {"records", {"7"}}, {"state_digest", "00"}};
  FakeOwner owner(stack_.nats(), subjects_.Queries(subjects_.PartitionOf(UserId("ada"))),
                  view.dump());
  const Ran ran = Lyceum("operator", {"replay", "ada", "--verify"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(Says(ran, "record 7 of the session is not in the log")) << ran.err;
}

// The owner says that it is at record 2, and its session knows nothing of that.
TEST_F(Installed, ARecordThatTheSessionDoesNotHaveIsNamed) {
  const UserId user("ada");
  const uint32_t partition = subjects_.PartitionOf(user);
  ASSERT_EQ(Lyceum("gateway", {"send", "--user", "ada", "--start", "small"}).code, 0);
  ASSERT_EQ(Lyceum("gateway", {"send", "--user", "ada", "--skip"}).code, 0);
  const json view = {
      {"found", true},         {"user", "ada"},       {"state", "awaiting_tool_result"},
      {"lifecycle", "active"}, {"first_seq", "1"},    {"applied_seq", "1"},
      {"records", {"1"}},      {"state_digest", "00"}};
  FakeOwner owner(stack_.nats(), subjects_.Queries(partition), view.dump());
  auto worker = stack_.nats().Connect("session_worker");
  test::Process replay({Program("lyceum"), "replay", "ada", "--verify", "--json"},
                       stack_.nats().env_for("operator"));
  envelope::WorkerHeartbeat beat{.worker = "w", .boot = "b", .at_ms = 1, .partitions = {}};
  beat.partitions.push_back(
      {.partition = partition, .position = 2, .confirmed = 2, .role = "owner", .epoch = 1});
  std::optional<int> code;
  ASSERT_TRUE(test::Eventually(seconds(20), [&] {
    EXPECT_TRUE(worker->Publish({.subject = subjects_.WorkerHeartbeat("w"),
                                 .data = envelope::EncodeWorkerHeartbeat(beat)}));
    code = replay.Wait(In(std::chrono::milliseconds(50)));
    return code.has_value();
  }));
  EXPECT_EQ(*code, 1);
  EXPECT_EQ(Lines(replay.out()).back()["missing"], json({2})) << replay.out();
  EXPECT_NE(replay.err().find("record 2 of the log is not in the session"), std::string::npos)
      << replay.err();
}

TEST_F(Installed, ReplayUnderAnotherCountOfPartitionsIsRefused) {
  const Ran ran = Lyceum("operator", {"replay", "ada", "--partitions", "8"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_TRUE(Says(ran, "--partitions 16")) << ran.err;
}

TEST_F(Installed, BadItemsOfACourseAreRefusedByLineAndTheRestIsImportedWhereThatIsWanted) {
  test::TempDir dir;
  test::WriteFile(dir / "c.toml", std::string(kCourse) + R"([[topic.question]]
id = "bad"
text = "Which?"
format = "choice"
choices = ["a", "b"]
answers = ["c"]
)");
  const Ran strict = Lyceum("admin", {"course", "import", dir / "c.toml"});
  EXPECT_EQ(strict.code, 1);
  EXPECT_TRUE(Says(strict, "question bad")) << strict.err;
  EXPECT_TRUE(Says(strict, "--lenient")) << strict.err;
  EXPECT_EQ(Lyceum("operator", {"course", "list"}).out, "");
  const Ran ran = Lyceum("admin", {"course", "import", dir / "c.toml", "--lenient", "--json"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(Says(ran, "question bad")) << ran.err;
  const std::vector<json> lines = Lines(ran.out);
  ASSERT_EQ(lines.size(), 2u) << ran.out;
  EXPECT_GT(lines[0]["line"], 0);
  EXPECT_EQ(lines[1]["questions"], 2);
  EXPECT_EQ(lines[1]["refused"], 1);
  const Ran list = Lyceum("admin", {"course", "list", "--json"});
  ASSERT_EQ(Lines(list.out).size(), 1u) << list.err;
  EXPECT_EQ(Lines(list.out)[0]["course"], "small");
  const Ran show = Lyceum("admin", {"course", "show", "small", "--topic", "first"});
  EXPECT_EQ(show.code, 0) << show.err;
  EXPECT_TRUE(Says(show, "What is 2 + 2?"));
  EXPECT_EQ(Lyceum("admin", {"course", "show", "large"}).code, 1);
  EXPECT_EQ(Lyceum("admin", {"course", "show", "small", "--topic", "last"}).code, 1);
}

TEST_F(Installed, AFileThatIsNoCourseIsRefusedAsAWhole) {
  test::TempDir dir;
  test::WriteFile(dir / "c.toml", "id = \"x\"\ntitle = ");
  const Ran ran = Lyceum("admin", {"course", "import", dir / "c.toml"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(Says(ran, "line 2")) << ran.err;
}

}  // namespace
}  // namespace lyceum
