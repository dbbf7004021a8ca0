// The command `lyceum` against a real nats-server: what it installs, refuses, finds and says, and
// its exit codes.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "envelope/subjects.h"
#include "support/eventually.h"
#include "support/stack.h"
#include "wire/jetstream.h"

namespace lyceum {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Program;
using test::Ran;

std::vector<json> Lines(const std::string& text) {
  std::vector<json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(json::parse(line, nullptr, false));
  }
  return lines;
}

bool Says(const Ran& ran, const std::string& what) {
  return ran.err.find(what) != std::string::npos || ran.out.find(what) != std::string::npos;
}

constexpr char kCourse[] = R"(
id = "small"
title = "A small course"
[[topic]]
id = "first"
title = "First"
material = ["Two and two are four.", "Read it again."]
[[topic.question]]
id = "sum"
text = "What is 2 + 2?"
format = "numeric"
answers = ["4"]
hints = ["Count on your fingers."]
[[topic.question]]
id = "pick"
text = "Which one is even?"
format = "choice"
choices = ["three", "four"]
answers = ["four"]
)";

// --- Without a server
// -------------------------------------------------------------------------------

TEST(Cli, NoServerIsExit3AndSaysWhere) {
  const std::string url = fmt::format("nats://127.0.0.1:{}", test::FreePort());
  const std::vector<std::vector<std::string>> commands = {
      {"init"},
      {"course", "list"},
      {"state", "u"},
      {"replay", "u"},
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

// --- init
// -------------------------------------------------------------------------------------------

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
  EXPECT_EQ(json::parse(first.out)["created"].size(), 16 + 1 + 3);
  const Ran second = Init({"--json"});
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(json::parse(second.out)["created"].size(), 0);
  EXPECT_EQ(json::parse(second.out)["differences"].size(), 0);
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

TEST_F(Install, ARoleThatMayNotIsToldSo) {
  const Ran ran =
      test::Run({Program("lyceum"), "init", "--timeout", "1"}, server_.env_for("gateway"));
  EXPECT_NE(ran.code, 0);
  EXPECT_TRUE(Says(ran, "Permissions Violation")) << ran.err;
  std::map<std::string, std::string> wrong = server_.env_for("admin");
  wrong["NATS_PASSWORD"] = "not-the-password";
  EXPECT_EQ(test::Run({Program("lyceum"), "init"}, wrong).code, 2);
}

// --- With streams and buckets, without workers
// ---------------------------------------------------------

class Installed : public ::testing::Test {
 protected:
  Ran Lyceum(const std::string& role, std::vector<std::string> args,
             const std::string& input = "") {
    return stack_.Lyceum(role, std::move(args), input);
  }
  uint64_t RecordsOf(const UserId& user) {
    auto info = wire::GetStream(*stack_.nats().Connect("operator"),
                                subjects_.LogStream(subjects_.PartitionOf(user)));
    return info && *info ? (*info)->messages : ~uint64_t{0};
  }
  test::Stack stack_;
  const envelope::Subjects subjects_;
};

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

// Answers queries as an owner would, with a view of the test's making.
class FakeOwner {
 public:
  FakeOwner(test::NatsServer& server, const std::string& subject, std::string view)
      : connection_(server.Connect("session_worker")),
        subscription_(connection_->Subscribe(subject, "", box_, 0)),
        thread_([this, view = std::move(view)] {
          while (!box_->closed()) {
            auto question = box_->Pop(In(milliseconds(100)));
            if (question) (void)connection_->Publish({.subject = question->reply, .data = view});
          }
        }) {
    EXPECT_TRUE(subscription_);
    EXPECT_TRUE(connection_->Flush(seconds(5)));
  }
  ~FakeOwner() {
    box_->Close();
    thread_.join();
  }

 private:
  std::shared_ptr<wire::Connection> connection_;
  std::shared_ptr<wire::MessageBox> box_ = std::make_shared<wire::MessageBox>(64);
  Result<wire::Subscription> subscription_;
  std::thread thread_;
};

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

TEST_F(Installed, ReplayOfATrimmedLogSaysSo) {
  const json view = {{"found", true},      {"user", "ada"},    {"state", "exposition"},
                     {"applied_seq", "7"}, {"records", {"7"}}, {"state_digest", "00"}};
  FakeOwner owner(stack_.nats(), subjects_.Queries(subjects_.PartitionOf(UserId("ada"))),
                  view.dump());
  const Ran ran = Lyceum("operator", {"replay", "ada"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(Says(ran, "record 7")) << ran.err;
}

TEST_F(Installed, ReplayUnderAnotherCountOfPartitionsIsRefused) {
  const Ran ran = Lyceum("operator", {"replay", "ada", "--partitions", "8"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_TRUE(Says(ran, "--partitions 16")) << ran.err;
}

TEST_F(Installed, BadItemsOfACourseAreRefusedByLineAndTheRestIsImported) {
  test::TempDir dir;
  test::WriteFile(dir / "c.toml", std::string(kCourse) + R"([[topic.question]]
id = "bad"
text = "Which?"
format = "choice"
choices = ["a", "b"]
answers = ["c"]
)");
  const Ran strict = Lyceum("admin", {"course", "import", dir / "c.toml", "--strict"});
  EXPECT_EQ(strict.code, 1);
  EXPECT_EQ(Lyceum("operator", {"course", "list"}).out, "");
  const Ran ran = Lyceum("admin", {"course", "import", dir / "c.toml", "--json"});
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

// --- With workers
// -----------------------------------------------------------------------------------

class Running : public Installed {
 protected:
  void SetUp() override {
    test::WriteFile(dir_ / "small.toml", kCourse);
    stack_.ImportCourse(dir_ / "small.toml");
    stack_.StartSessionWorker();
    tools_ = stack_.StartToolWorker("t1");
    ASSERT_TRUE(test::Eventually(seconds(20), [&] {
      return Lyceum("operator", {"state", "nobody", "--timeout", "1"}).code == 1;
    })) << stack_.session_worker_logs();
  }
  test::TempDir dir_;
  std::unique_ptr<test::Process> tools_;
};

constexpr char kScript[] = "# the whole course\n/continue\n/continue\n/hint\n5\n4\nb\n";

TEST_F(Running, AScriptGoesThroughACourseToItsEnd) {
  test::WriteFile(dir_ / "script", kScript);
  const Ran ran = Lyceum("gateway", {"chat", "--user", "Åda Lövelace", "--course", "small",
                                     "--script", dir_ / "script", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err << ran.out;
  const std::vector<json> messages = Lines(ran.out);
  ASSERT_FALSE(messages.empty());
  for (size_t i = 0; i < messages.size(); ++i) {
    EXPECT_EQ(messages[i]["n"], i + 1) << ran.out;
  }
  EXPECT_TRUE(messages.back().contains("completed")) << ran.out;
  std::vector<std::string> verdicts;
  for (const json& message : messages) {
    if (message.contains("feedback")) verdicts.push_back(message["feedback"]["verdict"]);
  }
  EXPECT_EQ(verdicts, (std::vector<std::string>{"incorrect", "correct", "correct"})) << ran.out;

  const Ran state = Lyceum("operator", {"state", "Åda Lövelace", "--json"});
  ASSERT_EQ(state.code, 0) << state.err;
  EXPECT_EQ(json::parse(state.out)["state"], "completed");
  const Ran replay = Lyceum("operator", {"replay", "Åda Lövelace", "--verify"});
  EXPECT_EQ(replay.code, 0) << replay.err << replay.out;
  EXPECT_TRUE(Says(replay, "same")) << replay.out;
}

TEST_F(Running, AnInterruptedConversationGoesOnWhereItWas) {
  const std::vector<std::string> chat = {"chat", "--user", "ada", "--course", "small"};
  const Ran first = Lyceum("gateway", chat, "/continue\n/continue\n");
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_TRUE(Says(first, "What is 2 + 2?")) << first.out;
  const Ran second = Lyceum("gateway", chat, "4\n");
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_TRUE(Says(second, "What is 2 + 2?")) << second.out;
  EXPECT_TRUE(Says(second, "✓")) << second.out;
  EXPECT_TRUE(Says(second, "b) four")) << second.out;
}

// Lines for a conversation while it goes on.
class Fifo {
 public:
  explicit Fifo(std::string path) : path_(std::move(path)) {
    EXPECT_EQ(mkfifo(path_.c_str(), 0600), 0);
    fd_ = open(path_.c_str(), O_RDWR);  // Does not wait for a reader.
    EXPECT_GE(fd_, 0);
  }
  ~Fifo() { Close(); }
  void Write(const std::string& text) {
    EXPECT_EQ(write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int fd_ = -1;
};

TEST_F(Running, AConversationLivesThroughTheServersEnd) {
  Fifo lines(dir_ / "lines");
  test::Process chat({Program("lyceum"), "chat", "--user", "ada", "--course", "small", "--script",
                      lines.path(), "--json"},
                     stack_.nats().env_for("gateway"));
  lines.Write("/continue\n");
  ASSERT_TRUE(test::Eventually(seconds(30), [&] { return Lines(chat.out()).size() >= 3; }))
      << chat.err() << chat.out();
  stack_.nats().Kill9();
  lines.Write("/continue\n4\nb\n");
  stack_.nats().Restart();
  lines.Close();
  ASSERT_EQ(chat.Wait(In(seconds(60))), 0) << chat.err() << chat.out();
  const std::vector<json> messages = Lines(chat.out());
  for (size_t i = 0; i < messages.size(); ++i) EXPECT_EQ(messages[i]["n"], i + 1) << chat.out();
  EXPECT_TRUE(messages.back().contains("completed")) << chat.out();
  const Ran replay = Lyceum("operator", {"replay", "ada", "--verify"});
  EXPECT_EQ(replay.code, 0) << replay.err << replay.out;
}

TEST_F(Running, ARefusedRecordIsFoundInTheDeadLetters) {
  auto gateway = stack_.nats().Connect("gateway");
  ASSERT_TRUE(
      wire::PublishAcked(*gateway,
                         {.subject = subjects_.In(envelope::RecordClass::kUser, UserId("ada")),
                          .data = "\x1b garbage"},
                         "g1", seconds(5)));
  Ran list;
  ASSERT_TRUE(test::Eventually(seconds(20), [&] {
    list = Lyceum("operator", {"dlq", "list", "--json"});
    return list.code == 0 && !list.out.empty();
  })) << list.err;
  const json letter = Lines(list.out)[0];
  EXPECT_EQ(letter["reason"], "undecodable");
  const Ran show = Lyceum("operator", {"dlq", "show", letter["dlq_sequence"].dump(), "--json"});
  ASSERT_EQ(show.code, 0) << show.err;
  EXPECT_EQ(json::parse(show.out)["record_hex"], "1b2067617262616765");
  EXPECT_EQ(Lyceum("operator", {"dlq", "show", "999"}).code, 1);
}

}  // namespace
}  // namespace lyceum
