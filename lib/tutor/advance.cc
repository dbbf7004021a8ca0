#include "tutor/advance.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <type_traits>

#include "tutor/handle.h"
#include "tutor/learner.h"
#include "tutor/lesson.h"
#include "tutor/limits.h"
#include "tutor/phrases.h"
#include "tutor/plain_text.h"
#include "tutor/timer.h"

namespace lyceum::tutor {
namespace {

enum class Class { kUser, kTool, kTimer, kAdmin, kInternal };

// What is known of each kind of event: whose it is, and what the history keeps of it.
struct Kind {
  Class of;
  std::string_view word;  // Empty: the history does not keep it.
  std::string_view text;
};

Kind KindOf(const Start&) { return {Class::kUser, "", ""}; }
Kind KindOf(const UserMessage& e) { return {Class::kUser, "message", e.text}; }
Kind KindOf(const Hint&) { return {Class::kUser, "hint", ""}; }
Kind KindOf(const Skip&) { return {Class::kUser, "skip", ""}; }
Kind KindOf(const Continue&) { return {Class::kUser, "continue", ""}; }
Kind KindOf(const Attach&) { return {Class::kUser, "", ""}; }
Kind KindOf(const Detach&) { return {Class::kUser, "", ""}; }
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
Kind KindOf(const InvariantViolated&) { return {Class::kInternal, "", ""}; }

Kind KindOf(const EventKind& kind) {
  return std::visit([](const auto& event) { return KindOf(event); }, kind);
}

// True where it was seen before; remembers it otherwise.
bool IsSeen(Session& s, const EventId& id) {
  if (id.empty()) return false;
  const uint64_t hash = HashId(id);
  if (std::find(s.seen.begin(), s.seen.end(), hash) != s.seen.end()) return true;
  if (s.seen.size() >= kSeenMax) s.seen.erase(s.seen.begin());
  s.seen.push_back(hash);
  return false;
}

// Refuses what can not be a learner's message. True where it did.
bool RefusesText(Turn& turn, const EventKind& kind) {
  const auto* message = std::get_if<UserMessage>(&kind);
  if (message == nullptr) return false;
  if (message->text.size() > kLearnerTextBytesMax) {
    turn.Refuse("text_too_long", phrases::kTextTooLong, false, false);
    return true;
  }
  if (!IsBlank(message->text)) return false;
  turn.Refuse("text_empty", phrases::kTextEmpty, false, false);
  return true;
}

void TakeUserEvent(Turn& turn, const Event& event, const Kind& kind) {
  WakeUp(turn);
  const bool again =
      std::holds_alternative<Start>(event.kind) || std::holds_alternative<Attach>(event.kind);
  if (!std::holds_alternative<Detach>(event.kind)) turn.AttachClient(again);
  if (RefusesText(turn, event.kind)) return;
  if (!kind.word.empty()) turn.Note(Role::kLearner, kind.word, kind.text);
  Handle(turn, event.kind);
}

void Take(Turn& turn, const Event& event, const Kind& kind) {
  switch (kind.of) {
    case Class::kUser:
      return TakeUserEvent(turn, event, kind);
    case Class::kAdmin:
      turn.Note(Role::kOperator, kind.word, kind.text);
      return Handle(turn, event.kind);
    case Class::kTool:
    case Class::kTimer:
    case Class::kInternal:
      turn.cause = EventId{};  // Nobody asked; a call's own cause is set where it ends.
      return Handle(turn, event.kind);
  }
}

Step Finished(Turn turn) {
  DrainInbox(turn);
  if (std::string what = Violation(turn.s); !what.empty()) {
    Handle(turn, InvariantViolated{std::move(what)});
    DrainInbox(turn);
  }
  turn.Finish();
  return {std::move(turn.s), std::move(turn.effects)};
}

Step OpenSession(const UserId& user, const Event& event, const Start& start, const At& at) {
  Session session;
  session.user = user;
  session.first_sequence = at.sequence;
  session.state = Completed{};  // Until it is started over, in this same step.
  Turn turn(std::move(session), at, event);
  IsSeen(turn.s, event.id);
  WakeUp(turn);
  turn.AttachClient(true);
  StartOver(turn, start);
  return Finished(std::move(turn));
}

Step TellNoSession(const Event& event, const At& at) {
  Step step;
  if (KindOf(event.kind).of != Class::kUser || event.client.empty()) return step;
  ClientMessage message;
  message.id = std::to_string(at.partition) + "-" + std::to_string(at.sequence) + "-0";
  message.in_reply_to = event.id;
  message.at_ms = at.time_ms;
  message.body = ErrorOut{"no_session", std::string(phrases::kNoSession), false};
  step.effects.push_back(Tell{{event.client, event.encoding}, std::move(message)});
  return step;
}

}  // namespace

Step Advance(std::optional<Session> session, const UserId& user, const Event& event, const At& at) {
  if (!session) {
    const auto* start = std::get_if<Start>(&event.kind);
    return start == nullptr ? TellNoSession(event, at) : OpenSession(user, event, *start, at);
  }
  const Kind kind = KindOf(event.kind);
  Turn turn(*std::move(session), at, event);
  const bool has_id = kind.of == Class::kUser || kind.of == Class::kAdmin;
  if (has_id && IsSeen(turn.s, event.id)) {
    ++turn.s.counters.duplicates;
    return {std::move(turn.s), {}};
  }
  Take(turn, event, kind);
  return Finished(std::move(turn));
}

}  // namespace lyceum::tutor
