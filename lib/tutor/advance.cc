#include "tutor/advance.h"

#include <string_view>
#include <type_traits>

#include "tutor/handle.h"
#include "tutor/learner.h"
#include "tutor/lesson.h"
#include "tutor/limits.h"
#include "tutor/phrases.h"
#include "tutor/plain_text.h"
#include "tutor/seen.h"
#include "tutor/timer.h"

namespace lyceum::tutor {
namespace {

enum class Class { kUser, kTool, kTimer, kAdmin, kTeacher, kInternal };

// What is known of each kind of event: whose it is, and what the history keeps of it.
struct Kind {
  Class of;
  std::string_view name;  // Empty: the history does not keep it.
  std::string_view text;
};

Kind KindOf(const Start&) { return {Class::kUser, "", ""}; }
Kind KindOf(const UserMessage& e) { return {Class::kUser, "message", e.text}; }
Kind KindOf(const Hint&) { return {Class::kUser, "hint", ""}; }
Kind KindOf(const Skip&) { return {Class::kUser, "skip", ""}; }
Kind KindOf(const Continue&) { return {Class::kUser, "continue", ""}; }
Kind KindOf(const Attach&) { return {Class::kUser, "", ""}; }
Kind KindOf(const Detach&) { return {Class::kUser, "", ""}; }
Kind KindOf(const Stop&) { return {Class::kUser, "stop", ""}; }
Kind KindOf(const Review& e) { return {Class::kUser, "review", e.text}; }
Kind KindOf(const ToolResult&) { return {Class::kTool, "", ""}; }
Kind KindOf(const TimerFired&) { return {Class::kTimer, "", ""}; }
Kind KindOf(const ForceRemediation& e) {
  return {Class::kAdmin, "force_remediation", e.error.value};
}
Kind KindOf(const ForceSkip&) { return {Class::kAdmin, "force_skip", ""}; }
Kind KindOf(const GotoTopic& e) { return {Class::kAdmin, "goto_topic", e.topic.value}; }
Kind KindOf(const RetryCall&) { return {Class::kAdmin, "retry", ""}; }
Kind KindOf(const End& e) { return {Class::kAdmin, "end", e.reason}; }
Kind KindOf(const Shutdown& e) { return {Class::kAdmin, "shutdown", e.reason}; }
Kind KindOf(const Supervise&) { return {Class::kTeacher, "", ""}; }  // See Decide.
Kind KindOf(const InvariantViolated&) { return {Class::kInternal, "", ""}; }

// Of another name: a kind that has no function above does not compile.
Kind FindKind(const EventKind& kind) {
  return std::visit([](const auto& event) { return KindOf(event); }, kind);
}

// Refuses what can not be a learner's message. True where it did.
bool RefusesText(Step& step, const EventKind& kind) {
  const auto* message = std::get_if<UserMessage>(&kind);
  if (message == nullptr) return false;
  if (message->text.size() > kLearnerTextBytesMax) {
    step.Refuse(ErrorCode::kTextTooLong, phrases::kTextTooLong, false, false);
    return true;
  }
  if (!IsBlank(message->text)) return false;
  step.Refuse(ErrorCode::kTextEmpty, phrases::kTextEmpty, false, false);
  return true;
}

void OnUserEvent(Step& step, const Event& event, const Kind& kind) {
  WakeUp(step);
  const bool again =
      std::holds_alternative<Start>(event.kind) || std::holds_alternative<Attach>(event.kind);
  if (!std::holds_alternative<Detach>(event.kind)) step.AttachClient(again);
  if (RefusesText(step, event.kind)) return;
  if (!kind.name.empty()) step.Note(Role::kLearner, kind.name, kind.text);
  Handle(step, event.kind);
}

void OnEvent(Step& step, const Event& event, const Kind& kind) {
  switch (kind.of) {
    case Class::kUser:
      return OnUserEvent(step, event, kind);
    case Class::kAdmin:
      step.Note(Role::kOperator, kind.name, kind.text);
      return Handle(step, event.kind);
    case Class::kTeacher:
      return Handle(step, event.kind);
    case Class::kTool:
    case Class::kTimer:
    case Class::kInternal:
      step.cause = EventId{};  // Nobody asked; a call's own cause is set where it ends.
      return Handle(step, event.kind);
  }
}

void Finish(Step& step) {
  DrainInbox(step);
  if (std::string what = Violation(step.session); !what.empty()) {
    Handle(step, InvariantViolated{std::move(what)});
    DrainInbox(step);
  }
  step.Finish();
}

void OpenSession(Session* session, const UserId& user, const Event& event, const Start& start,
                 const LogPosition& position, Effects* effects) {
  session->user = user;
  session->first_sequence = position.sequence;
  session->state = Completed{};  // Until it is started over, in this same step.
  Step step(session, event, position, effects);
  Remember(&step.session.seen, event);
  WakeUp(step);
  step.AttachClient(true);
  StartOver(step, start);
  Finish(step);
}

void ReplyNoSession(const Event& event, const LogPosition& position, Effects* effects) {
  const Class of = FindKind(event.kind).of;
  if ((of != Class::kUser && of != Class::kTeacher) || event.client.empty()) return;
  ClientMessage message;
  message.id = IdAt(position, 0);
  message.in_reply_to = event.id;
  message.at_ms = position.time_ms;
  message.body =
      ErrorOut{std::string(Name(ErrorCode::kNoSession)), std::string(phrases::kNoSession), false};
  effects->push_back(ReplyTo{{event.client, event.encoding}, std::move(message)});
}

}  // namespace

void Advance(std::optional<Session>* session, const UserId& user, const Event& event,
             const LogPosition& position, Effects* effects) noexcept {
  effects->clear();
  if (!session->has_value()) {
    const auto* start = std::get_if<Start>(&event.kind);
    if (start == nullptr) return ReplyNoSession(event, position, effects);
    return OpenSession(&session->emplace(), user, event, *start, position, effects);
  }
  const Kind kind = FindKind(event.kind);
  Step step(&**session, event, position, effects);
  const bool has_id =
      kind.of == Class::kUser || kind.of == Class::kAdmin || kind.of == Class::kTeacher;
  const Seen seen = has_id ? Remember(&step.session.seen, event) : Seen::kNew;
  if (seen != Seen::kNew) {
    ++step.session.counters.duplicates;
    if (seen == Seen::kOther)
      step.Reply(
          ErrorOut{std::string(Name(ErrorCode::kDuplicateId)), std::string(phrases::kDuplicateId)});
    return;
  }
  OnEvent(step, event, kind);
  Finish(step);
}

}  // namespace lyceum::tutor
