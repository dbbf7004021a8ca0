// The calls of the table: events in, actions out. What is sent when is in dispatch_flow.cc, the
// workers are in dispatch_workers.cc.
#include "dispatch/dispatch_table.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace lyceum::dispatch {
namespace {

constexpr size_t kCancelledMax = 4096;
constexpr size_t kToolsMax = 1'000;
constexpr size_t kStaleWakesMax = 1024;  // Entries of the heap beside those that hold.

uint32_t HashOf(std::string_view id) {
  return static_cast<uint32_t>(std::hash<std::string_view>{}(id));
}

int64_t Later(int64_t now, int64_t ms) { return ms >= INT64_MAX - now ? INT64_MAX : now + ms; }

}  // namespace

DispatchTable::DispatchTable(Options options, uint64_t seed) : options_(options), random_(seed) {
  CHECK(options_.answer_ms_min > 0 && options_.answer_ms_min <= options_.ack_timeout_ms);
  CHECK(options_.calls_max < UINT32_MAX);
}

DispatchTable::ToolNumber DispatchTable::ToolNamed(std::string_view name) {
  ToolNumber tool = 0;
  CHECK(KnownTool(name, &tool));
  return tool;
}

// False: it is a new one, and there is no room.
bool DispatchTable::KnownTool(std::string_view name, ToolNumber* tool) {
  auto found = tool_numbers_.find(name);
  if (found == tool_numbers_.end()) {
    if (tools_.size() >= kToolsMax) return false;
    const auto number = static_cast<ToolNumber>(tools_.size());
    found = tool_numbers_.emplace(name, number).first;
    ToolState& state = tools_.emplace_back();
    state.name = name;
    state.window = options_.window_max;
  }
  *tool = found->second;
  return true;
}

CallNumber DispatchTable::Add(const NewCall& what, bool found, int64_t now) {
  CHECK(what.tool < tools_.size());
  NoticeGap(now);
  if (size() >= options_.calls_max) return 0;
  const uint32_t hash = HashOf(what.id);
  const auto same = [&](uint32_t slot) { return At(slot).id.value == what.id; };
  if (index_.Find(hash, same) != CallIndex::kNone) return 0;
  Call& call = NewSlot();
  call.id.value.assign(what.id);
  call.hash = hash;
  call.partition = what.partition;
  call.tool = what.tool;
  call.order = next_order_++;
  index_.Insert(hash, SlotOf(call.number));
  ++ToolOf(call).calls;
  const int64_t begin = found ? Later(now, options_.listen_ms) : now;
  call.deadline_ms = std::min(Later(begin, what.duration_ms), Later(now, what.deadline_cap_ms));
  if (found) {
    call.state = State::kListening;
    WakeAt(call, std::min(call.deadline_ms, begin));
    return call.number;
  }
  const ToolState& tool = ToolOf(call);
  if (waiting_ == 0 && now >= tool.open_ms && Room(tool) > 0 && now < call.deadline_ms) {
    Send(call, now);  // The same, without the detour of a queue.
  } else {
    Enqueue(call);
    SendWaiting(now);
  }
  return call.number;
}

DispatchTable::ToolFigures DispatchTable::FiguresOf(ToolNumber number) const {
  const ToolState& tool = tools_[number];
  return {tool.calls, tool.waiting, tool.failed, tool.workers, tool.slots};
}

CallNumber DispatchTable::Find(std::string_view id) const {
  const auto same = [&](uint32_t slot) { return At(slot).id.value == id; };
  const uint32_t slot = index_.Find(HashOf(id), same);
  return slot == CallIndex::kNone ? 0 : At(slot).number;
}

const CallId* DispatchTable::IdOf(CallNumber number) const {
  const Call* call = const_cast<DispatchTable*>(this)->Get(number);
  return call == nullptr ? nullptr : &call->id;
}

void DispatchTable::OnAccepted(CallNumber number, uint32_t send, std::string_view worker,
                               int64_t now) {
  NoticeGap(now);
  if (Call* call = Get(number)) {
    if (call->state == State::kFailed || send == 0 || send > call->send) return;
    const uint32_t accepted_by = WorkerNamed(worker, now);
    if (accepted_by == kNoWorker) return;  // Nothing would watch it: it goes out again.
    workers_[accepted_by].answered_ms = now;
    Learn(*call, send, now);
    Run(*call, accepted_by, now);
  } else if (const auto cancelled = cancelled_.find(number); cancelled != cancelled_.end()) {
    Cancel(cancelled->second, worker);
    cancelled_.erase(cancelled);
  }
  SendWaiting(now);
}

void DispatchTable::OnBusy(CallNumber number, uint32_t send, int64_t now) {
  NoticeGap(now);
  Call* call = GetSent(number, send);
  if (call == nullptr) return;
  ++counters_.busy;
  call->served = true;
  Learn(*call, send, now);
  if (call->asked != kNoWorker) {
    Worker& worker = workers_[call->asked];
    worker.free = 0;
    worker.answered_ms = now;
    worker.alive_ms = std::max(worker.alive_ms, now);
    StopAsking(*call);
    if (SendDirect(*call, now)) return;
  }
  Unanswered(*call, 1, now);
}

void DispatchTable::OnNoResponders(CallNumber number, uint32_t send, int64_t now) {
  NoticeGap(now);
  Call* call = GetSent(number, send);
  if (call == nullptr) return;
  if (call->asked == kNoWorker) return Unanswered(*call, 1, now);
  workers_[call->asked].unanswered_ms = now;
  workers_[call->asked].unanswered_sent_ms = now;  // It is gone, whatever it said before.
  StopAsking(*call);
  if (SendDirect(*call, now)) return;
  Leave(*call);  // That one worker is gone says nothing of the group.
  Enqueue(*call);
  SendWaiting(now);
}

void DispatchTable::OnNotSent(CallNumber number, uint32_t send, int64_t now) {
  NoticeGap(now);
  if (Call* call = GetSent(number, send)) Unanswered(*call, 1, now);
}

void DispatchTable::OnRefused(CallNumber number, int64_t now) {
  FailNow(number, Failure::kRefused, now);
}

void DispatchTable::OnBadResult(CallNumber number, int64_t now) {
  FailNow(number, Failure::kBadResult, now);
}

void DispatchTable::FailNow(CallNumber number, Failure why, int64_t now) {
  NoticeGap(now);
  Call* call = Get(number);
  if (call == nullptr || call->state == State::kFailed) return;
  Fail(*call, why);
  SendWaiting(now);
}

void DispatchTable::OnAgain(CallNumber number, int64_t now) {
  NoticeGap(now);
  Call* call = Get(number);
  if (call == nullptr || call->state == State::kFailed) return;
  if (now >= call->deadline_ms) return Wake(*call, now);
  Leave(*call);
  ++call->attempt;
  Send(*call, now);
}

void DispatchTable::OnEnded(CallNumber number, bool tell_worker, int64_t now) {
  NoticeGap(now);
  Call* call = Get(number);
  if (call == nullptr) return;
  if (tell_worker) {
    for (size_t i = 0; i < call->worker_count; ++i) {
      Cancel(call->id, workers_[call->workers[i]].name);
    }
    if (call->state == State::kSent && cancelled_.emplace(number, call->id).second) {
      cancelled_order_.push_back(number);
      if (cancelled_order_.size() > kCancelledMax) {
        cancelled_.erase(cancelled_order_.front());
        cancelled_order_.pop_front();
      }
    }
  }
  const bool frees_a_slot = call->state == State::kRunning;
  Erase(*call);
  if (frees_a_slot && backoffs_ > 0) {
    for (ToolState& tool : tools_) EndBackoff(tool, now);
  }
  SendWaiting(now);
}

void DispatchTable::DropPartition(uint16_t partition) {
  for (uint32_t slot = 0; slot < slots(); ++slot) {
    Call& call = At(slot);
    if (call.state != State::kFree && call.partition == partition) Erase(call);
  }
}

void DispatchTable::Tick(int64_t now) {
  NoticeGap(now);
  while (!wakes_.empty() && wakes_.front().key <= now) {
    const CallHeap::Entry entry = wakes_.front();
    wakes_.Pop();
    Call* call = Get(entry.call);
    if (call == nullptr || call->armed_ms != entry.key) continue;
    call->armed_ms = INT64_MAX;
    if (call->wake_ms <= now) {
      Wake(*call, now);
    } else if (call->wake_ms != INT64_MAX) {
      WakeAt(*call, call->wake_ms);
    }
  }
  LoseSilent(now);
  SendWaiting(now);
}

int64_t DispatchTable::NextTick() const {
  if (size() == 0 && live_workers_ == 0) return INT64_MAX;
  // Often enough for a gap to be one.
  int64_t next = seen_ms_ + options_.silent_ms / 4;
  if (!wakes_.empty()) next = std::min(next, wakes_.front().key);
  for (const ToolNumber number : waiting_tools_) {
    if (Room(tools_[number]) > 0) next = std::min(next, tools_[number].open_ms);
  }
  return std::min(next, silence_ms_);
}

void DispatchTable::DrainActions(std::vector<Action>* actions) {
  actions->clear();
  actions->swap(actions_);
}

DispatchTable::Call* DispatchTable::Get(CallNumber number) {
  if (SlotOf(number) >= slots()) return nullptr;
  Call& call = At(SlotOf(number));
  return call.number == number && call.state != State::kFree ? &call : nullptr;
}

DispatchTable::Call* DispatchTable::GetSent(CallNumber number, uint32_t send) {
  Call* call = Get(number);
  return call != nullptr && call->state == State::kSent && call->send == send ? call : nullptr;
}

DispatchTable::Call& DispatchTable::NewSlot() {
  if (free_slots_.empty()) {
    const uint32_t first = slots();
    chunks_.push_back(std::make_unique<Call[]>(kChunk));
    for (uint32_t i = kChunk; i-- > 0;) {
      At(first + i).number = first + i;
      free_slots_.push_back(first + i);
    }
  }
  Call& call = At(free_slots_.back());
  free_slots_.pop_back();
  const uint32_t slot = SlotOf(call.number);
  const uint32_t generation = static_cast<uint32_t>(call.number >> 32) + 1;
  call.number = uint64_t{generation == 0 ? 1 : generation} << 32 | slot;
  call.served = call.queued = false;
  call.missed = call.worker_count = 0;
  call.attempt = 1;
  call.send = call.listed = 0;
  call.wake_ms = call.armed_ms = INT64_MAX;
  return call;
}

void DispatchTable::WakeAt(Call& call, int64_t wake_ms) {
  call.wake_ms = wake_ms;
  if (wake_ms >= call.armed_ms) return;  // It is looked at before, and then armed again.
  call.armed_ms = wake_ms;
  wakes_.Push(wake_ms, call.number);
  if (wakes_.size() <= 2 * size() + kStaleWakesMax) return;
  wakes_.Keep([this](const CallHeap::Entry& entry) {
    const Call* of = Get(entry.call);
    return of != nullptr && of->armed_ms == entry.key;
  });
}

void DispatchTable::Leave(Call& call) {
  switch (call.state) {
    case State::kFree:
    case State::kListening:
      break;
    case State::kFailed:
      --ToolOf(call).failed;
      break;
    case State::kWaiting:
      --waiting_;
      if (--ToolOf(call).waiting == 0) std::erase(waiting_tools_, call.tool);
      break;
    case State::kSent:
      StopAsking(call);
      --ToolOf(call).sent;
      --sent_;
      break;
    case State::kRunning: {
      Worker& worker = workers_[call.worker];
      const uint32_t last = worker.running.back();
      worker.running[call.running_index] = last;
      At(last).running_index = call.running_index;
      worker.running.pop_back();
      worker.free = std::min(worker.free + 1, worker.slots);
      for (const ToolNumber tool : worker.tools) --tools_[tool].running;
      Release(std::exchange(call.worker, kNoWorker));
      break;
    }
  }
}

void DispatchTable::Erase(Call& call) {
  Leave(call);
  for (size_t i = 0; i < call.worker_count; ++i) Release(call.workers[i]);
  index_.Erase(call.hash, SlotOf(call.number));
  --ToolOf(call).calls;
  call.state = State::kFree;
  free_slots_.push_back(SlotOf(call.number));
}

void DispatchTable::Run(Call& call, uint32_t number, int64_t now) {
  Worker& worker = workers_[number];
  worker.alive_ms = std::max(worker.alive_ms, now);
  ++worker.references;  // Before Leave may let go of it.
  Leave(call);
  call.state = State::kRunning;
  call.served = true;
  call.missed = 0;
  call.worker = number;
  call.running_index = static_cast<uint32_t>(worker.running.size());
  worker.running.push_back(SlotOf(call.number));
  worker.free -= worker.free > 0 ? 1 : 0;
  for (const ToolNumber tool : worker.tools) ++tools_[tool].running;
  const auto end = call.workers.begin() + call.worker_count;
  if (call.worker_count < kWorkersOfCallMax &&
      std::find(call.workers.begin(), end, number) == end) {
    call.workers[call.worker_count++] = number;
    ++worker.references;
  }
  WakeAt(call, call.deadline_ms);
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
  call.wake_ms = INT64_MAX;
  ++ToolOf(call).failed;
  ++counters_.failed;
  ++counters_.failed_by[static_cast<size_t>(why)];
  actions_.emplace_back(std::in_place_type<FailCall>, FailCall{call.number, call.attempt, why});
}

void DispatchTable::Wake(Call& call, int64_t now) {
  if (now >= call.deadline_ms) {
    const int64_t served_ms = ToolOf(call).served_ms;
    const bool served =
        call.served || (served_ms != INT64_MIN && now - served_ms <= options_.silent_ms);
    return Fail(call, served ? Failure::kDeadline : Failure::kUnavailable);
  }
  if (call.state == State::kListening) return Enqueue(call);
  CHECK(call.state == State::kSent);
  OnSilence(call, now);
}

// Every event and every Tick says what time it is. Of an empty table nobody knows; that is no gap.
void DispatchTable::NoticeGap(int64_t now) {
  const int64_t gap = now - seen_ms_;
  if (gap > options_.silent_ms / 2 && size() + live_workers_ > 0) {
    ForgiveSilence(now);
    Postpone(gap);
  }
  seen_ms_ = std::max(seen_ms_, now);
}

void DispatchTable::Postpone(int64_t gap) {
  for (uint32_t slot = 0; slot < slots(); ++slot) {
    Call& call = At(slot);
    if (call.state == State::kFree || call.state == State::kFailed) continue;
    call.deadline_ms = Later(call.deadline_ms, gap);
    call.wake_ms = Later(call.wake_ms, gap);
    call.group_sent_ms += gap;
    call.sent_ms += gap;
    call.last_sent_ms += gap;
  }
}

void DispatchTable::Cancel(const CallId& id, std::string_view worker) {
  ++counters_.cancels;
  actions_.emplace_back(std::in_place_type<CancelCall>, CancelCall{id, std::string(worker)});
}

}  // namespace lyceum::dispatch
