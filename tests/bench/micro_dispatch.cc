// The dispatcher's table with many calls pending: one more comes, is sent and accepted, and the
// oldest one ends.
#include <fmt/format.h>

#include <deque>
#include <string>
#include <variant>
#include <vector>

#include "base/check.h"
#include "bench/micro.h"
#include "dispatch/dispatch_table.h"

namespace lyceum::bench {
namespace {

constexpr int64_t kNowMs = 1'000;
constexpr int64_t kDurationMs = 30'000;
constexpr uint64_t kSeed = 1;  // Of backoffs, of which there are none here.

CallId NextId(uint64_t* sequence) { return CallId(fmt::format("3-{}-0", ++*sequence)); }

class Running {
 public:
  explicit Running(size_t calls) : table_({}, kSeed), tool_(table_.ToolNamed("check_answer")) {
    table_.OnHeartbeat({.worker = "w",
                        .tools = {"check_answer"},
                        .slots = static_cast<uint32_t>(calls) + 1,
                        .free = static_cast<uint32_t>(calls) + 1,
                        .protobuf = true,
                        .direct = true},
                       kNowMs);
    for (size_t i = 0; i < calls; ++i) Put(MakeId());
    CHECK(table_.size() == calls);
  }

  CallId MakeId() { return NextId(&sequence_); }
  void Put(const CallId& id) {
    CHECK(table_.Add({id.value, 3, tool_, kDurationMs}, false, kNowMs) != 0);
    table_.DrainActions(&actions_);
    for (const dispatch::Action& action : actions_) {
      const auto& request = std::get<dispatch::SendRequest>(action);
      table_.OnAccepted(request.call, request.send, "w", kNowMs);
    }
    ids_.push_back(id);
  }
  void EndOldest() {
    table_.OnEnded(table_.Find(ids_.front().value), false, kNowMs);
    ids_.pop_front();
  }

 private:
  dispatch::DispatchTable table_;
  dispatch::DispatchTable::ToolNumber tool_;
  std::vector<dispatch::Action> actions_;
  std::deque<CallId> ids_;  // Running, oldest first.
  uint64_t sequence_ = 0;
};

void DispatcherPutEnd(benchmark::State& state) {
  Running running(static_cast<size_t>(state.range(0)));
  TimeCpu(
      state, [&] { return running.MakeId(); },
      [&](const CallId& id) {
        running.Put(id);
        running.EndOldest();
      });
}

BENCHMARK(DispatcherPutEnd)
    ->ArgName("pending")
    ->Arg(1'000)
    ->Arg(100'000)
    ->Iterations(400 * kCallsTimed)
    ->UseManualTime();

}  // namespace
}  // namespace lyceum::bench
