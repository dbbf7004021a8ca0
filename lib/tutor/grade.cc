#include "tutor/grade.h"

#include <algorithm>

#include "base/token.h"
#include "tutor/calls.h"
#include "tutor/known_errors.h"
#include "tutor/learner.h"
#include "tutor/lesson.h"
#include "tutor/limits.h"
#include "tutor/phrases.h"
#include "tutor/reveal.h"

namespace lyceum::tutor {
namespace {

// Not a number is 0 too.
double Score(double score) { return score > 0 ? std::min(score, 1.0) : 0.0; }

Verdict TrustedVerdict(const Question& question, const CheckAnswerOk& grade) {
  if (grade.question != question.id) return Verdict::kUngraded;
  const bool sure = grade.confidence >= kGradeConfidenceMin;
  if (grade.method == "rubric_llm" && !sure) return Verdict::kUngraded;
  return grade.verdict;
}

// The registered error the grader is sure of, or null.
const KnownError* SureError(const Session& s, const CheckAnswerOk& grade) {
  if (!grade.known_error) return nullptr;
  if (!(grade.known_error->confidence >= kKnownErrorConfidenceMin)) return nullptr;
  return FindKnownError(s, grade.known_error->id);
}

void SayFeedback(Turn& turn, const CheckAnswerOk& grade, const KnownError* error, bool stays_open) {
  const Question* question = CurrentQuestion(turn.s);
  std::string text(CutUtf8(grade.feedback, kToolTextBytesMax));
  const bool gives_away =
      stays_open && question != nullptr && (grade.reveals_answer || Reveals(text, *question));
  if (text.empty() || gives_away) text = phrases::NeutralFeedback(grade.verdict);
  std::optional<ErrorId> id;
  if (error != nullptr) id = error->id;
  turn.Say(FeedbackOut{grade.verdict, Score(grade.score), std::move(text), id});
}

void TakeCorrect(Turn& turn, const CheckAnswerOk& grade) {
  SayFeedback(turn, grade, nullptr, false);
  CloseQuestion(turn, Closing::kCorrect);
  GoOn(turn);
}

void TakeIncorrect(Turn& turn, const Call& call, const CheckAnswerOk& grade) {
  Session& s = turn.s;
  const KnownError* error = SureError(s, grade);
  Attempt attempt{call.text, grade.verdict, std::nullopt};
  if (error != nullptr) attempt.error = error->id;
  s.question->attempts.push_back(std::move(attempt));
  const bool is_last = s.question->attempts.size() >= kAttemptsMax;
  SayFeedback(turn, grade, error, !is_last);
  if (is_last) {
    ShowSolution(turn);
    CloseQuestion(turn, Closing::kIncorrect);
    return GoOn(turn);
  }
  Call next = CallFor(turn, error == nullptr ? Tool::kDiagnoseError : Tool::kRemediateKnownError);
  next.text = call.text;
  if (error != nullptr) {
    next.error = error->id;
    next.strategy = CountError(s, error->id);
  }
  Ask(turn, std::move(next));
}

void TakeUngraded(Turn& turn, const Call& call) {
  if (call.attempt < kGradersMax) {
    Call next = call;
    ++next.attempt;
    return Ask(turn, std::move(next));
  }
  ++turn.s.counters.for_review;
  turn.SayText(phrases::kForReview);
  ShowSolution(turn);
  CloseQuestion(turn, Closing::kUncounted);
  GoOn(turn);
}

}  // namespace

void TakeGrade(Turn& turn, const Call& call, const CheckAnswerOk& grade) {
  const Question* question = CurrentQuestion(turn.s);
  if (question == nullptr) return;
  switch (TrustedVerdict(*question, grade)) {
    case Verdict::kCorrect:
      return TakeCorrect(turn, grade);
    case Verdict::kPartiallyCorrect:
    case Verdict::kIncorrect:
      return TakeIncorrect(turn, call, grade);
    case Verdict::kInvalid:
      return SayFeedback(turn, grade, nullptr, true);
    case Verdict::kNotAnAnswer:
      return Clarify(turn, call.text);
    case Verdict::kUngraded:
      return TakeUngraded(turn, call);
  }
}

}  // namespace lyceum::tutor
