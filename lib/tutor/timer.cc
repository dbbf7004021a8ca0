#include "tutor/timer.h"

#include <algorithm>

#include "tutor/calls.h"
#include "tutor/limits.h"
#include "tutor/operator.h"
#include "tutor/phrases.h"

namespace lyceum::tutor {
namespace {

void Rearm(Turn& turn) { turn.SetTimer(TimerKind::kIdle, turn.now() + kIdleMs); }

// The row timer.idle, once the learner has been silent for long enough.
template <class S>
void OnSilence(Turn&, const S&) = delete;  // No default arm.

void NudgeOrUnload(Turn& turn) {
  if (turn.s.nudges >= kNudgesMax) return turn.Do(Unload{});
  ++turn.s.nudges;
  turn.SayText(phrases::kNudge);
  Rearm(turn);
}

void OnSilence(Turn& turn, const Exposition&) { NudgeOrUnload(turn); }
void OnSilence(Turn& turn, const SettingQuestion&) { NudgeOrUnload(turn); }
void OnSilence(Turn& turn, const AwaitingAnswer&) { NudgeOrUnload(turn); }
void OnSilence(Turn& turn, const AwaitingToolResult&) { Rearm(turn); }
void OnSilence(Turn& turn, const RemediatingKnownError&) { NudgeOrUnload(turn); }
void OnSilence(Turn& turn, const RemediatingUnknownError&) { NudgeOrUnload(turn); }
void OnSilence(Turn& turn, const ErrorState& error) {
  if (error.retried_when_idle) return turn.Do(Unload{});
  turn.s.nudges = kNudgesMax;
  Rearm(turn);
  turn.cause = error.failed.cause;
  AskAgain(turn);
}
void OnSilence(Turn& turn, const Completed&) { turn.Do(Unload{}); }

void FireDeadline(Turn& turn) {
  const auto* lock = std::get_if<AwaitingToolResult>(&turn.s.state);
  if (lock == nullptr) return;
  turn.cause = lock->call.cause;
  turn.locked_ms = lock->call.locked_ms;
  const std::optional<Call> call = turn.EndCall(true);
  GiveUp(turn, *call, {"deadline", true, ""});
}

void FireIdle(Turn& turn) {
  const int64_t due = turn.s.active_ms + kIdleMs;
  if (due > turn.now()) return turn.SetTimer(TimerKind::kIdle, due);
  const State state = turn.s.state;
  std::visit([&](const auto& in) { OnSilence(turn, in); }, state);
}

void FireTtl(Turn& turn) {
  const int64_t due = turn.s.active_ms + kTtlMs;
  if (due > turn.now()) return turn.SetTimer(TimerKind::kTtl, due);
  turn.EndCall(true);
  turn.s.inbox.clear();
  turn.s.lifecycle = Lifecycle::kArchived;
  turn.ClearTimer(TimerKind::kIdle);
  turn.Do(Unload{});
}

}  // namespace

void WakeUp(Turn& turn) {
  Session& s = turn.s;
  s.lifecycle = Lifecycle::kActive;
  s.active_ms = turn.now();
  s.nudges = 0;
  if (auto* error = std::get_if<ErrorState>(&s.state)) error->retried_when_idle = false;
  if (!turn.HasTimer(TimerKind::kIdle)) turn.SetTimer(TimerKind::kIdle, turn.now() + kIdleMs);
  if (!turn.HasTimer(TimerKind::kTtl)) turn.SetTimer(TimerKind::kTtl, turn.now() + kTtlMs);
}

void FireTimer(Turn& turn, const TimerFired& fired) {
  const std::vector<Timer>& timers = turn.s.timers;
  const auto found = std::find_if(timers.begin(), timers.end(),
                                  [&](const Timer& timer) { return timer.token == fired.token; });
  if (found == timers.end()) {
    ++turn.s.counters.dropped;
    return;
  }
  switch (found->kind) {
    case TimerKind::kToolDeadline:
      return FireDeadline(turn);  // Ending the call clears its timer.
    case TimerKind::kIdle:
      turn.ClearTimer(TimerKind::kIdle);
      return FireIdle(turn);
    case TimerKind::kTtl:
      turn.ClearTimer(TimerKind::kTtl);
      return FireTtl(turn);
  }
}

}  // namespace lyceum::tutor
