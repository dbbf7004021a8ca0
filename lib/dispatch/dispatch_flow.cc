// The flow of requests: which call is sent next, to whom, and what follows when nobody answers.
#include <algorithm>
#include <utility>

#include "dispatch/dispatch_table.h"

namespace lyceum::dispatch {
namespace {

constexpr size_t kStaleWaitingMax = 64;  // Entries of a heap beside those that hold.
constexpr size_t kLookedAtMax = 64;      // Direct workers that one choice compares.
constexpr int64_t kUsualPart = 8;        // A new answer is this part of the usual time.
constexpr int64_t kUsualTimes = 4;

}  // namespace

size_t DispatchTable::Room(const ToolState& tool) const {
  const auto rest = [](size_t all, size_t used) { return all > used ? all - used : 0; };
  const size_t window = rest(tool.window, tool.sent);
  return tool.slots == 0 ? window : std::min(window, rest(tool.slots, tool.running + sent_));
}

// How long a request waits before somebody else is asked.
int64_t DispatchTable::AnswerMs(const ToolState& tool) const {
  if (tool.direct.empty() || tool.usual_16th_ms < 0) return options_.ack_timeout_ms;
  return std::clamp(kUsualTimes * tool.usual_16th_ms / 16, options_.answer_ms_min,
                    options_.ack_timeout_ms);
}

void DispatchTable::Enqueue(Call& call) {
  ToolState& tool = ToolOf(call);
  call.state = State::kWaiting;
  ++waiting_;
  if (++tool.waiting == 1) waiting_tools_.push_back(call.tool);
  WakeAt(call, call.deadline_ms);
  if (call.queued) return;
  call.queued = true;
  tool.waiting_calls.Push(static_cast<int64_t>(call.order), call.number);
  if (tool.waiting_calls.size() <= 2 * tool.waiting + kStaleWaitingMax) return;
  tool.waiting_calls.Keep([this](const CallHeap::Entry& entry) {
    Call* of = Get(entry.call);
    if (of != nullptr) of->queued = of->state == State::kWaiting;
    return of != nullptr && of->queued;
  });
}

void DispatchTable::Send(Call& call, int64_t now) {
  call.state = State::kSent;
  ++ToolOf(call).sent;
  ++sent_;
  call.group_sent_ms = now;
  Emit(call, kNoWorker, now);
}

void DispatchTable::Emit(Call& call, uint32_t to_worker, int64_t now) {
  const ToolState& tool = ToolOf(call);
  call.last_sent_ms = call.send == 0 ? now : call.sent_ms;
  call.sent_ms = now;
  ++call.send;
  ++counters_.dispatched;
  WakeAt(call, std::min(call.deadline_ms, now + AnswerMs(tool)));
  actions_.emplace_back(std::in_place_type<SendRequest>);
  auto& request = std::get<SendRequest>(actions_.back());
  request.call = call.number;
  request.attempt = call.attempt;
  request.send = call.send;
  request.protobuf = tool.workers > 0 && tool.json_workers == 0;
  request.deadline_ms = call.deadline_ms;
  if (to_worker != kNoWorker) {
    Worker& worker = workers_[to_worker];
    ++counters_.direct;
    ++worker.asked;
    ++worker.references;
    call.asked = to_worker;
    request.protobuf = worker.protobuf;
    request.to_worker = worker.name;
  }
}

void DispatchTable::StopAsking(Call& call) {
  if (call.asked == kNoWorker) return;
  --workers_[call.asked].asked;
  Release(std::exchange(call.asked, kNoWorker));
}

// The oldest first, of whatever tool: several tools wait for the same slots.
void DispatchTable::SendWaiting(int64_t now) {
  while (waiting_ > 0) {
    Call* first = nullptr;
    for (const ToolNumber number : waiting_tools_) {
      ToolState& tool = tools_[number];
      if (now < tool.open_ms || Room(tool) == 0) continue;
      Call* call = NextOf(tool);
      if (first == nullptr || call->order < first->order) first = call;
    }
    if (first == nullptr) return;
    if (now >= first->deadline_ms) {
      Wake(*first, now);  // What nobody could use any more is not sent.
    } else {
      Leave(*first);
      Send(*first, now);
    }
  }
}

// The oldest call that waits for this tool. There is one.
DispatchTable::Call* DispatchTable::NextOf(ToolState& tool) {
  for (;;) {
    Call* call = Get(tool.waiting_calls.front().call);
    if (call != nullptr && call->state == State::kWaiting) return call;
    if (call != nullptr) call->queued = false;
    tool.waiting_calls.Pop();
  }
}

// Straight to the one with the most room, of those that are heard and have not just been silent.
bool DispatchTable::SendDirect(Call& call, int64_t now) {
  if (now >= call.deadline_ms) return false;
  ToolState& tool = ToolOf(call);
  const auto room = [](const Worker& worker) {
    return worker.free > worker.asked ? worker.free - worker.asked : 0;
  };
  const auto silent = [&](const Worker& worker) {
    if (now - worker.alive_ms > options_.silent_ms / 2) return true;
    if (worker.unanswered_ms == INT64_MIN) return false;
    if (worker.answered_ms > worker.unanswered_sent_ms) return false;  // Only that one came late.
    return worker.alive_ms <= worker.unanswered_ms ||
           now - worker.unanswered_ms < options_.ack_timeout_ms;
  };
  uint32_t best = kNoWorker;
  for (size_t i = 0; i < std::min(tool.direct.size(), kLookedAtMax); ++i) {
    tool.next_direct = (tool.next_direct + 1) % tool.direct.size();
    const uint32_t number = tool.direct[tool.next_direct];
    const Worker& worker = workers_[number];
    if (room(worker) == 0 || silent(worker)) continue;
    if (best == kNoWorker || room(worker) > room(workers_[best])) best = number;
  }
  if (best == kNoWorker) return false;
  Emit(call, best, now);
  return true;
}

void DispatchTable::OnSilence(Call& call, int64_t now) {
  ToolState& tool = ToolOf(call);
  if (call.asked != kNoWorker) {
    Worker& worker = workers_[call.asked];
    worker.unanswered_ms = now;
    worker.unanswered_sent_ms = call.sent_ms;
    StopAsking(call);
  }
  if (tool.direct.empty()) return Unanswered(call, tool.window / 2, now);
  if (SendDirect(call, now)) return;
  const int64_t end = call.group_sent_ms + options_.ack_timeout_ms;
  if (now < end) {  // Somebody may get room, or answer after all.
    return WakeAt(call, std::min({call.deadline_ms, end, now + AnswerMs(tool)}));
  }
  if (tool.answered_ms < call.group_sent_ms) return Unanswered(call, tool.window / 2, now);
  Leave(call);
  Enqueue(call);
}

void DispatchTable::Unanswered(Call& call, size_t window, int64_t now) {
  ToolState& tool = ToolOf(call);
  Leave(call);
  Enqueue(call);
  tool.window = std::max<size_t>(window, 1);
  if (now < tool.open_ms) return;  // Another call of the same round has set the backoff.
  if (tool.backoff_ms == 0) ++backoffs_;
  tool.backoff_ms = tool.backoff_ms == 0 ? options_.backoff_first_ms
                                         : std::min(2 * tool.backoff_ms, options_.backoff_max_ms);
  const int64_t least = tool.backoff_ms / 2;
  const auto choices = static_cast<uint64_t>(tool.backoff_ms - least + 1);
  tool.open_ms = now + least + static_cast<int64_t>(random_() % choices);
}

// How long workers take to answer. An accept that comes after the next send still tells it.
void DispatchTable::Learn(const Call& call, uint32_t send, int64_t now) {
  ToolState& tool = tools_[call.tool];
  tool.answered_ms = std::max(tool.answered_ms, now);
  if (call.state != State::kSent && call.state != State::kWaiting) return;
  if (send + 1 < call.send) return;
  const int64_t sent_ms = send == call.send ? call.sent_ms : call.last_sent_ms;
  const int64_t took = 16 * std::clamp<int64_t>(now - sent_ms, 0, options_.ack_timeout_ms);
  tool.usual_16th_ms =
      tool.usual_16th_ms < 0 ? took : tool.usual_16th_ms + (took - tool.usual_16th_ms) / kUsualPart;
}

void DispatchTable::EndBackoff(ToolState& tool, int64_t now) {
  if (tool.backoff_ms != 0) --backoffs_;
  tool.backoff_ms = 0;
  tool.open_ms = std::min(tool.open_ms, now);
}

}  // namespace lyceum::dispatch
