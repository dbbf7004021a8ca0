// What the NATS server has on its disk is damaged: the partition halts, or goes on as the next lineage, and no new record
// is skipped. LYCEUM_DAMAGES says how often.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <vector>

#include "cli_fixture.h"
#include "envelope/messages.h"
#include "support/gateway.h"
#include "support/seed.h"

namespace lyceum {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Gateway;

enum class Damage { kFlippedBit, kCut, kCreatedAnew, kTrimmed };
constexpr const char* kNames[] = {"flipped bit", "cut", "created anew", "trimmed"};

class DamagedLog : public Installed, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    test::WriteFile(dir_ / "small.toml", kCourse);
    stack_.ImportCourse(dir_ / "small.toml");
    partition_ = subjects_.PartitionOf(UserId("ada"));
    gateway_.Listen("a");
    StartSessionWorker();
    tools_ = stack_.StartToolWorker("t1");
    Send("start", R"("start":{"course":"small"})");
    ASSERT_TRUE(gateway_.Reply("a", "start", seconds(20))) << stack_.session_worker_logs();
  }
  void StartSessionWorker() {
    stack_.StartSessionWorker({"--checkpoint-ms", "100", "--on-log-loss", GetParam()});
  }
  void Send(const std::string& id, const std::string& kind) {
    const std::string event = fmt::format(R"({{"id":"{}","client":"a",{}}})", id, kind);
    ASSERT_TRUE(test::Eventually(seconds(30), [&] { return gateway_.Send("ada", event, id); }))
        << id << stack_.nats().log();
  }
  void Hint(const std::string& id) { Send(id, R"("hint":{})"); }
  std::string StreamFolder() {
    for (const auto& entry : fs::recursive_directory_iterator(stack_.nats().store_dir())) {
      if (entry.is_directory() && entry.path().filename() == subjects_.LogStream(partition_)) {
        return entry.path();
      }
    }
    throw std::runtime_error("the server has no such stream");
  }
  // Of the block files, not empty.
  std::string AnyBlock() {
    std::vector<std::string> blocks;
    for (const auto& entry : fs::directory_iterator(fs::path(StreamFolder()) / "msgs")) {
      if (entry.path().extension() == ".blk" && entry.file_size() > 0)
        blocks.push_back(entry.path());
    }
    return blocks.empty() ? "" : blocks[random_() % blocks.size()];
  }
  // The server is not running.
  void Do(Damage damage) {
    if (damage == Damage::kCreatedAnew) return void(fs::remove_all(StreamFolder()));
    const std::string block = AnyBlock();
    if (block.empty()) return;
    const uint64_t size = fs::file_size(block);
    // Where there are unfolded records, among them.
    const uint64_t offset =
        unfolded_ ? size - 1 - random_() % std::min<uint64_t>(size, 400) : random_() % size;
    if (damage == Damage::kCut) return fs::resize_file(block, offset);
    std::fstream file(block, std::ios::in | std::ios::out | std::ios::binary);
    char byte = 0;
    file.seekg(static_cast<std::streamoff>(offset)).get(byte);
    byte = static_cast<char>(byte ^ (1 << random_() % 8));
    file.seekp(static_cast<std::streamoff>(offset)).put(byte);
  }
  void Purge() {
    const auto admin = stack_.nats().Connect("admin");
    ASSERT_TRUE(admin->Request(
        {.subject = "$JS.API.STREAM.PURGE." + subjects_.LogStream(partition_), .data = "{}"},
        seconds(10)));
  }
  uint64_t LogEnd() {
    const auto info =
        wire::GetStream(*stack_.nats().Connect("operator"), subjects_.LogStream(partition_));
    return info && *info ? (*info)->last_sequence : 0;
  }
  size_t PassedOver() const {
    const std::string logs = stack_.session_worker_logs();
    size_t count = 0;
    for (size_t at = logs.find("is passed over"); at != std::string::npos;
         at = logs.find("is passed over", at + 1)) {
      ++count;
    }
    return count;
  }
  // The server has nothing of it any more.
  void CreateAnew() {
    stack_.nats().Stop();
    fs::remove_all(StreamFolder());
    stack_.nats().Restart();
    ASSERT_EQ(Lyceum("admin", {"init"}).code, 0);
  }
  // Answered, with a halt in between where one has to be. What the server cannot read itself nobody can.
  bool Goes(std::string id, bool* halted) {
    size_t passed = PassedOver(), unread = 0;
    return test::Eventually(seconds(90), [&] {
      if (gateway_.Reply("a", id, milliseconds(500))) return true;
      // What the server has lost the learner says again.
      if (const size_t now = PassedOver(); now > passed) {
        passed = now;
        Hint(id += "-again");
      }
      const json partition = Partition(partition_);
      if (partition.value("state", "") != "halted") return false;
      const std::string why = partition.value("halted_because", "");
      // Where it is one record the others go on.
      if (why.find("cannot be read") != std::string::npos) ++unread;
      const bool readable = why.find("no record comes") == std::string::npos &&
                            unread < (GetParam() == "halt" ? 2 : 1);
      if (!readable) CreateAnew();
      *halted = *halted || readable;
      (void)Lyceum("operator", {"partition", "resume", std::to_string(partition_)});
      if (!readable) Hint(id += "-again");
      return false;
    });
  }
  // Whatever was said under one id is one thing.
  void ExpectOneContentForEachId() {
    std::map<std::string, std::string> said;
    for (const auto& received : gateway_.Everything("a", milliseconds(100))) {
      if (received.message.n == 0) continue;
      const std::string bytes = envelope::EncodeClientMessage(received.user, received.message,
                                                              envelope::Encoding::kProtobuf);
      const auto [known, added] = said.try_emplace(received.message.id, bytes);
      EXPECT_TRUE(added || known->second == bytes) << received.message.id;
    }
  }
  void Round(int round) {
    const auto damage = static_cast<Damage>(random_() % std::size(kNames));
    const bool running = random_() % 2 == 0;
    unfolded_ = !running && random_() % 2 == 0;
    SCOPED_TRACE(fmt::format("round {}: {}, the worker {}", round, kNames[static_cast<int>(damage)],
                             running ? "runs" : "is stopped"));
    for (int i = 0; i < 3; ++i) {
      const std::string id = fmt::format("r{}-{}", round, i);
      Hint(id);
      ASSERT_TRUE(gateway_.Reply("a", id, seconds(20))) << stack_.session_worker_logs();
    }
    const uint64_t folded = LogEnd();
    if (!running) {
      stack_.session_worker().Terminate();
      ASSERT_EQ(stack_.session_worker().Wait(In(seconds(20))), 0) << stack_.session_worker_logs();
    }
    for (int i = 0; unfolded_ && i < 3; ++i) Hint(fmt::format("r{}-unfolded-{}", round, i));
    stack_.nats().Stop();
    Do(damage);
    stack_.nats().Restart();
    if (damage == Damage::kCreatedAnew) {
      ASSERT_EQ(Lyceum("admin", {"init"}).code, 0);
    }
    if (damage == Damage::kTrimmed) Purge();
    const bool shorter = LogEnd() < folded;
    if (!running) StartSessionWorker();
    const std::string id = fmt::format("r{}-new", round);
    Hint(id);
    bool halted = false;
    ASSERT_TRUE(Goes(id, &halted)) << stack_.session_worker_logs() << stack_.nats().log();
    const bool may_halt = GetParam() == "halt";
    // One that cannot be read halts too.
    if (shorter || !unfolded_) {
      EXPECT_EQ(halted, may_halt && shorter) << Partition(partition_);
    }
    EXPECT_FALSE(halted && !may_halt) << Partition(partition_);
    ExpectOneContentForEachId();
  }

  test::TempDir dir_;
  uint32_t partition_ = 0;
  bool unfolded_ = false;  // The log has records that nobody has folded.
  Gateway gateway_{stack_.nats().Connect("gateway")};
  std::unique_ptr<test::Process> tools_;
  const uint64_t seed_ = test::Seed();
  std::mt19937_64 random_{seed_};
};

TEST_P(DamagedLog, HaltsItsPartitionOrGoesOnAndSkipsNothingNew) {
  const char* const wanted = std::getenv("LYCEUM_DAMAGES");
  const int rounds = wanted == nullptr ? 4 : std::atoi(wanted);
  for (int round = 0; round < rounds && !HasFatalFailure(); ++round) Round(round);
}
std::string NameOf(const testing::TestParamInfo<std::string>& one) { return one.param; }
INSTANTIATE_TEST_SUITE_P(OnLogLoss, DamagedLog, testing::Values("halt", "continue"), NameOf);

}  // namespace
}  // namespace lyceum
