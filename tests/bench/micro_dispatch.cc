// The dispatcher's table with many calls pending: one more comes, is sent and taken, and the oldest
// one ends.
#include <fmt/format.h>

#include <deque>
#include <string>
#include <variant>

#include "base/check.h"
#include "bench/micro.h"
#include "outbox/dispatch_table.h"

namespace lyceum::bench {
namespace {

using outbox::DispatchTable;

constexpr int64_t kNowMs = 1'000;
constexpr int64_t kDeadlineMs = 31'000;
constexpr uint64_t kSeed = 1;  // Of backoffs, of which there are none here.

class Running {
 public:
  explicit Running(size_t calls) : table_({}, kSeed) {
    table_.OnHeartbeat({.worker = "w",
                        .tools = {"check_answer"},
                        .slots = static_cast<uint32_t>(calls) + 1,
                        .free = static_cast<uint32_t>(calls) + 1,
                        .protobuf = true},
                       kNowMs);
    for (size_t i = 0; i < calls; ++i) Put(NextId());
    CHECK(table_.size() == calls);
  }

  CallId NextId() { return CallId(fmt::format("3-{}-0", ++sequence_)); }
  void Put(const CallId& id) {
    CHECK(table_.Add({id, 3, "check_answer", kDeadlineMs}, false, kNowMs));
    for (const outbox::Action& action : table_.TakeActions()) {
      table_.OnAccepted(std::get<outbox::SendRequest>(action).id, "w", kNowMs);
    }
    ids_.push_back(id);
  }
  void TakeOldest() {
    table_.OnEnded(ids_.front(), false, kNowMs);
    ids_.pop_front();
  }

 private:
  DispatchTable table_;
  std::deque<CallId> ids_;  // Running, oldest first.
  uint64_t sequence_ = 0;
};

void DispatcherPutTake(benchmark::State& state) {
  Running running(static_cast<size_t>(state.range(0)));
  TimeCpu(
      state, [&] { return running.NextId(); },
      [&](const CallId& id) {
        running.Put(id);
        running.TakeOldest();
      });
}
BENCHMARK(DispatcherPutTake)
    ->ArgName("pending")
    ->Arg(1'000)
    ->Arg(100'000)
    ->Iterations(400 * kCallsTimed)
    ->UseManualTime();

}  // namespace
}  // namespace lyceum::bench
