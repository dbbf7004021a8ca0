#include "tutor/learner.h"

#include <algorithm>

#include "tutor/answer_shape.h"
#include "tutor/args.h"
#include "tutor/calls.h"
#include "tutor/handle.h"
#include "tutor/lesson.h"
#include "tutor/limits.h"
#include "tutor/phrases.h"
#include "tutor/supervision.h"

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

void ReadMessage(Step& step, const UserMessage& message) {
  const Question* question = CurrentQuestion(step.session);
  switch (message.intent) {
    case Intent::kQuestion:
      return Clarify(step, message.text);
    case Intent::kAnswer:
      if (question == nullptr) {
        return step.Refuse(ErrorCode::kNoOpenQuestion, phrases::kNoOpenQuestion);
      }
      return CheckAnswer(step, message.text);
    case Intent::kUnspecified:
      break;
  }
  if (question == nullptr) return Clarify(step, message.text);
  if (LooksLikeAnswer(message.text, *question)) return CheckAnswer(step, message.text);
  Call call = CallFor(step, Tool::kClassifyIntent);
  call.text = message.text;
  step.StartCall(std::move(call));
}

void CheckAnswer(Step& step, const std::string& answer) {
  Call call = CallFor(step, Tool::kCheckAnswer);
  call.text = answer;
  step.StartCall(std::move(call));
}

void Clarify(Step& step, const std::string& text) {
  // Without content there is nothing to clarify with.
  if (step.session.topic == nullptr) return LoadTopic(step, step.session.syllabus.topic);
  Call call = CallFor(step, Tool::kClarifyConcept);
  call.text = text;
  step.StartCall(std::move(call));
}

void NextHint(Step& step) {
  const Question* question = CurrentQuestion(step.session);
  if (question == nullptr) return step.Refuse(ErrorCode::kNoOpenQuestion, phrases::kNoOpenQuestion);
  const auto of = static_cast<uint32_t>(std::max<size_t>(question->hints.size(), 1));
  const uint32_t level = step.session.question->hints_shown + 1;
  if (level > std::min(of, kHintsMax)) {
    ShowSolution(step);
    CloseQuestion(step, Closing::kIncorrect);
    return GoOn(step);
  }
  if (level <= question->hints.size() && !question->hints[level - 1].empty()) {
    return ShowHint(step, level, question->hints[level - 1]);
  }
  Call call = CallFor(step, Tool::kGiveHint);
  call.level = level;
  step.StartCall(std::move(call));
}

void SkipQuestion(Step& step) {
  CloseQuestion(step, Closing::kSkipped);
  GoOn(step);
}

void SkipSetting(Step& step) {
  const Session& s = step.session;
  const bool queued = s.topic != nullptr && s.syllabus.next_question < s.topic->questions.size();
  if (queued || s.topic == nullptr) return GoOn(step);
  FinishTopic(step);
}

bool IsNeverLoaded(const Session& session) {
  return session.topic == nullptr && session.syllabus.done.empty();
}

void SkipFailed(Step& step) {
  const auto* error = std::get_if<ErrorState>(&step.session.state);
  if (error == nullptr) return;
  if (IsNeverLoaded(step.session)) {
    const std::string& found = error->failed.text;  // What there is: see GiveUp.
    return step.Refuse(ErrorCode::kNotFound, found.empty() ? phrases::kNotStarted : found);
  }
  const Tool tool = error->failed.tool;
  const Origin origin = error->failed.origin;
  step.GoBack(origin);
  CloseQuestion(step, Closing::kSkipped);
  // No content, and no way to it; or no question that could be made.
  if (step.session.topic == nullptr || tool == Tool::kGenerateQuestion) return FinishTopic(step);
  GoOn(step);
}

void LeaveRemediation(Step& step) {
  if (step.session.question) return Pose(step);
  step.Go(Exposition{});
  step.EmitText(phrases::kGoingOn);
}

void StartOver(Step& step, const Start& start) {
  Session& s = step.session;
  s.context = start.context;
  if (step.fold_version() < 3) {
    s.context.supervision = Supervision::kNone;
    s.context.undecided = Undecided::kAuthored;
    s.context.decide_s = 0;
  }
  s.busy_policy = start.busy_policy;
  s.syllabus = Syllabus{};
  s.syllabus.course = start.course;
  s.syllabus.version = start.version;
  s.syllabus.topic = start.topic;
  s.topic.reset();
  s.topic_digest.clear();
  s.question.reset();
  s.counters.correct = s.counters.incorrect = s.counters.hints = s.counters.skips = 0;
  step.Note(Role::kSystem, "start", start.course.value);
  step.Go(Exposition{});
  LoadTopic(step, start.topic);
}

void Resume(Step& step, uint32_t after_n) {
  const Session& s = step.session;
  if (step.client.empty()) return;
  const uint32_t kept = s.n > kMessagesKept ? s.n - kMessagesKept + 1 : 1;
  const uint32_t first = std::max(std::min(after_n, s.n) + 1, kept);
  ResumedOut resumed{first, s.n, s.syllabus.topic, ProgressOf(s), std::nullopt};
  if (const Question* question = CurrentQuestion(s)) resumed.question = ViewOf(*question);
  step.Reply(std::move(resumed));
  if (first <= s.n) step.Do(ResendMessages{{step.client, step.encoding}, first, s.n});
}

void MarkForReview(Step& step, const Review& review) {
  if (review.n == 0 || review.n > step.session.n) {
    return step.Refuse(ErrorCode::kNotFound, phrases::kNothingToReview);
  }
  ++step.session.counters.for_review;
  step.EmitText(phrases::kReviewKept);
}

void Wait(Step& step, const EventKind& kind) {
  Session& s = step.session;
  switch (s.busy_policy) {
    case BusyPolicy::kReplyWait:
      return step.Emit(WaitOut{});
    case BusyPolicy::kDefer:
      if (s.inbox.size() >= kInboxMax) {
        return step.Refuse(ErrorCode::kInboxFull, phrases::kInboxFull, true);
      }
      s.inbox.push_back({{step.cause, step.client, step.encoding, kind}, OpenId(s)});
      return step.Emit(WaitOut{true, static_cast<uint32_t>(s.inbox.size())});
    case BusyPolicy::kInterrupt:
      step.Emit(WaitOut{.kept = true});
      step.EndCall(true);
      GiveUpDraft(step);
      return Handle(step, kind);
  }
}

void DrainInbox(Step& step) {
  Session& s = step.session;
  while (!s.inbox.empty() && !IsBusy(NameOf(s.state))) {
    const Deferred deferred = std::move(s.inbox.front());
    s.inbox.erase(s.inbox.begin());
    step.cause = deferred.event.id;
    step.locked_ms = 0;
    if (deferred.question != OpenId(s) && IsForItsQuestion(s, deferred)) {
      step.Refuse(ErrorCode::kQuestionClosed, phrases::kQuestionClosed);
      continue;
    }
    Handle(step, deferred.event.kind);
  }
}

}  // namespace lyceum::tutor
