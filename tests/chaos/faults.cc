#include "faults.h"

#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace lyceum::chaos {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAtOnce{0};
constexpr milliseconds kAway{300};
constexpr milliseconds kLong{2'500};  // Longer than anybody waits for one that is silent.
constexpr milliseconds kToStop{1'500};
constexpr milliseconds kUntilItSaysSo{10'000};
constexpr int64_t kTakeOverMs = 1'000;
constexpr int64_t kHandOverMs = 200;
constexpr int64_t kToolMs = 5'000;  // A call that is lost is noticed after two heartbeats.
constexpr int64_t kServerMs = 5'000;

// In the middle of the largest file of RocksDB's rows, of its log where there is none yet. Not of what was set aside.
void FlipABit(const std::string& folder) {
  std::filesystem::path largest;
  uintmax_t size = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string kind = file.path().extension();
    if (!file.is_regular_file() || (kind != ".sst" && kind != ".log")) continue;
    if (file.file_size() + (kind == ".sst" ? 1u << 30 : 0u) <= size) continue;
    largest = file.path();
    size = file.file_size() + (kind == ".sst" ? 1u << 30 : 0u);
  }
  if (largest.empty()) throw std::runtime_error("no file to spoil in " + folder);
  std::fstream bytes(largest, std::ios::in | std::ios::out | std::ios::binary);
  const auto at = static_cast<std::streamoff>(std::filesystem::file_size(largest) / 2);
  bytes.seekg(at);
  const int byte = bytes.get();
  bytes.seekp(at);
  bytes.put(static_cast<char>(byte ^ 0x10));
}

class Making {
 public:
  Making(test::Stack* stack, Fleet* fleet, ToolWorkers* tools)
      : stack_(stack), fleet_(fleet), tools_(tools) {}

  void Kill(const std::string& id) { fleet_->worker(id).Kill9(); }
  Step Start(const std::string& id) {
    return {[fleet = fleet_, id] { fleet->Start(id); }, kAtOnce, true};
  }
  std::vector<Step> Killed(const std::string& id) {
    return {{[this, id] { Kill(id); }, kAway}, Start(id)};
  }
  std::vector<Step> Frozen(const std::string& id) {
    return {{[this, id] { fleet_->worker(id).Signal(SIGSTOP); }, kLong},
            {[this, id] { fleet_->worker(id).Signal(SIGCONT); }, kAtOnce, true}};
  }
  // It ends by itself: its watchdog sees to that.
  std::vector<Step> Stuck(const std::string& id) {
    return {{[this, id] { fleet_->worker(id).StopFirstThread(); }, kLong},
            {[this, id] {
               if (fleet_->worker(id).running()) throw std::runtime_error(id + " does not end");
             },
             kAtOnce},
            Start(id)};
  }
  std::vector<Step> CutOff(const std::string& id) {
    return {{[this, id] { fleet_->Cut(id); }, kLong},
            {[this, id] { fleet_->Restore(id); }, kAtOnce, true}};
  }
  std::vector<Step> Stopped(const std::string& id) {
    return {{[this, id] { fleet_->worker(id).Terminate(); }, kToStop}, Start(id)};
  }
  std::vector<Step> AllStopped() {
    std::vector<Step> steps;
    for (const std::string& id : fleet_->ids()) {
      for (Step& step : Stopped(id)) steps.push_back(std::move(step));
    }
    return steps;
  }
  std::vector<Step> WithoutItsFolder(const std::string& id) {
    return {{[this, id] {
               Kill(id);
               std::filesystem::remove_all(fleet_->FolderOf(id));
             },
             kAway},
            Start(id)};
  }
  // What its disk had some seconds before is all that is left.
  std::vector<Step> WithoutPower(const std::string& id) {
    const std::string folder = fleet_->FolderOf(id);
    const std::string earlier = folder + ".earlier";
    return {{[this, id, folder, earlier] {
               fleet_->worker(id).Signal(SIGSTOP);
               std::filesystem::remove_all(earlier);
               std::filesystem::copy(folder, earlier, std::filesystem::copy_options::recursive);
               fleet_->worker(id).Signal(SIGCONT);
             },
             kLong},
            {[this, id, folder, earlier] {
               Kill(id);
               std::filesystem::remove_all(folder);
               std::filesystem::rename(earlier, folder);
             },
             kAway},
            Start(id)};
  }
  // The others own all before it can hold no more; once there is room it comes back by itself.
  std::vector<Step> WithAFullDisk(const std::string& id) {
    return {{[this, id] { fleet_->FillDisk(id); }, kUntilItSaysSo},
            {[this, id] {
               (void)fleet_->IsReady(0);
               if (!fleet_->OwnedBy(id).empty())
                 throw std::runtime_error(id + " gives nothing away");
               fleet_->FreeDisk(id);
             },
             kAtOnce, true}};
  }
  // One bit of what it has on disk is another one when it comes back. What it has not met by then it shall
  // not meet in the middle of the next fault.
  std::vector<Step> WithAFlippedBit(const std::string& id) {
    return {{[this, id] {
               Kill(id);
               FlipABit(fleet_->FolderOf(id));
             },
             kAway},
            {[this, id] { fleet_->Start(id); }, 2 * kLong},
            {[this] { (void)fleet_->IsReady(0); }, kLong},  // It ends where it has met it.
            {[] {}, kAtOnce, true},
            {[this, id] { fleet_->worker(id).Terminate(); }, kToStop},
            {[this, id] {
               Kill(id);  // It has ended long ago.
               std::filesystem::remove_all(fleet_->FolderOf(id));
             },
             kAtOnce},
            Start(id)};
  }
  // An operator gives one of its partitions to another.
  std::vector<Step> MovedAway(const std::string& id) {
    return {{[this, id] {
               (void)fleet_->IsReady(0);
               const std::set<uint32_t> owned = fleet_->OwnedBy(id);
               if (owned.empty()) return;
               std::vector<std::string> others = fleet_->ids();
               std::erase(others, id);
               moved_to_ = others[moved_++ % others.size()];
               partition_ = *owned.begin();
               operator_ = std::make_unique<test::Process>(
                   std::vector<std::string>{test::Program("lyceum"), "partition", "move",
                                            std::to_string(partition_), moved_to_},
                   stack_->env_for("operator"));
             },
             kLong},
            {[this] {
               if (operator_ == nullptr) return;
               (void)fleet_->IsReady(0);
               if (!fleet_->OwnedBy(moved_to_).contains(partition_)) {
                 throw std::runtime_error(
                     fmt::format("partition {} does not move: {}", partition_, operator_->err()));
               }
               operator_.reset();
             },
             kAtOnce, true}};
  }
  std::vector<Step> ServerKilled() {
    const size_t node = killed_++ % stack_->nodes();
    return {{[this, node] { stack_->node(node).Kill9(); }, stack_->nodes() > 1 ? kLong : kAway},
            {[this, node] { stack_->node(node).Restart(); }, kAtOnce, true}};
  }
  std::vector<Step> ToolsKilled() {
    return {{[this] { Tool()->Kill9(); }, kLong},
            {[this] { Tool() = stack_->StartToolWorker(tools_->begin()->first); }, kAtOnce, true}};
  }
  std::vector<Step> ToolsFrozen() {
    return {{[this] { Tool()->Signal(SIGSTOP); }, kLong},
            {[this] { Tool()->Signal(SIGCONT); }, kAtOnce, true}};
  }
  // Of nobody's session, in every partition, in all sizes.
  std::vector<Step> Garbage() {
    return {{[this] {
               const envelope::Subjects subjects;
               const auto connection = stack_->Connect("gateway");
               for (int i = 0; i < 64; ++i) {
                 (void)connection->Publish(
                     {.subject = subjects.In(envelope::RecordClass::kUser,
                                             UserId(fmt::format("nobody-{}", i))),
                      .data = std::string(size_t{1} << (i % 17), static_cast<char>(i * 7))});
               }
               (void)connection->Flush(milliseconds(1'000));
             },
             kAway, true}};
  }

 private:
  std::unique_ptr<test::Process>& Tool() { return tools_->begin()->second; }

  test::Stack* const stack_;
  Fleet* const fleet_;
  ToolWorkers* const tools_;
  size_t killed_ = 0;  // Nodes of the server.
  size_t moved_ = 0;
  std::unique_ptr<test::Process> operator_;  // Moves this partition.
  std::string moved_to_;
  uint32_t partition_ = 0;
};

}  // namespace

std::vector<Fault> FaultsOf(test::Stack* stack, Fleet* fleet, ToolWorkers* tools) {
  const auto making = std::make_shared<Making>(stack, fleet, tools);
  const auto of_one = [&](const char* name, int weight, int64_t bar_ms,
                          std::vector<Step> (Making::*steps)(const std::string&)) {
    return Fault{name, weight, bar_ms, true,
                 [making, steps](const std::string& id) { return (*making.*steps)(id); }};
  };
  const auto of_all = [&](const char* name, int weight, int64_t bar_ms,
                          std::vector<Step> (Making::*steps)()) {
    return Fault{name, weight, bar_ms, false,
                 [making, steps](const std::string&) { return (*making.*steps)(); }};
  };
  std::vector<Fault> all = {of_one("kill", 6, kTakeOverMs, &Making::Killed),
                            of_one("freeze", 3, kTakeOverMs, &Making::Frozen),
                            of_one("stuck", 2, kTakeOverMs, &Making::Stuck),
                            of_one("cut", 3, kTakeOverMs, &Making::CutOff),
                            of_one("restart", 3, kHandOverMs, &Making::Stopped),
                            of_all("rolling", 1, kHandOverMs, &Making::AllStopped),
                            of_one("deleted", 1, kTakeOverMs, &Making::WithoutItsFolder),
                            of_one("power", 2, kTakeOverMs, &Making::WithoutPower),
                            of_one("flipped", 2, kTakeOverMs, &Making::WithAFlippedBit),
                            of_one("move", 2, kHandOverMs, &Making::MovedAway),
                            of_all("server", 1, kServerMs, &Making::ServerKilled),
                            of_all("tool-kill", 2, kToolMs, &Making::ToolsKilled),
                            of_all("tool-freeze", 1, kToolMs, &Making::ToolsFrozen),
                            of_all("garbage", 1, kHandOverMs, &Making::Garbage)};
  if (fleet->has_disks()) {
    all.push_back(of_one("disk", 1, kHandOverMs, &Making::WithAFullDisk));
  } else {
    fmt::print("disk is not tried: this user may not mount one\n");
  }
  return all;
}

}  // namespace lyceum::chaos
