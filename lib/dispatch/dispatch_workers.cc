// The workers of the table: what their heartbeats tell, and who is silent.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "dispatch/dispatch_table.h"

namespace lyceum::dispatch {
namespace {

constexpr size_t kWorkersMax = 10'000;  // Alive.
constexpr uint32_t kMissedMax = 2;

}  // namespace

void DispatchTable::OnHeartbeat(const Heartbeat& heartbeat, int64_t now) {
  NoticeGap(now);
  const uint32_t number = WorkerNamed(heartbeat.worker, now);
  if (number == kNoWorker) return;
  workers_[number].alive_ms = std::max(workers_[number].alive_ms, now);
  told_tools_.clear();
  for (const std::string& name : heartbeat.tools) {
    ToolNumber tool = 0;
    if (!KnownTool(name, &tool)) continue;
    if (std::find(told_tools_.begin(), told_tools_.end(), tool) != told_tools_.end()) continue;
    tools_[tool].served_ms = std::max(tools_[tool].served_ms, now);
    told_tools_.push_back(tool);
  }
  Describe(number, heartbeat, told_tools_);
  ++heartbeats_;
  for (const CallId& id : heartbeat.in_flight) {
    Call* call = Get(Find(id.value));
    if (call == nullptr || call->state == State::kFailed) continue;
    call->listed = heartbeats_;
    if (call->state != State::kRunning) {
      Run(*call, number, now);
    } else if (call->worker == number) {
      call->missed = 0;
    }
  }
  Worker& worker = workers_[number];
  for (size_t i = worker.running.size(); i-- > 0;) {  // A lost one is replaced by the last.
    Call& call = At(worker.running[i]);
    if (call.listed == heartbeats_ || reading_paused_) continue;
    if (++call.missed >= kMissedMax) Lose(call);
  }
  worker.free = std::min<size_t>(heartbeat.free, worker.slots);
  if (heartbeat.free > 0 && backoffs_ > 0) {
    for (const ToolNumber tool : told_tools_) EndBackoff(tools_[tool], now);
  }
  SendWaiting(now);
}

void DispatchTable::ForgiveSilence(int64_t now) {
  for (Worker& worker : workers_) worker.alive_ms = std::max(worker.alive_ms, now);
}

// Alive from now on, if it was not. kNoWorker: there are too many.
uint32_t DispatchTable::WorkerNamed(std::string_view name, int64_t now) {
  auto found = worker_numbers_.find(name);
  if (found != worker_numbers_.end() && workers_[found->second].live) return found->second;
  if (live_workers_ >= kWorkersMax) return kNoWorker;
  if (found == worker_numbers_.end()) {
    if (free_workers_.empty()) {
      free_workers_.push_back(static_cast<uint32_t>(workers_.size()));
      workers_.emplace_back();
    }
    found = worker_numbers_.emplace(name, free_workers_.back()).first;
    free_workers_.pop_back();
    Worker& added = workers_[found->second];
    CHECK(added.references == 0 && added.running.empty() && added.asked == 0);
    added.name = name;
    added.answered_ms = added.unanswered_ms = added.unanswered_sent_ms = INT64_MIN;
  }
  Worker& worker = workers_[found->second];
  worker.live = true;
  worker.alive_ms = now;
  ++live_workers_;
  silence_ms_ = std::min(silence_ms_, now + options_.silent_ms);
  return found->second;
}

void DispatchTable::Describe(uint32_t number, const Heartbeat& heartbeat,
                             const std::vector<ToolNumber>& tools) {
  Worker& worker = workers_[number];
  if (worker.slots == heartbeat.slots && worker.protobuf == heartbeat.protobuf &&
      worker.direct == heartbeat.direct && worker.tools == tools) {
    return;
  }
  Part(number);
  worker.slots = heartbeat.slots;
  worker.protobuf = heartbeat.protobuf;
  worker.direct = heartbeat.direct;
  worker.tools = tools;
  Join(number);
}

void DispatchTable::Join(uint32_t number) {
  const Worker& worker = workers_[number];
  for (const ToolNumber of : worker.tools) {
    ToolState& tool = tools_[of];
    tool.slots += worker.slots;
    tool.running += worker.running.size();
    tool.workers += 1;
    tool.json_workers += worker.protobuf ? 0 : 1;
    if (worker.direct) tool.direct.push_back(number);
  }
}

void DispatchTable::Part(uint32_t number) {
  const Worker& worker = workers_[number];
  for (const ToolNumber of : worker.tools) {
    ToolState& tool = tools_[of];
    tool.slots -= worker.slots;
    tool.running -= worker.running.size();
    tool.workers -= 1;
    tool.json_workers -= worker.protobuf ? 0 : 1;
    if (worker.direct) std::erase(tool.direct, number);
  }
}

void DispatchTable::Release(uint32_t number) {
  Worker& worker = workers_[number];
  CHECK(worker.references > 0);
  if (--worker.references > 0 || worker.live) return;
  worker_numbers_.erase(worker_numbers_.find(worker.name));
  free_workers_.push_back(number);
}

void DispatchTable::LoseSilent(int64_t now) {
  if (now < silence_ms_) return;
  silence_ms_ = INT64_MAX;
  for (uint32_t number = 0; number < workers_.size(); ++number) {
    Worker& worker = workers_[number];
    if (!worker.live) continue;
    if (now - worker.alive_ms < options_.silent_ms) {
      silence_ms_ = std::min(silence_ms_, worker.alive_ms + options_.silent_ms);
      continue;
    }
    Part(number);
    worker.slots = worker.free = 0;
    worker.protobuf = worker.direct = false;
    worker.tools.clear();
    worker.live = false;
    --live_workers_;
    ++worker.references;  // Until its calls are out.
    while (!worker.running.empty()) Lose(At(worker.running.back()));
    Release(number);
  }
}

void DispatchTable::CheckInvariants() const {
  struct Counted {
    size_t calls = 0, failed = 0, waiting = 0, sent = 0, slots = 0, running = 0, workers = 0,
           json = 0, direct = 0;
  };
  std::vector<Counted> tools(tools_.size());
  std::vector<uint32_t> references(workers_.size());
  std::vector<size_t> asked(workers_.size());
  size_t calls = 0, running = 0, waiting = 0, sent = 0;
  for (uint32_t slot = 0; slot < slots(); ++slot) {
    const Call& call = At(slot);
    if (call.state == State::kFree) continue;
    ++calls;
    CHECK(SlotOf(call.number) == slot && Find(call.id.value) == call.number);
    CHECK(call.state == State::kFailed || call.wake_ms <= call.deadline_ms);
    CHECK(call.armed_ms <= call.wake_ms);
    CHECK((call.asked != kNoWorker) <= (call.state == State::kSent));
    CHECK((call.worker != kNoWorker) == (call.state == State::kRunning));
    CHECK(call.state != State::kWaiting || call.queued);
    for (size_t i = 0; i < call.worker_count; ++i) ++references[call.workers[i]];
    if (call.asked != kNoWorker) ++references[call.asked], ++asked[call.asked];
    ++tools[call.tool].calls;
    if (call.state == State::kFailed) ++tools[call.tool].failed;
    if (call.state == State::kWaiting) ++tools[call.tool].waiting, ++waiting;
    if (call.state == State::kSent) ++tools[call.tool].sent, ++sent;
    if (call.state != State::kRunning) continue;
    ++running;
    ++references[call.worker];
    CHECK(workers_[call.worker].live);
    CHECK(workers_[call.worker].running.at(call.running_index) == slot);
  }
  CHECK(calls == size() && calls + free_slots_.size() == slots());
  CHECK(waiting == waiting_ && sent == sent_);
  size_t live = 0, run_by_workers = 0;
  for (uint32_t number = 0; number < workers_.size(); ++number) {
    const Worker& worker = workers_[number];
    CHECK(worker.references == references[number] && worker.asked == asked[number]);
    CHECK(worker.free <= worker.slots);
    CHECK(!worker.live || silence_ms_ <= worker.alive_ms + options_.silent_ms);
    live += worker.live ? 1 : 0;
    run_by_workers += worker.running.size();
    for (const ToolNumber of : worker.tools) {
      tools[of].slots += worker.slots;
      tools[of].running += worker.running.size();
      ++tools[of].workers;
      tools[of].json += worker.protobuf ? 0 : 1;
      tools[of].direct += worker.direct ? 1 : 0;
    }
  }
  CHECK(live == live_workers_ && running == run_by_workers);
  CHECK(worker_numbers_.size() + free_workers_.size() == workers_.size());
  size_t waiting_tools = 0, backoffs = 0;
  for (size_t i = 0; i < tools_.size(); ++i) {
    const ToolState& tool = tools_[i];
    CHECK(tool.calls == tools[i].calls && tool.failed == tools[i].failed);
    CHECK(tool.waiting == tools[i].waiting && tool.sent == tools[i].sent);
    CHECK(tool.slots == tools[i].slots && tool.running == tools[i].running);
    CHECK(tool.workers == tools[i].workers && tool.json_workers == tools[i].json);
    CHECK(tool.direct.size() == tools[i].direct);
    CHECK(tool.window >= 1 && tool.window <= options_.window_max);
    waiting_tools += tool.waiting > 0 ? 1 : 0;
    backoffs += tool.backoff_ms > 0 ? 1 : 0;
  }
  CHECK(waiting_tools == waiting_tools_.size() && backoffs == backoffs_);
}

}  // namespace lyceum::dispatch
