// Table A. Each pair of state and event is one of the functions below, or a row's template where
// the whole row is the same. There is no default arm: a missing pair does not compile.

#include "tutor/handle.h"

#include "tutor/calls.h"
#include "tutor/learner.h"
#include "tutor/lesson.h"
#include "tutor/limits.h"
#include "tutor/operator.h"
#include "tutor/phrases.h"
#include "tutor/timer.h"
#include "tutor/tool_results.h"

namespace lyceum::tutor {
namespace {

template <class S, class E>
void On(Turn&, const S&, const E&) = delete;  // No default arm.

void RefuseCompleted(Turn& t) { t.Refuse("completed", phrases::kCompleted); }
void RefuseUnavailable(Turn& t) { t.Refuse("unavailable", phrases::kUnavailable, true); }
void RefuseNoQuestion(Turn& t) { t.Refuse("no_open_question", phrases::kNoOpenQuestion); }
void Drop(Turn& t) { ++t.s.counters.dropped; }

// --- user.start -------------------------------------------------------------------------------
template <class S>
void On(Turn& t, const S&, const Start&) {
  t.Refuse("already_started", phrases::kAlreadyStarted);
}
void On(Turn& t, const Completed&, const Start& start) {
  if (start.course == t.s.syllabus.course) return RefuseCompleted(t);
  StartOver(t, start);
}

// --- user.message -------------------------------------------------------------------------------
void On(Turn& t, const Exposition&, const UserMessage& m) { ReadMessage(t, m); }
void On(Turn& t, const SettingQuestion&, const UserMessage& m) { ReadMessage(t, m); }
void On(Turn& t, const AwaitingAnswer&, const UserMessage& m) { ReadMessage(t, m); }
void On(Turn& t, const AwaitingToolResult&, const UserMessage& m) { Wait(t, m); }
void On(Turn& t, const RemediatingKnownError&, const UserMessage& m) { ReadMessage(t, m); }
void On(Turn& t, const RemediatingUnknownError&, const UserMessage& m) { ReadMessage(t, m); }
void On(Turn& t, const ErrorState&, const UserMessage&) { RefuseUnavailable(t); }
void On(Turn& t, const Completed&, const UserMessage&) { RefuseCompleted(t); }

// --- user.hint ----------------------------------------------------------------------------------
void On(Turn& t, const Exposition&, const Hint&) { RefuseNoQuestion(t); }
void On(Turn& t, const SettingQuestion&, const Hint&) { RefuseNoQuestion(t); }
void On(Turn& t, const AwaitingAnswer&, const Hint&) { NextHint(t); }
void On(Turn& t, const AwaitingToolResult&, const Hint& hint) { Wait(t, hint); }
void On(Turn& t, const RemediatingKnownError&, const Hint&) { NextHint(t); }
void On(Turn& t, const RemediatingUnknownError&, const Hint&) { NextHint(t); }
void On(Turn& t, const ErrorState&, const Hint&) { RefuseUnavailable(t); }
void On(Turn& t, const Completed&, const Hint&) { RefuseCompleted(t); }

// --- user.skip ----------------------------------------------------------------------------------
void On(Turn& t, const Exposition&, const Skip&) { SetQuestion(t); }
void On(Turn& t, const SettingQuestion&, const Skip&) { SkipSetting(t); }
void On(Turn& t, const AwaitingAnswer&, const Skip&) { SkipQuestion(t); }
void On(Turn& t, const AwaitingToolResult&, const Skip& skip) {
  t.EndCall(true);
  Handle(t, skip);
}
void On(Turn& t, const RemediatingKnownError&, const Skip&) { SkipQuestion(t); }
void On(Turn& t, const RemediatingUnknownError&, const Skip&) { SkipQuestion(t); }
void On(Turn& t, const ErrorState&, const Skip&) { SkipFailed(t); }
void On(Turn& t, const Completed&, const Skip&) { RefuseCompleted(t); }

// --- user.continue ------------------------------------------------------------------------------
void On(Turn& t, const Exposition&, const Continue&) { NextSegment(t); }
void On(Turn& t, const SettingQuestion&, const Continue&) { SetQuestion(t); }
void On(Turn& t, const AwaitingAnswer&, const Continue&) { Pose(t); }
void On(Turn& t, const AwaitingToolResult&, const Continue&) { t.Say(WaitOut{}); }
void On(Turn& t, const RemediatingKnownError&, const Continue&) { LeaveRemediation(t); }
void On(Turn& t, const RemediatingUnknownError&, const Continue&) { LeaveRemediation(t); }
void On(Turn& t, const ErrorState&, const Continue&) { AskAgain(t); }
void On(Turn& t, const Completed&, const Continue&) { SaySummary(t); }

// --- user.attach, user.detach -------------------------------------------------------------------
template <class S>
void On(Turn& t, const S&, const Attach& attach) {
  if (!t.client.empty()) t.Do(Resend{{t.client, t.encoding}, attach.after_n});
}
template <class S>
void On(Turn& t, const S&, const Detach&) {
  t.DetachClient();
}

// --- tool.ok, tool.error ------------------------------------------------------------------------
template <class S>
void On(Turn& t, const S&, const ToolResult&) {
  Drop(t);
}
void On(Turn& t, const AwaitingToolResult& lock, const ToolResult& result) {
  if (result.reply.call != lock.call.id) return Drop(t);  // The answer to an earlier call.
  t.cause = lock.call.cause;
  t.locked_ms = lock.call.locked_ms;
  t.EndCall(false);
  TakeResult(t, lock.call, result.reply);
}
void On(Turn& t, const ErrorState& error, const ToolResult& result) {
  // Late, but of use: only a result, and only of that tool.
  const bool fits = result.reply.call == error.failed.id &&
                    result.reply.outcome.index() == static_cast<size_t>(error.failed.tool);
  if (!fits) return Drop(t);
  t.cause = error.failed.cause;
  t.GoBack(error.failed.origin);
  TakeResult(t, error.failed, result.reply);
}

// --- timers -------------------------------------------------------------------------------------
template <class S>
void On(Turn& t, const S&, const TimerFired& fired) {
  FireTimer(t, fired);
}

// --- admin --------------------------------------------------------------------------------------
template <class S>
void On(Turn& t, const S&, const ForceRemediation& force) {
  Remediate(t, force.error);
}
void On(Turn& t, const Completed&, const ForceRemediation&) { RefuseCompleted(t); }

template <class S>
void On(Turn& t, const S& state, const ForceSkip&) {
  On(t, state, Skip{});
}

template <class S>
void On(Turn&, const S&, const RetryCall&) {}
void On(Turn& t, const AwaitingToolResult& lock, const RetryCall&) {
  t.Do(DispatchAgain{lock.call.id});
}
void On(Turn& t, const ErrorState&, const RetryCall&) { AskAgain(t); }

template <class S>
void On(Turn& t, const S&, const GotoTopic& go) {
  MoveToTopic(t, go.topic);
}

template <class S>
void On(Turn& t, const S&, const End&) {
  EndSession(t);
}
void On(Turn&, const Completed&, const End&) {}

template <class S>
void On(Turn& t, const S&, const Shutdown&) {
  Suspend(t);
}

// --- sys ----------------------------------------------------------------------------------------
template <class S>
void On(Turn& t, const S&, const InvariantViolated& violated) {
  Repair(t, violated.what);
}

}  // namespace

void Handle(Turn& turn, const EventKind& kind) {
  const State state = turn.s.state;  // A copy: the cells change it.
  std::visit([&](const auto& in, const auto& event) { On(turn, in, event); }, state, kind);
}

}  // namespace lyceum::tutor
