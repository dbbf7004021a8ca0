// Table A. Each pair of state and event is one of the functions below, or a row's template where
// the whole row is the same. There is no default arm: a missing pair does not compile.

#include "tutor/handle.h"

#include "tutor/calls.h"
#include "tutor/learner.h"
#include "tutor/lesson.h"
#include "tutor/limits.h"
#include "tutor/operator.h"
#include "tutor/phrases.h"
#include "tutor/supervision.h"
#include "tutor/timer.h"
#include "tutor/tool_results.h"

namespace lyceum::tutor {
namespace {

template <class S, class E>
void On(Step&, const S&, const E&) = delete;  // No default arm.

void RefuseCompleted(Step& step) { step.Refuse(ErrorCode::kCompleted, phrases::kCompleted); }
void RefuseUnavailable(Step& step) {
  const bool began = !IsNeverLoaded(step.session);
  step.Refuse(ErrorCode::kUnavailable, began ? phrases::kUnavailable : phrases::kNotStarted, true);
}
void RefuseNoQuestion(Step& step) {
  step.Refuse(ErrorCode::kNoOpenQuestion, phrases::kNoOpenQuestion);
}
void RefuseStarted(Step& step) {
  step.Refuse(ErrorCode::kAlreadyStarted, phrases::kAlreadyStarted);
}
void Drop(Step& step) { ++step.session.counters.dropped; }

// --- user.start -------------------------------------------------------------------------------
template <class S>
void On(Step& step, const S&, const Start&) {
  RefuseStarted(step);
}
void On(Step& step, const AwaitingToolResult& lock, const Start& start) {
  // Nothing of the course was seen yet.
  const bool begins = lock.call.tool == Tool::kLoadTopic && IsNeverLoaded(step.session);
  if (!begins) return RefuseStarted(step);
  step.EndCall(true);
  StartOver(step, start);
}
void On(Step& step, const ErrorState&, const Start& start) {
  if (!IsNeverLoaded(step.session)) return RefuseStarted(step);
  StartOver(step, start);
}
void On(Step& step, const Completed&, const Start& start) {
  const Syllabus& syllabus = step.session.syllabus;
  const bool another = start.course != syllabus.course ||
                       (!start.version.empty() && start.version != syllabus.version);
  if (!another && !start.again) return step.Refuse(ErrorCode::kCompleted, phrases::kCompletedStart);
  StartOver(step, start);
}

// --- user.message -------------------------------------------------------------------------------
void On(Step& step, const Exposition&, const UserMessage& m) { ReadMessage(step, m); }
void On(Step& step, const SettingQuestion&, const UserMessage& m) { ReadMessage(step, m); }
void On(Step& step, const AwaitingAnswer&, const UserMessage& m) { ReadMessage(step, m); }
void On(Step& step, const AwaitingToolResult&, const UserMessage& m) { Wait(step, m); }
void On(Step& step, const RemediatingKnownError&, const UserMessage& m) { ReadMessage(step, m); }
void On(Step& step, const RemediatingUnknownError&, const UserMessage& m) { ReadMessage(step, m); }
void On(Step& step, const ErrorState&, const UserMessage&) { RefuseUnavailable(step); }
void On(Step& step, const Completed&, const UserMessage&) { RefuseCompleted(step); }
void On(Step& step, const AwaitingApproval&, const UserMessage& m) { Wait(step, m); }

// --- user.hint ----------------------------------------------------------------------------------
void On(Step& step, const Exposition&, const Hint&) { RefuseNoQuestion(step); }
void On(Step& step, const SettingQuestion&, const Hint&) { RefuseNoQuestion(step); }
void On(Step& step, const AwaitingAnswer&, const Hint&) { NextHint(step); }
void On(Step& step, const AwaitingToolResult&, const Hint& hint) { Wait(step, hint); }
void On(Step& step, const RemediatingKnownError&, const Hint&) { NextHint(step); }
void On(Step& step, const RemediatingUnknownError&, const Hint&) { NextHint(step); }
void On(Step& step, const ErrorState&, const Hint&) { RefuseUnavailable(step); }
void On(Step& step, const Completed&, const Hint&) { RefuseCompleted(step); }
void On(Step& step, const AwaitingApproval&, const Hint& hint) { Wait(step, hint); }

// --- user.skip ----------------------------------------------------------------------------------
void On(Step& step, const Exposition&, const Skip&) { SetQuestion(step); }
void On(Step& step, const SettingQuestion&, const Skip&) { SkipSetting(step); }
void On(Step& step, const AwaitingAnswer&, const Skip&) { SkipQuestion(step); }
void On(Step& step, const AwaitingToolResult&, const Skip& skip) {
  step.EndCall(true);
  Handle(step, skip);
}
void On(Step& step, const RemediatingKnownError&, const Skip&) { SkipQuestion(step); }
void On(Step& step, const RemediatingUnknownError&, const Skip&) { SkipQuestion(step); }
void On(Step& step, const ErrorState&, const Skip&) { SkipFailed(step); }
void On(Step& step, const Completed&, const Skip&) { RefuseCompleted(step); }
void On(Step& step, const AwaitingApproval&, const Skip& skip) {
  GiveUpDraft(step);
  Handle(step, skip);
}

// --- user.continue ------------------------------------------------------------------------------
void On(Step& step, const Exposition&, const Continue&) { NextSegment(step); }
void On(Step& step, const SettingQuestion&, const Continue&) { SetQuestion(step); }
void On(Step& step, const AwaitingAnswer&, const Continue&) { Pose(step); }
void On(Step& step, const AwaitingToolResult&, const Continue&) { step.Emit(WaitOut{}); }
void On(Step& step, const RemediatingKnownError&, const Continue&) { LeaveRemediation(step); }
void On(Step& step, const RemediatingUnknownError&, const Continue&) { LeaveRemediation(step); }
void On(Step& step, const ErrorState&, const Continue&) { AskAgain(step); }
void On(Step& step, const Completed&, const Continue&) { EmitSummary(step); }
void On(Step& step, const AwaitingApproval&, const Continue&) { step.Emit(WaitOut{}); }

// --- user.stop ----------------------------------------------------------------------------------
template <class S>
void On(Step& step, const S&, const Stop&) {
  step.Refuse(ErrorCode::kNothingRuns, phrases::kNothingRuns);
}
void On(Step& step, const AwaitingToolResult& lock, const Stop&) {
  // Without its topic there is no lesson to go back to.
  if (lock.call.tool == Tool::kLoadTopic) return step.Emit(WaitOut{});
  const Origin origin = lock.call.origin;
  step.EndCall(true);  // `lock` is gone.
  step.GoBack(origin);
  step.EmitText(phrases::kStopped);
}
void On(Step& step, const Completed&, const Stop&) { RefuseCompleted(step); }
void On(Step& step, const AwaitingApproval&, const Stop&) {
  GiveUpDraft(step);
  step.EmitText(phrases::kStopped);
}

// --- user.review --------------------------------------------------------------------------------
template <class S>
void On(Step& step, const S&, const Review& review) {
  MarkForReview(step, review);
}

// --- user.attach, user.detach -------------------------------------------------------------------
template <class S>
void On(Step& step, const S&, const Attach& attach) {
  Resume(step, attach.after_n);
}
template <class S>
void On(Step& step, const S&, const Detach&) {
  step.DetachClient();
}

// --- tool.ok, tool.error ------------------------------------------------------------------------
template <class S>
void On(Step& step, const S&, const ToolResult&) {
  Drop(step);
}
void On(Step& step, const AwaitingToolResult& lock, const ToolResult& result) {
  if (result.reply.call != lock.call.id) return Drop(step);  // The answer to an earlier call.
  step.cause = lock.call.cause;
  step.locked_ms = lock.call.locked_ms;
  const std::optional<Call> call = step.EndCall(false);  // `lock` is gone.
  ApplyResult(step, *call, result.reply);
}
void On(Step& step, const ErrorState& error, const ToolResult& result) {
  // Late, but of use: only a result, and only of that tool.
  const bool fits = result.reply.call == error.failed.id &&
                    result.reply.outcome.index() == static_cast<size_t>(error.failed.tool);
  if (!fits) return Drop(step);
  const Call failed = error.failed;
  step.cause = failed.cause;
  step.GoBack(failed.origin);  // `error` is gone.
  ApplyResult(step, failed, result.reply);
}

// --- timers -------------------------------------------------------------------------------------
template <class S>
void On(Step& step, const S&, const TimerFired& fired) {
  FireTimer(step, fired);
}

// --- teacher.supervise --------------------------------------------------------------------------
template <class S>
void On(Step& step, const S&, const Supervise& event) {
  Decide(step, nullptr, event);
}
void On(Step& step, const AwaitingApproval& wait, const Supervise& event) {
  Decide(step, &wait, event);
}

// --- admin --------------------------------------------------------------------------------------
template <class S>
void On(Step& step, const S&, const ForceRemediation& force) {
  Remediate(step, force.error);
}
void On(Step& step, const Completed&, const ForceRemediation&) { RefuseCompleted(step); }

template <class S>
void On(Step& step, const S& state, const ForceSkip&) {
  On(step, state, Skip{});
}

template <class S>
void On(Step&, const S&, const RetryCall&) {}
void On(Step& step, const AwaitingToolResult& lock, const RetryCall&) {
  step.Do(DispatchAgain{lock.call.id});
}
void On(Step& step, const ErrorState&, const RetryCall&) { AskAgain(step); }
void On(Step& step, const AwaitingApproval&, const RetryCall&) { ShowAgain(step); }

template <class S>
void On(Step& step, const S&, const GotoTopic& go) {
  MoveToTopic(step, go.topic);
}

template <class S>
void On(Step& step, const S&, const End&) {
  EndSession(step);
}
void On(Step&, const Completed&, const End&) {}

template <class S>
void On(Step& step, const S&, const Shutdown&) {
  Suspend(step);
}

// --- sys ----------------------------------------------------------------------------------------
template <class S>
void On(Step& step, const S&, const InvariantViolated& violated) {
  Repair(step, violated.what);
}

}  // namespace

void Handle(Step& step, const EventKind& kind) {
  // The state itself, no copy: a cell reads what it needs of it before it goes to another one.
  std::visit([&](const auto& in, const auto& event) { On(step, in, event); }, step.session.state,
             kind);
}

}  // namespace lyceum::tutor
