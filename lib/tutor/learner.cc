#include "tutor/learner.h"

#include <algorithm>

#include "tutor/answer_shape.h"
#include "tutor/calls.h"
#include "tutor/handle.h"
#include "tutor/lesson.h"
#include "tutor/limits.h"
#include "tutor/phrases.h"

namespace lyceum::tutor {
namespace {

QuestionId OpenId(const Session& s) {
  const Question* question = CurrentQuestion(s);
  return question == nullptr ? QuestionId{} : question->id;
}

// A question's content by its id, where the topic still has it.
const Question* FindQuestion(const Session& s, const QuestionId& id) {
  if (s.topic == nullptr) return nullptr;
  for (const Question& question : s.topic->questions) {
    if (question.id == id) return &question;
  }
  return nullptr;
}

// Whether a deferred event only made sense for the question that was open when it came.
bool IsForItsQuestion(const Session& s, const Deferred& deferred) {
  if (std::holds_alternative<Hint>(deferred.event.kind)) return true;
  const auto* message = std::get_if<UserMessage>(&deferred.event.kind);
  if (message == nullptr || message->intent == Intent::kQuestion) return false;
  if (message->intent == Intent::kAnswer) return true;
  const Question* then = FindQuestion(s, deferred.question);
  return then == nullptr ? !deferred.question.empty() : LooksLikeAnswer(message->text, *then);
}

}  // namespace

void ReadMessage(Turn& turn, const UserMessage& message) {
  const Question* question = CurrentQuestion(turn.s);
  switch (message.intent) {
    case Intent::kQuestion:
      return Clarify(turn, message.text);
    case Intent::kAnswer:
      if (question == nullptr) {
        return turn.Refuse("no_open_question", phrases::kNoOpenQuestion);
      }
      return CheckAnswer(turn, message.text);
    case Intent::kUnspecified:
      break;
  }
  if (question == nullptr) return Clarify(turn, message.text);
  if (LooksLikeAnswer(message.text, *question)) return CheckAnswer(turn, message.text);
  Call call = CallFor(turn, Tool::kClassifyIntent);
  call.text = message.text;
  Ask(turn, std::move(call));
}

void CheckAnswer(Turn& turn, const std::string& answer) {
  Call call = CallFor(turn, Tool::kCheckAnswer);
  call.text = answer;
  Ask(turn, std::move(call));
}

void Clarify(Turn& turn, const std::string& text) {
  // Without content there is nothing to clarify with.
  if (turn.s.topic == nullptr) return LoadTopic(turn, turn.s.syllabus.topic);
  Call call = CallFor(turn, Tool::kClarifyConcept);
  call.text = text;
  Ask(turn, std::move(call));
}

void NextHint(Turn& turn) {
  const Question* question = CurrentQuestion(turn.s);
  if (question == nullptr) return turn.Refuse("no_open_question", phrases::kNoOpenQuestion);
  const auto of = static_cast<uint32_t>(std::max<size_t>(question->hints.size(), 1));
  const uint32_t level = turn.s.question->hints_shown + 1;
  if (level > std::min(of, kHintsMax)) {
    ShowSolution(turn);
    CloseQuestion(turn, Closing::kIncorrect);
    return GoOn(turn);
  }
  if (level <= question->hints.size() && !question->hints[level - 1].empty()) {
    return ShowHint(turn, level, question->hints[level - 1]);
  }
  Call call = CallFor(turn, Tool::kGiveHint);
  call.level = level;
  Ask(turn, std::move(call));
}

void SkipQuestion(Turn& turn) {
  CloseQuestion(turn, Closing::kSkipped);
  GoOn(turn);
}

void SkipSetting(Turn& turn) {
  const Session& s = turn.s;
  const bool queued = s.topic != nullptr && s.syllabus.next_question < s.topic->questions.size();
  if (queued || s.topic == nullptr) return GoOn(turn);
  FinishTopic(turn);
}

void SkipFailed(Turn& turn) {
  const auto* error = std::get_if<ErrorState>(&turn.s.state);
  if (error == nullptr) return;
  const Tool tool = error->failed.tool;
  const Origin origin = error->failed.origin;
  turn.GoBack(origin);
  CloseQuestion(turn, Closing::kSkipped);
  // No content, and no way to it; or no question that could be made.
  if (turn.s.topic == nullptr || tool == Tool::kGenerateQuestion) return FinishTopic(turn);
  GoOn(turn);
}

void LeaveRemediation(Turn& turn) {
  if (turn.s.question) return Pose(turn);
  turn.Go(Exposition{});
  turn.SayText(phrases::kGoingOn);
}

void StartOver(Turn& turn, const Start& start) {
  Session& s = turn.s;
  s.context = start.context;
  s.busy_policy = start.busy_policy;
  s.syllabus = Syllabus{};
  s.syllabus.course = start.course;
  s.syllabus.version = start.version;
  s.syllabus.topic = start.topic;
  s.topic.reset();
  s.topic_digest.clear();
  s.question.reset();
  s.counters.correct = s.counters.incorrect = s.counters.hints = s.counters.skips = 0;
  turn.Note(Role::kSystem, "start", start.course.value);
  turn.Go(Exposition{});
  LoadTopic(turn, start.topic);
}

void Wait(Turn& turn, const EventKind& kind) {
  turn.Say(WaitOut{});
  Session& s = turn.s;
  switch (s.busy_policy) {
    case BusyPolicy::kReplyWait:
      return;
    case BusyPolicy::kDefer:
      if (s.inbox.size() >= kInboxMax) return;
      s.inbox.push_back({{turn.cause, turn.client, turn.encoding, kind}, OpenId(s)});
      return;
    case BusyPolicy::kInterrupt:
      turn.EndCall(true);
      return Handle(turn, kind);
  }
}

void DrainInbox(Turn& turn) {
  Session& s = turn.s;
  while (!s.inbox.empty() && NameOf(s.state) != StateName::kAwaitingToolResult) {
    const Deferred deferred = std::move(s.inbox.front());
    s.inbox.erase(s.inbox.begin());
    turn.cause = deferred.event.id;
    turn.locked_ms = 0;
    if (deferred.question != OpenId(s) && IsForItsQuestion(s, deferred)) {
      turn.Refuse("question_closed", phrases::kQuestionClosed);
      continue;
    }
    Handle(turn, deferred.event.kind);
  }
}

}  // namespace lyceum::tutor
