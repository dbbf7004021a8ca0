#include "outbox/dispatch_table.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace lyceum::outbox {
namespace {

constexpr size_t kCancelledMax = 4096;
constexpr size_t kWorkersMax = 10'000;
constexpr size_t kToolsMax = 1'000;
constexpr size_t kWorkersOfCallMax = 8;
constexpr uint32_t kMissedMax = 2;

}  // namespace

DispatchTable::DispatchTable(Options options, uint64_t seed) : options_(options), random_(seed) {}

bool DispatchTable::Add(const NewCall& what, bool found, int64_t now) {
  if (calls_.size() >= options_.calls_max || orders_.contains(what.id)) return false;
  const uint64_t order = next_order_++;
  orders_[what.id] = order;
  Call& call = calls_[order];
  call.what = what;
  call.order = order;
  if (found) {
    call.state = State::kListening;
    WakeAt(call, std::min(what.deadline_ms, now + options_.listen_ms));
  } else {
    Enqueue(call);
    SendWaiting(now);
  }
  return true;
}

void DispatchTable::OnAccepted(const CallId& id, const std::string& worker, int64_t now) {
  if (Call* call = Find(id)) {
    Run(*call, worker, now);
  } else if (cancelled_.erase(id) > 0) {
    Cancel(id, worker);
  }
  SendWaiting(now);
}

void DispatchTable::OnBusy(const CallId& id, uint32_t send, int64_t now) {
  Call* call = Find(id);
  if (call == nullptr || call->state != State::kSent || call->send != send) return;
  ++counters_.busy;
  call->served = true;
  Unanswered(*call, 1, now);
}

void DispatchTable::OnNobody(const CallId& id, uint32_t send, int64_t now) {
  Call* call = Find(id);
  if (call == nullptr || call->state != State::kSent || call->send != send) return;
  Unanswered(*call, 1, now);
}

void DispatchTable::OnRefused(const CallId& id, int64_t now) {
  Call* call = Find(id);
  if (call == nullptr || call->state == State::kFailed) return;
  Fail(*call, Failure::kRefused);
  SendWaiting(now);
}

void DispatchTable::OnHeartbeat(const Heartbeat& heartbeat, int64_t now) {
  if (!workers_.contains(heartbeat.worker) && workers_.size() >= kWorkersMax) return;
  Worker& worker = workers_[heartbeat.worker];
  worker.heard_ms = now;
  std::vector<std::string> known_tools;
  for (const std::string& name : heartbeat.tools) {
    if (tools_.contains(name) || tools_.size() < kToolsMax) {
      ToolNamed(name).served_ms = now;
      known_tools.push_back(name);
    }
  }
  Describe(worker, heartbeat.slots, heartbeat.protobuf, known_tools);
  std::unordered_set<uint64_t> listed;
  for (const CallId& id : heartbeat.in_flight) {
    Call* call = Find(id);
    if (call == nullptr || call->state == State::kFailed) continue;
    listed.insert(call->order);
    if (call->state != State::kRunning) {
      Run(*call, heartbeat.worker, now);
    } else if (call->worker == heartbeat.worker) {
      call->missed = 0;
    }
  }
  const std::set<uint64_t> running = worker.running;
  for (const uint64_t order : running) {
    Call& call = calls_.at(order);
    if (!listed.contains(order) && ++call.missed >= kMissedMax) Lose(call);
  }
  if (heartbeat.free > 0) {
    for (const std::string& name : known_tools) EndBackoff(ToolNamed(name), now);
  }
  SendWaiting(now);
}

void DispatchTable::OnAgain(const CallId& id, int64_t now) {
  Call* call = Find(id);
  if (call == nullptr || call->state == State::kFailed) return;
  Leave(*call);
  ++call->attempt;
  Send(*call, now);
}

void DispatchTable::OnEnded(const CallId& id, bool tell_worker, int64_t now) {
  Call* call = Find(id);
  if (call == nullptr) return;
  if (tell_worker) {
    for (const std::string& worker : call->workers) Cancel(id, worker);
    if (call->state == State::kSent && cancelled_.insert(id).second) {
      cancelled_order_.push_back(id);
      if (cancelled_order_.size() > kCancelledMax) {
        cancelled_.erase(cancelled_order_.front());
        cancelled_order_.pop_front();
      }
    }
  }
  const bool frees_a_slot = call->state == State::kRunning;
  Erase(*call);
  if (frees_a_slot) {
    for (auto& [name, tool] : tools_) EndBackoff(tool, now);
  }
  SendWaiting(now);
}

void DispatchTable::ForgiveSilence(int64_t now) {
  for (auto& [name, worker] : workers_) worker.heard_ms = std::max(worker.heard_ms, now);
}

void DispatchTable::DropPartition(store::PartitionId partition) {
  std::vector<uint64_t> dropped;
  for (const auto& [order, call] : calls_) {
    if (call.what.partition == partition) dropped.push_back(order);
  }
  for (const uint64_t order : dropped) Erase(calls_.at(order));
}

void DispatchTable::Tick(int64_t now) {
  if (ticked_ms_ != INT64_MIN && now - ticked_ms_ > options_.silent_ms / 2) ForgiveSilence(now);
  ticked_ms_ = now;
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    Wake(calls_.at(wakes_.begin()->second), now);
  }
  LoseSilent(now);
  SendWaiting(now);
}

int64_t DispatchTable::NextTick() const {
  int64_t next = wakes_.empty() ? INT64_MAX : wakes_.begin()->first;
  for (const auto& [name, tool] : tools_) {
    if (!tool.waiting.empty() && Room(tool) > 0) next = std::min(next, tool.open_ms);
  }
  for (const auto& [name, worker] : workers_) {
    if (!worker.running.empty()) next = std::min(next, worker.heard_ms + options_.silent_ms);
  }
  return next;
}

std::vector<Action> DispatchTable::TakeActions() { return std::exchange(actions_, {}); }

DispatchTable::Call* DispatchTable::Find(const CallId& id) {
  const auto order = orders_.find(id);
  return order == orders_.end() ? nullptr : &calls_.at(order->second);
}

DispatchTable::ToolState& DispatchTable::ToolOf(const Call& call) {
  return ToolNamed(call.what.tool);
}

DispatchTable::ToolState& DispatchTable::ToolNamed(const std::string& name) {
  return tools_.try_emplace(name, ToolState{.window = options_.window_max}).first->second;
}

size_t DispatchTable::Room(const ToolState& tool) const {
  const auto rest = [](size_t all, size_t used) { return all > used ? all - used : 0; };
  const size_t window = rest(tool.window, tool.sent);
  return tool.slots == 0 ? window : std::min(window, rest(tool.slots, tool.running + sent_));
}

void DispatchTable::Describe(Worker& worker, size_t slots, bool protobuf,
                             std::vector<std::string> tools) {
  if (worker.slots == slots && worker.protobuf == protobuf && worker.tools == tools) return;
  for (const std::string& name : worker.tools) {
    ToolState& tool = ToolNamed(name);
    tool.slots -= worker.slots;
    tool.running -= worker.running.size();
    tool.workers -= 1;
    tool.json_workers -= worker.protobuf ? 0 : 1;
  }
  worker.slots = slots;
  worker.protobuf = protobuf;
  worker.tools = std::move(tools);
  for (const std::string& name : worker.tools) {
    ToolState& tool = ToolNamed(name);
    tool.slots += worker.slots;
    tool.running += worker.running.size();
    tool.workers += 1;
    tool.json_workers += worker.protobuf ? 0 : 1;
  }
}

void DispatchTable::WakeAt(Call& call, int64_t wake_ms) {
  wakes_.erase({call.wake_ms, call.order});
  call.wake_ms = wake_ms;
  wakes_.insert({wake_ms, call.order});
}

void DispatchTable::Leave(Call& call) {
  switch (call.state) {
    case State::kListening:
    case State::kFailed:
      break;
    case State::kWaiting:
      ToolOf(call).waiting.erase(call.order);
      break;
    case State::kSent:
      --ToolOf(call).sent;
      --sent_;
      break;
    case State::kRunning:
      if (const auto worker = workers_.find(call.worker); worker != workers_.end()) {
        if (worker->second.running.erase(call.order) == 0) break;
        for (const std::string& name : worker->second.tools) --ToolNamed(name).running;
      }
      break;
  }
}

void DispatchTable::Erase(Call& call) {
  Leave(call);
  wakes_.erase({call.wake_ms, call.order});
  orders_.erase(call.what.id);
  calls_.erase(call.order);
}

void DispatchTable::Enqueue(Call& call) {
  call.state = State::kWaiting;
  ToolOf(call).waiting.insert(call.order);
  WakeAt(call, call.what.deadline_ms);
}

void DispatchTable::Send(Call& call, int64_t now) {
  call.state = State::kSent;
  ToolState& tool = ToolOf(call);
  ++tool.sent;
  ++sent_;
  WakeAt(call, std::min(call.what.deadline_ms, now + options_.ack_timeout_ms));
  ++counters_.dispatched;
  const bool protobuf = tool.workers > 0 && tool.json_workers == 0;
  actions_.push_back(SendRequest{call.what.id, call.attempt, ++call.send, protobuf});
}

void DispatchTable::SendWaiting(int64_t now) {
  while (Call* call = Next(now)) {
    Leave(*call);
    // What nobody could use any more is not sent; its wake fails it.
    if (now >= call->what.deadline_ms) {
      Wake(*call, now);
    } else {
      Send(*call, now);
    }
  }
}

// The oldest, of whatever tool: several tools wait for the same slots.
DispatchTable::Call* DispatchTable::Next(int64_t now) {
  uint64_t first = UINT64_MAX;
  for (const auto& [name, tool] : tools_) {
    if (tool.waiting.empty() || *tool.waiting.begin() >= first) continue;
    if (now >= tool.open_ms && Room(tool) > 0) first = *tool.waiting.begin();
  }
  return first == UINT64_MAX ? nullptr : &calls_.at(first);
}

void DispatchTable::Unanswered(Call& call, size_t window, int64_t now) {
  ToolState& tool = ToolOf(call);
  Leave(call);
  Enqueue(call);
  tool.window = std::max<size_t>(window, 1);
  if (now < tool.open_ms) return;  // Another call of the same round has set the backoff.
  tool.backoff_ms = tool.backoff_ms == 0 ? options_.backoff_first_ms
                                         : std::min(2 * tool.backoff_ms, options_.backoff_max_ms);
  std::uniform_int_distribution<int64_t> wait(tool.backoff_ms / 2, tool.backoff_ms);
  tool.open_ms = now + wait(random_);
}

void DispatchTable::Run(Call& call, const std::string& worker, int64_t now) {
  if (call.state == State::kFailed) return;
  Leave(call);
  call.state = State::kRunning;
  call.served = true;
  call.missed = 0;
  call.worker = worker;
  if (std::find(call.workers.begin(), call.workers.end(), worker) == call.workers.end() &&
      call.workers.size() < kWorkersOfCallMax) {
    call.workers.push_back(worker);
  }
  Worker& running = workers_[worker];
  running.heard_ms = std::max(running.heard_ms, now);
  if (running.running.insert(call.order).second) {
    for (const std::string& name : running.tools) ++ToolNamed(name).running;
  }
  WakeAt(call, call.what.deadline_ms);
  ToolState& tool = ToolOf(call);
  tool.window = std::min(tool.window + 1, options_.window_max);
  EndBackoff(tool, now);
}

void DispatchTable::Lose(Call& call) {
  ++counters_.lost;
  if (call.attempt >= options_.attempts_max) return Fail(call, Failure::kLost);
  Leave(call);
  ++call.attempt;
  call.missed = 0;
  Enqueue(call);
}

void DispatchTable::Fail(Call& call, Failure why) {
  Leave(call);
  call.state = State::kFailed;
  wakes_.erase({call.wake_ms, call.order});
  ++counters_.failed;
  actions_.push_back(FailCall{call.what.id, call.attempt, why});
}

void DispatchTable::Wake(Call& call, int64_t now) {
  if (now >= call.what.deadline_ms) {
    const int64_t served_ms = ToolOf(call).served_ms;
    const bool served =
        call.served || (served_ms != INT64_MIN && now - served_ms <= options_.silent_ms);
    return Fail(call, served ? Failure::kDeadline : Failure::kUnavailable);
  }
  if (call.state == State::kListening) return Enqueue(call);
  CHECK(call.state == State::kSent);
  Unanswered(call, ToolOf(call).window / 2, now);
}

void DispatchTable::LoseSilent(int64_t now) {
  for (auto it = workers_.begin(); it != workers_.end();) {
    if (now - it->second.heard_ms < options_.silent_ms) {
      ++it;
      continue;
    }
    Describe(it->second, 0, false, {});
    const std::set<uint64_t> running = std::move(it->second.running);
    it = workers_.erase(it);
    for (const uint64_t order : running) Lose(calls_.at(order));
  }
}

void DispatchTable::EndBackoff(ToolState& tool, int64_t now) {
  tool.backoff_ms = 0;
  tool.open_ms = std::min(tool.open_ms, now);
}

void DispatchTable::Cancel(const CallId& id, const std::string& worker) {
  ++counters_.cancels;
  actions_.push_back(CancelAt{id, worker});
}

}  // namespace lyceum::outbox
