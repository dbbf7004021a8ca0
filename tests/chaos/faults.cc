#include "faults.h"

#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <utility>

namespace lyceum::chaos {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAtOnce{0};
constexpr milliseconds kAway{300};
constexpr milliseconds kLong{2'500};  // Longer than anybody waits for one that is silent.
constexpr milliseconds kToStop{1'500};
constexpr int64_t kTakeOverMs = 1'000;
constexpr int64_t kHandOverMs = 200;
constexpr int64_t kToolMs = 5'000;  // A call that is lost is noticed after two heartbeats.
constexpr int64_t kServerMs = 5'000;

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
  return {of_one("kill", 6, kTakeOverMs, &Making::Killed),
          of_one("freeze", 3, kTakeOverMs, &Making::Frozen),
          of_one("stuck", 2, kTakeOverMs, &Making::Stuck),
          of_one("cut", 3, kTakeOverMs, &Making::CutOff),
          of_one("restart", 3, kHandOverMs, &Making::Stopped),
          of_all("rolling", 1, kHandOverMs, &Making::AllStopped),
          of_one("deleted", 1, kTakeOverMs, &Making::WithoutItsFolder),
          of_one("power", 2, kTakeOverMs, &Making::WithoutPower),
          of_all("server", 1, kServerMs, &Making::ServerKilled),
          of_all("tool-kill", 2, kToolMs, &Making::ToolsKilled),
          of_all("tool-freeze", 1, kToolMs, &Making::ToolsFrozen),
          of_all("garbage", 1, kHandOverMs, &Making::Garbage)};
}

}  // namespace lyceum::chaos
