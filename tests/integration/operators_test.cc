// What operators do when something is gone: records, the log's tail, a session's row. Real programs,
// a real nats-server.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "base/executor.h"
#include "cli_fixture.h"
#include "store/rocks_store.h"
#include "support/gateway.h"

namespace lyceum {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::BodyOf;
using test::Gateway;
using test::Process;
using test::Program;
using test::Ran;

struct Inline : Executor {
  void Post(std::function<void()> work) override { work(); }
};

class Operators : public Installed {
 protected:
  void SetUp() override {
    test::WriteFile(dir_ / "small.toml", kCourse);
    stack_.ImportCourse(dir_ / "small.toml");
    partition_ = subjects_.PartitionOf(UserId("ada"));
    ASSERT_NE(partition_, subjects_.PartitionOf(UserId("bob")));
    gateway_.Listen("a");
    gateway_.Listen("b");
  }

  void StartWorkers(const std::vector<std::string>& more = {}) {
    StartSessionWorker(more);
    tools_ = stack_.StartToolWorker("t1");
  }
  void StartSessionWorker(const std::vector<std::string>& more = {}) {
    std::vector<std::string> args = {"--checkpoint-ms", "100"};
    args.insert(args.end(), more.begin(), more.end());
    stack_.StartSessionWorker(args);
    ASSERT_TRUE(test::Eventually(seconds(30), [&] {
      return Partition(partition_).contains("owner");
    })) << stack_.session_worker_logs();
  }
  void StopSessionWorker() {
    stack_.session_worker().Terminate();
    ASSERT_EQ(stack_.session_worker().Wait(In(seconds(20))), 0) << stack_.session_worker_logs();
  }
  // Until it is stored: the connection may just be coming back.
  void Send(const std::string& user, const std::string& client, const std::string& id,
            const std::string& kind) {
    const std::string event = fmt::format(R"({{"id":"{}","client":"{}",{}}})", id, client, kind);
    ASSERT_TRUE(test::Eventually(seconds(20), [&] { return gateway_.Send(user, event, id); }));
  }
  void Begin(const std::string& user, const std::string& client) {
    Send(user, client, user + "-start", R"("start":{"course":"small"})");
    ASSERT_TRUE(gateway_.Hear(
        client,
        [](const Gateway::Received& m) { return m.message.state == tutor::StateName::kExposition; },
        seconds(20)))
        << stack_.session_worker_logs();
  }
  // All that was asked is folded.
  Ran Verify(const std::string& user) {
    Ran ran;
    test::Eventually(seconds(20), [&] {
      ran = Lyceum("operator", {"replay", user, "--verify", "--json"});
      return ran.code == 0;
    });
    return ran;
  }
  // What the log stored since the copy was made is gone, and other records have its numbers.
  void LoseTheTail() {
    const std::string copy = dir_ / "copy";
    stack_.nats().Stop();
    std::filesystem::copy(stack_.nats().store_dir(), copy,
                          std::filesystem::copy_options::recursive);
    stack_.nats().Restart();
    ASSERT_TRUE(Reaches(partition_, "reading"));
    for (int i = 0; i < 3; ++i) {
      Send("ada", "a", fmt::format("lost-{}", i),
           R"("message":{"text":"why?","intent":"QUESTION"})");
      ASSERT_TRUE(gateway_.Reply("a", fmt::format("lost-{}", i), seconds(20)));
    }
    StopSessionWorker();
    stack_.nats().Stop();
    std::filesystem::remove_all(stack_.nats().store_dir());
    std::filesystem::rename(copy, stack_.nats().store_dir());
    stack_.nats().Restart();
    for (int i = 0; i < 12; ++i) Send("ada", "a", fmt::format("new-{}", i), R"("hint":{})");
  }
  void Delete(const UserId& user, uint64_t sequence) {
    auto admin = stack_.nats().Connect("admin");
    const std::string stream = subjects_.LogStream(subjects_.PartitionOf(user));
    auto deleted = admin->Request(
        {.subject = "$JS.API.STREAM.MSG.DELETE." + stream, .data = json{{"seq", sequence}}.dump()},
        seconds(5));
    ASSERT_TRUE(deleted);
    ASSERT_NE(deleted->data.find("true"), std::string::npos) << deleted->data;
  }
  // The worker is not running.
  void DamageRow(const std::string& user) {
    store::RocksStore::Options options;
    options.path = stack_.data_dir();
    auto opened = store::RocksStore::Open(options);
    ASSERT_TRUE(opened) << opened.error().text;
    const auto partition = static_cast<store::PartitionId>(subjects_.PartitionOf(UserId(user)));
    auto row = (*opened)->GetSession(partition, user);
    ASSERT_TRUE(row && row->has_value());
    auto batch = std::make_shared<store::CheckpointBatch>(partition);
    batch->PutSession(user, "\xff\xff garbage");
    Inline executor;
    std::promise<bool> written;
    (*opened)->Write(batch, &executor,
                     [&](const Result<void>& done) { written.set_value(done.has_value()); });
    ASSERT_TRUE(written.get_future().get());
  }

  test::TempDir dir_;
  uint32_t partition_ = 0;  // Of ada.
  Gateway gateway_{stack_.nats().Connect("gateway")};
  std::unique_ptr<Process> tools_;
};

TEST_F(Operators, PartitionsWithoutAnOwnerAreNobodys) {
  Send("ada", "a", "1", R"("start":{"course":"small"})");
  const json nobodys = Partition(partition_);
  EXPECT_EQ(nobodys["state"], "nobody");
  EXPECT_EQ(nobodys["log_end"], 1);
  EXPECT_TRUE(Says(Lyceum("operator", {"partition"}), "nobody"));
  StartWorkers();
  ASSERT_TRUE(Reaches(partition_, "reading"));
  ASSERT_TRUE(test::Eventually(seconds(20), [&] {
    const json row = Partition(partition_);
    return row["behind"] == 0 && row["position"] == row["log_end"] && row["position"] >= 1 &&
           row["checkpoint"] == row["position"];
  }));
  EXPECT_EQ(Partition(partition_)["owner"], "session-test");
  EXPECT_EQ(Partition(partition_)["fold_version"], tutor::kFoldVersion);
  const Ran resume = Lyceum("operator", {"partition", "resume", std::to_string(partition_)});
  EXPECT_EQ(resume.code, 1);
  EXPECT_TRUE(Says(resume, "is not halted")) << resume.err;
}

TEST_F(Operators, WithoutAnOwnerACommandIsExit3) {
  for (const auto& args : std::vector<std::vector<std::string>>{
           {"partition", "resume", "3", "--timeout", "1"},
           {"session", "rebuild", "ada", "--timeout", "1"},
           {"replay", "--partition", "3", "--verify", "--timeout", "1"}}) {
    const Ran ran = Lyceum("operator", args);
    EXPECT_EQ(ran.code, 3) << args[0] << ran.err;
    EXPECT_TRUE(Says(ran, "session worker")) << args[0] << ran.err;
  }
}

TEST_F(Operators, ARecordThatIsDeletedIsNamedOfItsLearnerAlone) {
  StartWorkers();
  Begin("ada", "a");
  Begin("bob", "b");
  ASSERT_EQ(Verify("ada").code, 0);
  Delete(UserId("ada"), 1);
  const Ran ran = Lyceum("operator", {"replay", "ada", "--verify", "--json"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(Lines(ran.out).back()["extra"][0], 1) << ran.out;
  EXPECT_TRUE(Says(ran, "of the session")) << ran.err;
  EXPECT_EQ(Verify("bob").code, 0);
}

TEST_F(Operators, AWholePartitionIsCompared) {
  StartSessionWorker();
  constexpr size_t kUsers = 700;
  std::vector<std::string> users;
  for (int i = 0; users.size() < kUsers; ++i) {
    std::string user = fmt::format("u{}", i);
    if (subjects_.PartitionOf(UserId(user)) == partition_) users.push_back(std::move(user));
  }
  for (const std::string& user : users) {
    Send(user, "none", user + "-1", R"("start":{"course":"small"})");
  }
  Send(users[7], "none", "hint", R"("hint":{})");
  ASSERT_TRUE(test::Eventually(seconds(30),
                               [&] { return Partition(partition_)["position"] >= kUsers + 1; }));
  const std::vector<std::string> args = {
      "replay", "--partition", std::to_string(partition_), "--verify", "--memory", "1", "--json"};
  const Ran same = Lyceum("operator", args);
  EXPECT_EQ(same.code, 0) << same.err << same.out;
  const json summary = Lines(same.out).back();
  EXPECT_EQ(summary["sessions"], kUsers) << same.out;
  EXPECT_EQ(summary["different"], 0);
  EXPECT_GT(summary["passes"], 1);
  Delete(UserId(users[7]), kUsers + 1);
  const Ran different = Lyceum("operator", args);
  EXPECT_EQ(different.code, 1) << different.err;
  const std::vector<json> lines = Lines(different.out);
  ASSERT_EQ(lines.size(), 2u) << different.out;
  EXPECT_EQ(lines[0]["user"], users[7]);
  EXPECT_EQ(lines[0]["extra"], json({kUsers + 1}));
  EXPECT_EQ(lines[1]["different"], 1);
}

TEST_F(Operators, ALostTailHaltsItsPartitionUntilAnOperatorResumesIt) {
  StartWorkers();
  Begin("ada", "a");
  Begin("bob", "b");
  LoseTheTail();
  for (int start = 0; start < 2; ++start) {  // The halt outlives a restart.
    StartSessionWorker();
    ASSERT_TRUE(Reaches(partition_, "halted")) << stack_.session_worker_logs();
    EXPECT_NE(Partition(partition_)["halted_because"].get<std::string>().find("partition resume"),
              std::string::npos);
    Send("bob", "b", fmt::format("bob-{}", start), R"("hint":{})");
    EXPECT_TRUE(gateway_.Reply("b", fmt::format("bob-{}", start)));
    if (start == 0) StopSessionWorker();
  }
  EXPECT_TRUE(Says(Lyceum("operator", {"partition"}), "halted"));
  const Ran resume = Lyceum("operator", {"partition", "resume", std::to_string(partition_)});
  EXPECT_EQ(resume.code, 0) << resume.err << stack_.session_worker_logs();
  ASSERT_TRUE(Reaches(partition_, "reading"));
  EXPECT_EQ(Partition(partition_)["lineage"], 1);
  Send("ada", "a", "after", R"("hint":{})");
  const auto reply = gateway_.Reply("a", "after");
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->message.id.starts_with(fmt::format("{}r1-", partition_))) << reply->message.id;
  const Ran verify = Lyceum("operator", {"replay", "ada", "--verify"});
  EXPECT_EQ(verify.code, 1);
  EXPECT_TRUE(Says(verify, "the session knows more than the log")) << verify.err;
  EXPECT_TRUE(Says(verify, "lineage 1")) << verify.err;
  EXPECT_EQ(Verify("bob").code, 0);
  // Who comes after it is folded with the ids of the new lineage, also again.
  std::string late = "late";
  while (subjects_.PartitionOf(UserId(late)) != partition_) late += "x";
  Begin(late, "a");
  const Ran same = Verify(late);
  EXPECT_EQ(same.code, 0) << same.err;
}

TEST_F(Operators, WhereToldToContinueItGoesOnByItself) {
  StartWorkers();
  Begin("ada", "a");
  LoseTheTail();
  StartSessionWorker({"--on-log-loss", "continue"});
  ASSERT_TRUE(Reaches(partition_, "reading")) << stack_.session_worker_logs();
  EXPECT_EQ(Partition(partition_)["lineage"], 1);
  const auto reply = gateway_.Reply("a", "new-11", seconds(20));
  ASSERT_TRUE(reply) << stack_.session_worker_logs();
  EXPECT_TRUE(reply->message.id.starts_with(fmt::format("{}r1-", partition_))) << reply->message.id;
}

// ops/runbook.md: backup and restore.
TEST_F(Operators, AServerThatIsRestoredFromACopyGoesOnOnceResumed) {
  StartWorkers();
  Begin("ada", "a");
  Begin("bob", "b");
  const std::string store = stack_.nats().store_dir(), copy = dir_ / "copy";
  const auto replace = [&](const std::string& from, const std::string& to) {
    stack_.nats().Stop();
    std::filesystem::remove_all(to);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
    stack_.nats().Restart();
  };
  replace(store, copy);
  Send("ada", "a", "lost", R"("hint":{})");
  ASSERT_TRUE(gateway_.Reply("a", "lost"));
  const Ran before = Lyceum("operator", {"state", "bob", "--json"});
  replace(copy, store);
  ASSERT_TRUE(Reaches(partition_, "halted")) << stack_.session_worker_logs();
  Send("bob", "b", "goes-on", R"("hint":{})");
  EXPECT_TRUE(gateway_.Reply("b", "goes-on"));
  EXPECT_EQ(Lyceum("operator", {"partition", "resume", std::to_string(partition_)}).code, 0);
  ASSERT_TRUE(Reaches(partition_, "reading")) << stack_.session_worker_logs();
  Send("ada", "a", "after", R"("hint":{})");
  EXPECT_TRUE(gateway_.Reply("a", "after")) << stack_.session_worker_logs();
  // The log is all that is needed.
  StopSessionWorker();
  std::filesystem::remove_all(stack_.data_dir());
  StartSessionWorker();
  ASSERT_TRUE(Reaches(partition_, "reading")) << stack_.session_worker_logs();
  EXPECT_EQ(Verify("ada").code, 0);
  EXPECT_EQ(Verify("bob").code, 0);
}

TEST_F(Operators, ADamagedSessionIsRefusedAloneAndRebuilt) {
  StartWorkers();
  Begin("ada", "a");
  Begin("bob", "b");
  Send("ada", "a", "q1", R"("message":{"text":"why?","intent":"QUESTION"})");
  ASSERT_TRUE(gateway_.Reply("a", "q1"));
  StopSessionWorker();
  DamageRow("ada");
  StartSessionWorker();
  ASSERT_TRUE(Reaches(partition_, "reading"));
  Send("ada", "a", "h1", R"("hint":{})");
  const auto refused = gateway_.Reply("a", "h1");
  ASSERT_TRUE(refused) << stack_.session_worker_logs();
  ASSERT_NE(BodyOf<tutor::ErrorOut>(*refused), nullptr);
  EXPECT_EQ(BodyOf<tutor::ErrorOut>(*refused)->code, "damaged");
  Send("bob", "b", "h2", R"("hint":{})");
  EXPECT_TRUE(gateway_.Reply("b", "h2"));
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"state", "ada"}, {"replay", "ada", "--verify"}}) {
    const Ran ran = Lyceum("operator", args);
    EXPECT_EQ(ran.code, 1) << ran.err;
    EXPECT_TRUE(Says(ran, "lyceum session rebuild ada")) << ran.err;
  }
  EXPECT_EQ(Lyceum("operator", {"session", "rebuild", "bob"}).code, 1);

  const Ran rebuilt = Lyceum("operator", {"session", "rebuild", "ada", "--json"});
  ASSERT_EQ(rebuilt.code, 0) << rebuilt.err << stack_.session_worker_logs();
  EXPECT_GE(json::parse(rebuilt.out)["records"], 4) << rebuilt.out;
  const Ran same = Verify("ada");
  EXPECT_EQ(same.code, 0) << same.err;
  Send("ada", "a", "go", R"("continue":{})");
  EXPECT_TRUE(gateway_.Reply("a", "go"));
  // It came into a checkpoint, its journal too.
  StopSessionWorker();
  StartSessionWorker();
  const Ran again = Verify("ada");
  EXPECT_EQ(again.code, 0) << again.err;
  const Ran state = Lyceum("operator", {"state", "ada", "--json"});
  EXPECT_EQ(json::parse(state.out)["history"][0]["index"], 1) << state.out;
}

// Its folder is gone, and the log no longer has what is in the snapshot.
TEST_F(Operators, AWorkerThatHasLostAllGoesOnFromItsSnapshot) {
  StartWorkers({"--snapshot-s", "1"});
  Begin("ada", "a");
  Begin("bob", "b");
  for (int i = 0; i < 5; ++i) {
    Send("ada", "a", fmt::format("q{}", i), R"("message":{"text":"why?","intent":"QUESTION"})");
    ASSERT_TRUE(gateway_.Reply("a", fmt::format("q{}", i)));
  }
  const Ran before = Lyceum("operator", {"state", "ada", "--json"});
  // Nobody but the admin may, and nothing that is younger goes.
  EXPECT_NE(Lyceum("operator", {"trim", "--older", "0s"}).code, 0);
  EXPECT_EQ(Lyceum("admin", {"trim", "--older", "soon"}).code, 2);
  const Ran young = Lyceum("admin", {"trim", "--older", "1h", "--json"});
  EXPECT_EQ(young.code, 0) << young.err << young.out;
  json trimmed;
  ASSERT_TRUE(test::Eventually(
      seconds(30),
      [&] {
        const Ran ran = Lyceum("admin", {"trim", "--older", "0s", "--dry-run", "--json"});
        for (const json& line : Lines(ran.out)) {
          if (line["partition"] == partition_) trimmed = line;
        }
        // The last record stays: by it the log is known.
        return trimmed["begins"] == Partition(partition_)["log_end"];
      }))
      << trimmed.dump() << stack_.session_worker_logs();
  EXPECT_GT(trimmed["trimmed"], 5);
  EXPECT_EQ(Lyceum("operator", {"replay", "ada", "--verify"}).code, 0) << "a dry run has trimmed";
  const Ran done = Lyceum("admin", {"trim", "--older", "0s", "--json"});
  EXPECT_TRUE(Says(done, "trimmed")) << done.out << done.err;

  StopSessionWorker();
  std::filesystem::remove_all(stack_.data_dir());
  StartSessionWorker({"--snapshot-s", "1"});
  ASSERT_TRUE(Reaches(partition_, "reading")) << stack_.session_worker_logs();
  EXPECT_NE(stack_.session_worker_logs().find("snapshot restored"), std::string::npos);
  const Ran after = Lyceum("operator", {"state", "ada", "--json"});
  EXPECT_EQ(json::parse(after.out)["history"], json::parse(before.out)["history"]);
  Send("ada", "a", "go", R"("continue":{})");
  EXPECT_TRUE(gateway_.Reply("a", "go"));
  const Ran replay = Lyceum("operator", {"replay", "ada"});
  EXPECT_TRUE(Says(replay, "trimmed")) << replay.err;
}

TEST_F(Operators, TheOpenCallOfARebuiltSessionIsAskedAgain) {
  StartSessionWorker();
  Send("ada", "a", "ada-start", R"("start":{"course":"small"})");
  ASSERT_TRUE(
      test::Eventually(seconds(20), [&] { return Partition(partition_)["checkpoint"] == 1; }));
  StopSessionWorker();
  DamageRow("ada");
  StartSessionWorker();
  ASSERT_TRUE(Reaches(partition_, "reading"));
  const Ran rebuilt = Lyceum("operator", {"session", "rebuild", "ada"});
  ASSERT_EQ(rebuilt.code, 0) << rebuilt.err;
  tools_ = stack_.StartToolWorker("t1");
  EXPECT_TRUE(gateway_.Hear(
      "a",
      [](const Gateway::Received& m) { return m.message.state == tutor::StateName::kExposition; },
      seconds(20)))
      << stack_.session_worker_logs();
  EXPECT_EQ(Verify("ada").code, 0);
}

// What comes while it is rebuilt is folded once, and answered.
TEST_F(Operators, RecordsThatComeWhileASessionIsRebuiltAreNotLost) {
  StartWorkers();
  Begin("ada", "a");
  for (int i = 0; i < 300; ++i) Send("ada", "a", fmt::format("before-{}", i), R"("hint":{})");
  ASSERT_TRUE(gateway_.Reply("a", "before-299", seconds(30)));
  StopSessionWorker();
  DamageRow("ada");
  StartSessionWorker();
  ASSERT_TRUE(Reaches(partition_, "reading"));
  Process rebuild({Program("lyceum"), "session", "rebuild", "ada"},
                  stack_.nats().env_for("operator"));
  int sent = 0;
  while (rebuild.running() && sent < 900) {
    Send("ada", "a", fmt::format("while-{}", sent++), R"("hint":{})");
  }
  ASSERT_EQ(rebuild.Wait(In(seconds(60))), 0) << rebuild.err() << stack_.session_worker_logs();
  Send("ada", "a", "last", R"("hint":{})");
  ASSERT_TRUE(gateway_.Reply("a", "last", seconds(30)));
  const Ran same = Verify("ada");
  EXPECT_EQ(same.code, 0) << same.err;
}

}  // namespace
}  // namespace lyceum
