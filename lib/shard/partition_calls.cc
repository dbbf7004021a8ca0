// Tool calls and timers of a partition: what the state machine waits for.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "shard/output.h"
#include "shard/partition.h"
#include "tutor/args.h"
#include "tutor/limits.h"
#include "tutor/names.h"

namespace lyceum::shard {
namespace {

constexpr int64_t kLaterMs = 200;  // What was not caught up, or not read.

}  // namespace

// --- Calls -----------------------------------------------------------------------------------------

void Partition::Dispatch(SessionEntry* entry, const tutor::Call& call, tutor::ToolArgs args,
                         std::string_view trace, bool found) {
  const int64_t steady = context_->clock->SteadyMs();
  if (entry->lock_began_ms == 0) entry->lock_began_ms = steady;
  const int64_t lock_left = std::max<int64_t>(1, entry->lock_began_ms + tutor::kLockMsMax - steady);
  const int64_t duration = std::min(call.duration_ms, lock_left);
  dispatch::Dispatcher::Call dispatched;
  dispatched.id = call.id;
  dispatched.partition = id_;
  dispatched.tool = call.tool;
  dispatched.user = entry->user();
  dispatched.trace = std::string(trace);
  dispatched.duration_ms = duration;
  dispatched.deadline_cap_ms = lock_left;
  dispatched.request =
      ToolRequestBase(context_->options.subjects, *entry->session, call, std::move(args), trace);
  const bool has_room = context_->dispatcher->HasRoom();
  const bool added = context_->dispatcher->Add(std::move(dispatched), found);
  if (!added && !has_room) WatchDeadline(*entry, duration);
}

// The dispatcher ends a call when its time is over, by a record of its own; should that not reach
// the log, the deadline's timer does.
void Partition::OnCallFailed(const UserId& user) {
  if (const SessionEntry* entry = context_->sessions->Find(user.value)) {
    WatchDeadline(*entry, kDeadlineGraceMs);
  }
}

void Partition::WatchDeadline(const SessionEntry& entry, int64_t after_ms) {
  for (const tutor::Timer& timer : entry.session->timers) {
    if (timer.kind != tutor::TimerKind::kToolDeadline) continue;
    LookAfter(after_ms, entry.user().value, timer.token, 0);
  }
}

// A draft's timer, from now on, by the clock that goes on: for as long as the session had it still to run.
void Partition::WatchApproval(const SessionEntry& entry) {
  for (const tutor::Timer& timer : entry.session->timers) {
    if (timer.kind != tutor::TimerKind::kApproval) continue;
    const int64_t left_ms = std::max<int64_t>(0, timer.due_ms - entry.session->time_ms);
    LookAfter(left_ms, entry.user().value, timer.token, 0);
  }
}

namespace {

// The call that the session waits for, where it is this one.
const tutor::Call* PendingCall(const SessionEntry* entry, const CallId& id) {
  if (entry == nullptr || !entry->damaged.empty()) return nullptr;
  const auto* lock = std::get_if<tutor::AwaitingToolResult>(&entry->session->state);
  return lock != nullptr && lock->call.id == id ? &lock->call : nullptr;
}

}  // namespace

// A result that cannot be read. Its worker is told; the call, where the session still waits for it,
// ends as an error by a record of the dispatcher's own.
void Partition::OnRefusedResult(const Record& record, const SessionEntry* entry,
                                const Refused& refused) {
  if (!refused.result || IsSilenced(record) || role_ != Role::kOwner) return;
  context_->dispatcher->TellRefused(refused.result->call, refused.result->worker, refused.text);
  if (PendingCall(entry, refused.result->call) != nullptr) {
    context_->dispatcher->FailResult(refused.result->call);
  }
}

void Partition::EndCallAsError(const UserId& user, const CallId& call) {
  if (role_ != Role::kOwner) return;
  if (PendingCall(context_->sessions->Find(user.value), call) != nullptr) {
    context_->dispatcher->FailResult(call);
  }
}

// A result of another tool than was asked: the state machine ends the call, its worker is told why.
void Partition::TellMisfit(const Record& record, const SessionEntry& entry,
                           const tutor::ToolReply& reply) {
  if (IsSilenced(record) || role_ != Role::kOwner ||
      std::holds_alternative<tutor::ToolError>(reply.outcome)) {
    return;
  }
  const tutor::Call* call = PendingCall(&entry, reply.call);
  if (call == nullptr || reply.outcome.index() == static_cast<size_t>(call->tool)) return;
  const auto given = static_cast<tutor::Tool>(reply.outcome.index());
  context_->dispatcher->TellRefused(
      reply.call, reply.worker,
      fmt::format("tool_result.ok: must be {}, as was asked for, and is {}",
                  tutor::Name(call->tool), tutor::Name(given)));
}

void Partition::DispatchFound() {
  while (!locked_.empty() && context_->dispatcher->HasRoom()) {
    const std::string user = *locked_.begin();
    const Result<SessionEntry*> entry = context_->sessions->Load(id_, user);
    if (!entry) return ReadLater();
    locked_.erase(locked_.begin());
    if (*entry != nullptr) Redispatch(*entry);
  }
}

void Partition::Redispatch(SessionEntry* entry) {
  if (!entry->damaged.empty()) return;
  const auto* lock = std::get_if<tutor::AwaitingToolResult>(&entry->session->state);
  if (lock == nullptr) return;
  Dispatch(entry, lock->call, tutor::MakeArgs(*entry->session, lock->call, position_.fold_version),
           {}, true);
}

// --- Timers ----------------------------------------------------------------------------------------

void Partition::OnCaughtUp() {
  snapshot_tried_.clear();  // Should it fall behind again, there may be one.
  caught_up_ = true;
  send_known_ = true;
  has_position_ = true;
  scanning_ = scanning_ || first_scan_;
  if (first_scan_) next_scan_ms_ = 0;
}

void Partition::ScanTimers() {
  constexpr size_t kRowsAtOnce = 200;
  const int64_t steady = context_->clock->SteadyMs();
  if (!scanning_) {
    if (steady < next_scan_ms_) return;
    scanning_ = true;
  }
  if (steady >= next_scan_ms_) {
    int64_t now = context_->server_time->NowMs();
    // The time of a session never goes back: where the server's clock did, what the session waits for
    // lies ahead of it.
    if (first_scan_) now = std::max(now, position_.latest_time_ms);
    scan_ahead_ms_ = now + Timers::kHorizonMs;
    next_scan_ms_ = steady + Timers::kHorizonMs / 2;
  }
  auto rows = context_->store->GetTimers(id_, scan_ahead_ms_, scanned_, kRowsAtOnce);
  if (!rows) return ReadLater();
  for (const store::TimerRow& row : *rows) {
    if (first_scan_) {
      // A pending call is found by its deadline.
      const Result<SessionEntry*> entry = context_->sessions->Load(id_, row.user);
      if (!entry) return ReadLater();  // From here on.
      if (*entry != nullptr) Redispatch(*entry);
      if (*entry != nullptr && (*entry)->damaged.empty()) WatchApproval(**entry);
    }
    LookAt(row.due_ms, row.user, "");
    scanned_ = row;
  }
  if (!rows->empty()) scanned_ = rows->back();
  if (rows->size() == kRowsAtOnce) return;
  scanning_ = false;
  first_scan_ = false;
}

void Partition::LookAgain() {
  // Also a call that has ended, by an error result: that may be among what is lost.
  context_->dispatcher->DropPartition(id_);
  const int64_t ahead_ms = context_->server_time->NowMs() + Timers::kHorizonMs;
  context_->sessions->ForEach(id_, [&](SessionEntry* entry) {
    if (!entry->damaged.empty()) return;
    const bool locked =
        tutor::NameOf(entry->session->state) == tutor::StateName::kAwaitingToolResult;
    if (locked) locked_.insert(entry->user().value);
    WatchApproval(*entry);
    for (const tutor::Timer& timer : entry->session->timers) {
      if (timer.kind == tutor::TimerKind::kToolDeadline || timer.due_ms > ahead_ms) continue;
      LookAt(timer.due_ms, entry->user().value, "");
    }
  });
  firing_.clear();
  first_scan_ = true;
  scanned_.reset();
}

// The log has fewer records than it was known to have: what was published may be among what is lost,
// also where all that was folded is there.
void Partition::OnUnfoldedLost() {
  LogError("the log lost records that it had acknowledged",
           {{"partition", id_}, {"had", log_end_}, {"has", log_.last_sequence}});
  LookAgain();
}

void Partition::LookAt(int64_t due_ms, const std::string& user, const std::string& token) {
  context_->timers->Add({due_ms, id_, user, token, due_ms});
}

// By the clock that goes on: the server's may be found to be behind.
void Partition::LookAfter(int64_t wait_ms, const std::string& user, const std::string& token,
                          int64_t due_ms) {
  context_->durations->Add({context_->clock->SteadyMs() + wait_ms, id_, user, token, due_ms});
}

// The store does not read: a loop that has nothing else to do waits.
void Partition::ReadLater() { read_again_ms_ = context_->clock->SteadyMs() + kLaterMs; }

namespace {

// When it is due by the server's clock; 0: its owner counts the time itself.
int64_t ServerDueMs(const tutor::Timer& timer) {
  const bool counted =
      timer.kind == tutor::TimerKind::kToolDeadline || timer.kind == tutor::TimerKind::kApproval;
  return counted ? 0 : timer.due_ms;
}

}  // namespace

void Partition::OnDue(const Timers::Due& due) {
  // A standby looks at all of them when it becomes the owner.
  if (phase_ == Phase::kHalted || stopping_ || role_ != Role::kOwner) return;
  const int64_t now = context_->server_time->NowMs();
  const auto later = [&] { LookAfter(kLaterMs, due.user, due.token, due.due_ms); };
  if (!caught_up_ || releasing_) return later();
  if (due.due_ms > now) return LookAt(due.due_ms, due.user, due.token);
  const Result<SessionEntry*> loaded = context_->sessions->Load(id_, due.user);
  if (!loaded) return later();
  SessionEntry* entry = *loaded;
  if (entry == nullptr || !entry->damaged.empty()) return;
  for (const tutor::Timer& timer : entry->session->timers) {
    const int64_t due_ms = ServerDueMs(timer);
    const bool is_due = due_ms == 0 ? timer.token == due.token : due_ms <= now;
    if (is_due) Fire(entry, timer);
  }
}

void Partition::Fire(SessionEntry* entry, const tutor::Timer& timer) {
  Firing& firing = firing_[timer.token];
  if (firing.out || context_->clock->SteadyMs() < firing.again_ms) return;
  const std::string& user = entry->user().value;
  wire::StoredMessageOut message;
  message.subject = context_->options.subjects.In(envelope::RecordClass::kTimer, entry->user());
  message.data = TimerRecord(timer);
  message.message_id =
      firing.tries == 0 ? timer.token : fmt::format("{}-{}", timer.token, firing.tries);
  const auto done = [self = std::weak_ptr(self_), user, token = timer.token, tries = firing.tries,
                     due_ms = ServerDueMs(timer)](const Result<uint64_t>& acked) {
    if (const auto here = self.lock()) (*here)->OnFired(user, token, due_ms, tries, acked);
  };
  firing.out = context_->publisher->Send(std::move(message), kFireMs, done);
  if (firing.out) {
    ++context_->counters->timers_fired;
  } else {
    LookAfter(kAgainMs, user, timer.token, ServerDueMs(timer));
  }
}

void Partition::OnFired(const std::string& user, const std::string& token, int64_t due_ms,
                        uint32_t tries, const Result<uint64_t>& acked) {
  const auto firing = firing_.find(token);
  if (firing == firing_.end() || !firing->second.out || firing->second.tries != tries) return;
  if (acked && *acked > position_.sequence) {  // It is folded when it comes.
    log_end_ = std::max(log_end_, *acked);
    return;
  }
  if (acked) {
    // Stored under this id before, by an earlier process, and folded: it came too early then.
    ++firing->second.tries;
  } else {
    LogWarn("timer not stored: it is published again",
            {{"partition", id_}, {"text", acked.error().text}});
  }
  firing->second.out = false;
  LookAfter(kAgainMs, user, token, due_ms);
}

// A timer that is still there came too early, by the server's clock: later again, and each time after
// a longer wait.
void Partition::OnTimerFolded(SessionEntry* entry, const std::string& token) {
  const auto firing = firing_.find(token);
  for (const tutor::Timer& timer : entry->session->timers) {
    if (timer.token != token) continue;
    constexpr uint32_t kDoublingsMax = 6;
    int64_t wait_ms = kAgainMs;
    if (firing != firing_.end()) {
      Firing& early = firing->second;
      early.out = false;
      wait_ms <<= std::min(early.tries++, kDoublingsMax);
      early.again_ms = context_->clock->SteadyMs() + wait_ms;
    }
    LookAfter(wait_ms, entry->user().value, token, ServerDueMs(timer));
    return;
  }
  if (firing != firing_.end()) firing_.erase(firing);
}

}  // namespace lyceum::shard
