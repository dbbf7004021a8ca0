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

void EmitFeedback(Step& step, const CheckAnswerOk& grade, const KnownError* error,
                  bool stays_open) {
  const Question* question = CurrentQuestion(step.session);
  std::string text(CutUtf8(grade.feedback, kToolTextBytesMax));
  const bool gives_away =
      stays_open && question != nullptr && (grade.reveals_answer || Reveals(text, *question));
  if (text.empty() || gives_away) text = phrases::NeutralFeedback(grade.verdict, stays_open);
  std::optional<ErrorId> id;
  if (error != nullptr) id = error->id;
  step.Emit(FeedbackOut{grade.verdict, Score(grade.score), std::move(text), id});
}

void ApplyCorrect(Step& step, const CheckAnswerOk& grade) {
  EmitFeedback(step, grade, nullptr, false);
  CloseQuestion(step, Closing::kCorrect);
  GoOn(step);
}

void ApplyIncorrect(Step& step, const Call& call, const CheckAnswerOk& grade) {
  Session& s = step.session;
  const KnownError* error = SureError(s, grade);
  Attempt attempt{call.text, grade.verdict, std::nullopt};
  if (error != nullptr) attempt.error = error->id;
  s.question->attempts.push_back(std::move(attempt));
  const bool is_last = s.question->attempts.size() >= kAttemptsMax;
  EmitFeedback(step, grade, error, !is_last);
  if (is_last) {
    ShowSolution(step);
    CloseQuestion(step, Closing::kIncorrect);
    return GoOn(step);
  }
  Call next = CallFor(step, error == nullptr ? Tool::kDiagnoseError : Tool::kRemediateKnownError);
  next.text = call.text;
  if (error != nullptr) {
    next.error = error->id;
    next.strategy = CountError(s, error->id);
  }
  step.StartCall(std::move(next));
}

void ApplyUngraded(Step& step, const Call& call) {
  if (call.attempt < kGradersMax) {
    Call next = call;
    ++next.attempt;
    return step.StartCall(std::move(next));
  }
  ++step.session.counters.for_review;
  if (step.fold_version() < 3) {
    step.EmitText(phrases::kForReview);
  } else {
    step.Emit(FeedbackOut{Verdict::kUngraded, 0, std::string(phrases::kForReview), std::nullopt});
  }
  ShowSolution(step);
  CloseQuestion(step, Closing::kUncounted);
  GoOn(step);
}

}  // namespace

void ApplyGrade(Step& step, const Call& call, const CheckAnswerOk& grade) {
  const Question* question = CurrentQuestion(step.session);
  if (question == nullptr) return;
  switch (TrustedVerdict(*question, grade)) {
    case Verdict::kCorrect:
      return ApplyCorrect(step, grade);
    case Verdict::kPartiallyCorrect:
    case Verdict::kIncorrect:
      return ApplyIncorrect(step, call, grade);
    case Verdict::kInvalid:
      return EmitFeedback(step, grade, nullptr, true);
    case Verdict::kNotAnAnswer:
      return Clarify(step, call.text);
    case Verdict::kUngraded:
      return ApplyUngraded(step, call);
  }
}

}  // namespace lyceum::tutor
