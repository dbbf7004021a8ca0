#include "tutor/timer.h"

#include <algorithm>

#include "tutor/calls.h"
#include "tutor/limits.h"
#include "tutor/operator.h"
#include "tutor/phrases.h"
#include "tutor/supervision.h"

namespace lyceum::tutor {
namespace {

void Rearm(Step& step) { step.SetTimer(TimerKind::kIdle, step.now() + kIdleMs); }

// The row timer.idle, once the learner has been silent for long enough.
template <class S>
void OnSilence(Step&, const S&) = delete;  // No default arm.

void NudgeOrUnload(Step& step) {
  if (step.session.nudges >= kNudgesMax) return step.Do(Unload{});
  ++step.session.nudges;
  step.EmitText(phrases::kNudge);
  Rearm(step);
}

void OnSilence(Step& step, const Exposition&) { NudgeOrUnload(step); }
void OnSilence(Step& step, const SettingQuestion&) { NudgeOrUnload(step); }
void OnSilence(Step& step, const AwaitingAnswer&) { NudgeOrUnload(step); }
void OnSilence(Step& step, const AwaitingToolResult&) { Rearm(step); }
void OnSilence(Step& step, const RemediatingKnownError&) { NudgeOrUnload(step); }
void OnSilence(Step& step, const RemediatingUnknownError&) { NudgeOrUnload(step); }
void OnSilence(Step& step, const ErrorState& error) {
  if (error.retried_when_idle) return step.Do(Unload{});
  step.session.nudges = kNudgesMax;
  Rearm(step);
  step.cause = error.failed.cause;
  AskAgain(step);
}
void OnSilence(Step& step, const AwaitingApproval&) { Rearm(step); }
void OnSilence(Step& step, const Completed&) { step.Do(Unload{}); }

// A record of a timer that is not due: whoever fired it has another clock than the log. It changes
// nothing, the timer stands as it was, and fires once more when it is due.
bool IsEarly(const Step& step, const Timer& timer) { return step.now() < timer.due_ms; }

void FireDeadline(Step& step) {
  const auto* lock = std::get_if<AwaitingToolResult>(&step.session.state);
  if (lock == nullptr) return;
  step.cause = lock->call.cause;
  step.locked_ms = lock->call.locked_ms;
  const std::optional<Call> call = step.EndCall(true);
  GiveUp(step, *call, {"deadline", true, ""});
}

void FireIdle(Step& step) {
  const int64_t due = step.session.active_ms + kIdleMs;
  if (due > step.now()) return step.SetTimer(TimerKind::kIdle, due);
  std::visit([&](const auto& in) { OnSilence(step, in); }, step.session.state);
}

void FireTtl(Step& step) {
  const int64_t due = step.session.active_ms + kTtlMs;
  if (due > step.now()) return step.SetTimer(TimerKind::kTtl, due);
  step.EndCall(true);
  GiveUpDraft(step);
  step.session.inbox.clear();
  step.session.lifecycle = Lifecycle::kArchived;
  step.ClearTimer(TimerKind::kIdle);
  step.Do(Unload{});
}

}  // namespace

void WakeUp(Step& step) {
  Session& s = step.session;
  s.lifecycle = Lifecycle::kActive;
  s.active_ms = step.now();
  s.nudges = 0;
  if (auto* error = std::get_if<ErrorState>(&s.state)) error->retried_when_idle = false;
  if (!step.HasTimer(TimerKind::kIdle)) step.SetTimer(TimerKind::kIdle, step.now() + kIdleMs);
  if (!step.HasTimer(TimerKind::kTtl)) step.SetTimer(TimerKind::kTtl, step.now() + kTtlMs);
}

void FireTimer(Step& step, const TimerFired& fired) {
  const std::vector<Timer>& timers = step.session.timers;
  const auto found = std::find_if(timers.begin(), timers.end(),
                                  [&](const Timer& timer) { return timer.token == fired.token; });
  if (found == timers.end()) {
    ++step.session.counters.dropped;
    return;
  }
  switch (found->kind) {
    case TimerKind::kToolDeadline:
      // Whatever the time: the owner fires it, from its own dispatch. Ending the call clears it.
      return FireDeadline(step);
    case TimerKind::kIdle:
      if (IsEarly(step, *found)) return;
      step.ClearTimer(TimerKind::kIdle);
      return FireIdle(step);
    case TimerKind::kTtl:
      if (IsEarly(step, *found)) return;
      step.ClearTimer(TimerKind::kTtl);
      return FireTtl(step);
    case TimerKind::kApproval:
      // As a deadline: whatever the time.
      step.ClearTimer(TimerKind::kApproval);
      return FireApproval(step);
  }
}

}  // namespace lyceum::tutor
