#include "tutor/operator.h"

#include <algorithm>

#include "tutor/calls.h"
#include "tutor/known_errors.h"
#include "tutor/lesson.h"
#include "tutor/limits.h"
#include "tutor/phrases.h"
#include "tutor/supervision.h"

namespace lyceum::tutor {
namespace {

template <class Container>
void KeepLast(Container& items, size_t count) {
  if (items.size() > count) items.erase(items.begin(), items.end() - static_cast<long>(count));
}

void RepairBounds(Session& s) {
  if (s.clients.size() > kClientsMax) s.clients.resize(kClientsMax);
  KeepLast(s.inbox, kInboxMax);
  KeepLast(s.syllabus.done, kTopicsDoneMax);
  KeepLast(s.syllabus.closed, kGateWindowMax);
  KeepLast(s.syllabus.errors, kErrorsCountedMax);
}

void RepairTimers(Step& step) {
  step.ClearTimer(TimerKind::kToolDeadline);
  step.ClearTimer(TimerKind::kApproval);
  step.SetTimer(TimerKind::kIdle, step.now() + kIdleMs);
  step.SetTimer(TimerKind::kTtl, step.now() + kTtlMs);
}

}  // namespace

void LeaveCall(Step& step) {
  step.EndCall(true);
  GiveUpDraft(step);
  if (const auto* error = std::get_if<ErrorState>(&step.session.state)) {
    const Origin origin = error->failed.origin;
    step.GoBack(origin);
  }
}

void Remediate(Step& step, const ErrorId& error) {
  LeaveCall(step);
  const bool registered = FindKnownError(step.session, error) != nullptr;
  Call call = CallFor(step, registered ? Tool::kRemediateKnownError : Tool::kDiagnoseError);
  if (registered) {
    call.error = error;
    call.strategy = CountError(step.session, error);
  }
  step.StartCall(std::move(call));
}

void MoveToTopic(Step& step, const TopicId& topic) {
  LeaveCall(step);
  step.session.question.reset();
  if (NameOf(step.session.state) != StateName::kCompleted) step.Go(Exposition{});
  LoadTopic(step, topic);
}

void EndSession(Step& step) {
  LeaveCall(step);
  Complete(step);
}

void Suspend(Step& step) {
  step.session.lifecycle = Lifecycle::kSuspended;
  step.ClearTimer(TimerKind::kIdle);
  step.Do(Unload{});
}

void Repair(Step& step, const std::string& what) {
  Session& s = step.session;
  ++s.counters.violations;
  step.Note(Role::kSystem, "invariant_violated", what);
  step.EndCall(true);
  GiveUpDraft(step);
  RepairBounds(s);
  RepairTimers(step);
  s.question.reset();
  if (NameOf(s.state) == StateName::kCompleted) return s.inbox.clear();
  const auto* error = std::get_if<ErrorState>(&s.state);
  if (error != nullptr && !error->failed.id.empty()) return;
  step.Go(Exposition{});
  step.Refuse(ErrorCode::kInternal, phrases::kUnavailable, true);
  Call call = CallFor(step, Tool::kLoadTopic);
  call.id = CallId(step.NextId());
  call.topic = s.syllabus.topic;
  Fail(step, std::move(call), Name(ErrorCode::kInternal));
}

}  // namespace lyceum::tutor
