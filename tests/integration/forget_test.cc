// lyceum export and lyceum forget: a learner whose id, client and words are a canary, looked for byte by byte in every
// folder and in what every program has written. Real programs, a real nats-server.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli_fixture.h"
#include "support/gateway.h"

namespace lyceum {
namespace {

namespace fs = std::filesystem;

using std::chrono::seconds;
using test::Eventually;
using test::Gateway;
using test::Process;
using test::Program;
using test::Ran;

constexpr char kCanary[] = "c4n4ry7f3a";
constexpr char kUser[] = "c4n4ry7f3a-learner";
constexpr char kClient[] = "c4n4ry7f3a-client";

// The files below a folder that have it.
std::vector<std::string> FilesWithCanary(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code failed;
  for (fs::recursive_directory_iterator it(folder, failed), end; !failed && it != end;
       it.increment(failed)) {
    if (!it->is_regular_file(failed)) continue;
    std::ifstream file(it->path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    if (bytes.find(kCanary) != std::string::npos ||
        it->path().string().find(kCanary) != std::string::npos) {
      found.push_back(it->path());
    }
  }
  return found;
}

class Forget : public Installed {
 protected:
  void SetUp() override {
    test::WriteFile(dir_ / "small.toml", kCourse);
    stack_.ImportCourse(dir_ / "small.toml");
    partition_ = subjects_.PartitionOf(UserId(kUser));
    for (int i = 0; other_.empty(); ++i) {
      const std::string name = "neighbour-" + std::to_string(i);
      if (subjects_.PartitionOf(UserId(name)) == partition_) other_ = name;
    }
    gateway_.Listen(kClient);
    gateway_.Listen("other");
  }

  std::string folder(int worker) const { return dir_ / ("w" + std::to_string(worker)); }
  void StartWorker(int worker, const std::vector<std::string>& more = {}) {
    std::vector<std::string> args = {Program("lyceum-session-worker"),
                                     "--id",
                                     "w" + std::to_string(worker),
                                     "--data-dir",
                                     folder(worker),
                                     "--checkpoint-ms",
                                     "100"};
    args.insert(args.end(), more.begin(), more.end());
    workers_[worker] = std::make_unique<Process>(args, stack_.nats().env_for("session_worker"));
  }
  void StopWorker(int worker) {
    workers_[worker]->Terminate();
    ASSERT_EQ(workers_[worker]->Wait(In(seconds(20))), 0) << workers_[worker]->err();
  }
  void Send(const std::string& user, const std::string& client, const std::string& id,
            const std::string& kind) {
    const std::string event = fmt::format(R"({{"id":"{}","client":"{}",{}}})", id, client, kind);
    ASSERT_TRUE(Eventually(seconds(30), [&] { return gateway_.Send(user, event, id); }));
  }
  void Begin(const std::string& user, const std::string& client, const std::string& id) {
    Send(user, client, id, R"("start":{"course":"small"})");
    ASSERT_TRUE(gateway_.Hear(
        client,
        [&](const Gateway::Received& m) {
          return m.message.state == tutor::StateName::kExposition && m.user.value == user;
        },
        seconds(30)))
        << Logs();
  }
  // Words, a call of a tool, what nobody can read, and what lies in a wrong partition.
  void Talk() {
    Begin(kUser, kClient, fmt::format("{}-start", kCanary));
    for (int i = 0; i < 3; ++i) {
      const std::string id = fmt::format("{}-{}", kCanary, i);
      Send(kUser, kClient, id,
           fmt::format(R"("message":{{"text":"{}: why?","intent":"QUESTION"}})", kCanary));
      ASSERT_TRUE(gateway_.Reply(kClient, id, seconds(30))) << Logs();
    }
    Begin(other_, "other", "other-start");
    const std::string garbage = fmt::format("{} is no event", kCanary);
    const UserId user(kUser);
    const uint32_t wrong = (partition_ + 1) % subjects_.partitions();
    for (const std::string& subject : {subjects_.In(envelope::RecordClass::kUser, user),
                                       subjects_.Log(wrong, envelope::RecordClass::kUser, user)}) {
      ASSERT_TRUE(Eventually(seconds(10), [&] { return gateway_.SendTo(subject, garbage); }));
    }
    ASSERT_TRUE(Eventually(seconds(30), [&] { return Messages("LYCEUM_DLQ") == 2; })) << Logs();
  }
  uint64_t Messages(const std::string& stream) {
    const auto info = wire::GetStream(*stack_.nats().Connect("operator"), stream);
    return info && *info ? (*info)->messages : ~uint64_t{0};
  }
  uint64_t LastSnapshot() {
    const auto info = wire::GetStream(*stack_.nats().Connect("operator"), "LYCEUM_SNAPSHOTS");
    return info && *info ? (*info)->last_sequence : 0;
  }
  bool HasInStreams() {
    const auto connection = stack_.nats().Connect("operator");
    std::vector<std::string> streams = {"LYCEUM_DLQ", "LYCEUM_SNAPSHOTS"};
    for (uint32_t p = 0; p < subjects_.partitions(); ++p) streams.push_back(subjects_.LogStream(p));
    for (const std::string& stream : streams) {
      auto reader = wire::StreamReader::Open(*connection, stream, "", 1);
      if (!reader) return true;
      for (uint64_t pending = (*reader)->pending(); pending > 0;) {
        const auto message = (*reader)->Next(In(seconds(10)));
        if (!message || !*message) return true;
        const std::string all = (*message)->subject + (*message)->data;
        if (all.find(kCanary) != std::string::npos) return true;
        pending = (*message)->pending;
      }
    }
    return false;
  }
  std::string Logs() {
    std::string logs = stack_.nats().log();
    for (auto& [number, worker] : workers_) logs += worker->err() + worker->out();
    if (tools_ != nullptr) logs += tools_->err() + tools_->out();
    return logs;
  }
  std::vector<std::string> Left(const std::vector<std::string>& folders) {
    std::vector<std::string> left;
    // The server writes its lists of subjects anew some seconds after they have changed.
    Eventually(seconds(40), [&] {
      left.clear();
      for (const std::string& folder : folders) {
        for (const std::string& file : FilesWithCanary(folder)) left.push_back(file);
      }
      return left.empty();
    });
    return left;
  }
  Ran Run(const std::vector<std::string>& args) { return Lyceum("admin", args); }

  test::TempDir dir_;
  uint32_t partition_ = 0;
  std::string other_;  // A learner of the same partition.
  Gateway gateway_{stack_.nats().Connect("gateway")};
  std::map<int, std::unique_ptr<Process>> workers_;
  std::unique_ptr<Process> tools_;
};

TEST_F(Forget, NothingIsLeftInAnyFolderStreamOrLog) {
  StartWorker(1, {"--snapshot-s", "1"});
  StartWorker(2, {"--snapshot-s", "1"});
  tools_ = stack_.StartToolWorker("t1");
  Talk();
  // Until slots of snapshots are used again: what lies under the new file is nobody's to delete.
  for (int round = 0; round < 4; ++round) {
    const uint64_t last = LastSnapshot();
    const std::string id = fmt::format("{}-round-{}", kCanary, round);
    Send(kUser, kClient, id, R"("hint":{})");
    ASSERT_TRUE(Eventually(seconds(30), [&] { return LastSnapshot() >= last + 2; })) << Logs();
  }
  ASSERT_GT(LastSnapshot(), Messages("LYCEUM_SNAPSHOTS"));
  ASSERT_FALSE(FilesWithCanary(folder(1)).empty());
  ASSERT_FALSE(FilesWithCanary(folder(2)).empty());
  ASSERT_FALSE(FilesWithCanary(stack_.nats().store_dir()).empty());
  ASSERT_TRUE(HasInStreams());

  const std::string file = dir_ / "export.jsonl";
  const Ran exported = Lyceum("operator", {"export", kUser, "--out", file});
  ASSERT_EQ(exported.code, 0) << exported.err;
  struct stat about = {};
  ASSERT_EQ(stat(file.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  std::map<std::string, int> kinds;
  for (const json& line : Lines(test::ReadFile(file))) {
    ASSERT_TRUE(line.is_object());
    ++kinds[line.value("kind", "?")];
  }
  EXPECT_EQ(kinds["learner"], 1);
  EXPECT_EQ(kinds["session"], 1);
  EXPECT_GE(kinds["history"], 6) << "what was asked, and what was said";
  EXPECT_GE(kinds["record"], 9) << "events, results of tools, garbage twice";
  EXPECT_EQ(kinds["dead_letter"], 2);
  EXPECT_NE(test::ReadFile(file).find(": why?"), std::string::npos);
  EXPECT_EQ(Lyceum("operator", {"export", kUser, "--out", file}).code, 2) << "it is there already";
  fs::remove(file);

  const Ran forgot = Run({"forget", kUser, "--json"});
  ASSERT_EQ(forgot.code, 0) << forgot.err << Logs();
  std::map<std::string, json> receipts;
  for (const json& line : Lines(forgot.out)) receipts[line["place"]] = line;
  EXPECT_GE(receipts[subjects_.LogStream(partition_)]["erased"], 8) << forgot.out;
  EXPECT_EQ(receipts[subjects_.LogStream((partition_ + 1) % 16)]["erased"], 1) << forgot.out;
  EXPECT_EQ(receipts["LYCEUM_DLQ"]["erased"], 2) << forgot.out;
  EXPECT_GE(receipts["LYCEUM_SNAPSHOTS"]["erased"], 1) << forgot.out;
  EXPECT_TRUE(receipts.contains("w1") && receipts.contains("w2")) << forgot.out;

  EXPECT_FALSE(HasInStreams());
  EXPECT_EQ(Left({folder(1), folder(2), stack_.nats().store_dir()}), std::vector<std::string>());
  EXPECT_EQ(Logs().find(kCanary), std::string::npos) << Logs();
  EXPECT_EQ(Lyceum("operator", {"state", kUser}).code, 1);
  EXPECT_EQ(Lyceum("operator", {"export", kUser}).code, 1);

  const Ran again = Run({"forget", kUser});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_TRUE(Says(again, "nothing was there")) << again.out << again.err;

  // The others go on, and what they have is what the log makes, with its gaps.
  Send(other_, "other", "go", R"("continue":{})");
  EXPECT_TRUE(gateway_.Reply("other", "go", seconds(30)));
  const auto verified = [&](const std::vector<std::string>& args) {
    return Eventually(seconds(30), [&] { return Lyceum("operator", args).code == 0; });
  };
  EXPECT_TRUE(verified({"replay", other_, "--verify"}));
  EXPECT_TRUE(verified({"replay", "--partition", std::to_string(partition_), "--verify"}))
      << Lyceum("operator", {"replay", "--partition", std::to_string(partition_), "--verify"}).err;

  // Snapshots are made anew, without.
  EXPECT_TRUE(Eventually(seconds(60), [&] { return Messages("LYCEUM_SNAPSHOTS") > 0; })) << Logs();
  stack_.nats().Stop();
  EXPECT_EQ(Left({stack_.nats().store_dir()}), std::vector<std::string>());
}

// A log that begins with a gap is not one that was trimmed, and whoever comes back is a newcomer.
TEST_F(Forget, AWorkerWithNothingFoldsALogWhoseFirstRecordsAreErased) {
  StartWorker(1, {"--snapshot-s", "0"});
  tools_ = stack_.StartToolWorker("t1");
  Talk();
  ASSERT_EQ(Run({"forget", kUser}).code, 0) << Logs();
  const auto info =
      wire::GetStream(*stack_.nats().Connect("operator"), subjects_.LogStream(partition_));
  ASSERT_TRUE(info && *info);
  ASSERT_GT((*info)->first_sequence, 1u) << "the learner's were the first ones";
  StopWorker(1);
  fs::remove_all(folder(1));
  StartWorker(1, {"--snapshot-s", "0"});
  Send(other_, "other", "go", R"("continue":{})");
  EXPECT_TRUE(gateway_.Reply("other", "go", seconds(30))) << Logs();
  EXPECT_TRUE(Eventually(seconds(30), [&] {
    return Lyceum("operator", {"replay", "--partition", std::to_string(partition_), "--verify"})
               .code == 0;
  })) << Lyceum("operator", {"replay", "--partition", std::to_string(partition_), "--verify"}).err;
  Begin(kUser, kClient, "back");
  EXPECT_EQ(Lyceum("operator", {"state", kUser}).code, 0);
  EXPECT_EQ(Run({"forget", kUser}).code, 0) << "once more";
  EXPECT_EQ(Lyceum("operator", {"state", kUser}).code, 1);
}

// A folder that was away has the learner until it comes back.
TEST_F(Forget, AWorkerThatWasAwayErasesWhenItComesBack) {
  StartWorker(1);
  StartWorker(2);
  tools_ = stack_.StartToolWorker("t1");
  Talk();
  ASSERT_TRUE(Eventually(seconds(30), [&] { return !FilesWithCanary(folder(2)).empty(); }));
  StopWorker(2);
  ASSERT_TRUE(Eventually(seconds(40), [&] {
    const Ran ran = Run({"forget", kUser});
    return ran.code == 0;
  })) << Logs();
  EXPECT_EQ(Left({folder(1)}), std::vector<std::string>());
  ASSERT_FALSE(FilesWithCanary(folder(2)).empty());
  StartWorker(2);
  EXPECT_EQ(Left({folder(2)}), std::vector<std::string>()) << Logs();
}

TEST_F(Forget, WhereNobodyOwnsThePartitionItSaysSo) {
  EXPECT_EQ(Run({"forget", kUser, "--timeout", "1"}).code, 3);
  EXPECT_EQ(Run({"forget"}).code, 2);
  EXPECT_EQ(Lyceum("operator", {"export", kUser, "--timeout", "1"}).code, 3);
  // An operator may say no such thing.
  StartWorker(1);
  tools_ = stack_.StartToolWorker("t1");
  Talk();
  EXPECT_NE(Lyceum("operator", {"forget", kUser, "--timeout", "2"}).code, 0);
  EXPECT_EQ(Lyceum("operator", {"state", kUser}).code, 0);
}

}  // namespace
}  // namespace lyceum
