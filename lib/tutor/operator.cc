#include "tutor/operator.h"

#include <algorithm>

#include "tutor/calls.h"
#include "tutor/known_errors.h"
#include "tutor/lesson.h"
#include "tutor/limits.h"
#include "tutor/phrases.h"

namespace lyceum::tutor {
namespace {

template <class Container>
void KeepLast(Container& items, size_t count) {
  if (items.size() > count) items.erase(items.begin(), items.end() - static_cast<long>(count));
}

void RepairBounds(Session& s) {
  KeepLast(s.clients, kClientsMax);
  KeepLast(s.inbox, kInboxMax);
  KeepLast(s.seen, kSeenMax);
  KeepLast(s.recent, kRecentMax);
  KeepLast(s.syllabus.done, kTopicsDoneMax);
  KeepLast(s.syllabus.closed, kGateWindowMax);
  KeepLast(s.syllabus.errors, kErrorsCountedMax);
}

void RepairTimers(Turn& turn) {
  turn.ClearTimer(TimerKind::kToolDeadline);
  turn.SetTimer(TimerKind::kIdle, turn.now() + kIdleMs);
  turn.SetTimer(TimerKind::kTtl, turn.now() + kTtlMs);
}

}  // namespace

void LeaveCall(Turn& turn) {
  turn.EndCall(true);
  if (const auto* error = std::get_if<ErrorState>(&turn.s.state)) {
    const Origin origin = error->failed.origin;
    turn.GoBack(origin);
  }
}

void Remediate(Turn& turn, const ErrorId& error) {
  LeaveCall(turn);
  const bool registered = FindKnownError(turn.s, error) != nullptr;
  Call call = CallFor(turn, registered ? Tool::kRemediateKnownError : Tool::kDiagnoseError);
  if (registered) {
    call.error = error;
    call.strategy = CountError(turn.s, error);
  }
  Ask(turn, std::move(call));
}

void MoveToTopic(Turn& turn, const TopicId& topic) {
  LeaveCall(turn);
  turn.s.question.reset();
  if (NameOf(turn.s.state) != StateName::kCompleted) turn.Go(Exposition{});
  LoadTopic(turn, topic);
}

void EndSession(Turn& turn) {
  LeaveCall(turn);
  Complete(turn);
}

void Suspend(Turn& turn) {
  turn.s.lifecycle = Lifecycle::kSuspended;
  turn.ClearTimer(TimerKind::kIdle);
  turn.Do(Unload{});
}

void Repair(Turn& turn, const std::string& what) {
  Session& s = turn.s;
  ++s.counters.violations;
  turn.Note(Role::kSystem, "invariant_violated", what);
  turn.EndCall(true);
  RepairBounds(s);
  RepairTimers(turn);
  s.question.reset();
  if (NameOf(s.state) == StateName::kCompleted) return s.inbox.clear();
  const auto* error = std::get_if<ErrorState>(&s.state);
  if (error != nullptr && !error->failed.id.empty()) return;
  turn.Go(Exposition{});
  turn.Refuse("internal", phrases::kUnavailable, true);
  Call call = CallFor(turn, Tool::kLoadTopic);
  call.id = CallId(turn.NextId());
  call.topic = s.syllabus.topic;
  Fail(turn, std::move(call), "internal");
}

}  // namespace lyceum::tutor
