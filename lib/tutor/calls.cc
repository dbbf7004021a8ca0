#include "tutor/calls.h"

#include "base/token.h"
#include "tutor/known_errors.h"
#include "tutor/learner.h"
#include "tutor/lesson.h"
#include "tutor/limits.h"
#include "tutor/phrases.h"

namespace lyceum::tutor {
namespace {

constexpr size_t kErrorTextBytesMax = 512;
constexpr size_t kErrorCodeBytesMax = 64;

// `began`: a topic of the course was there before.
std::string_view FailureText(const Call& call, const ToolError& error, bool began) {
  switch (call.tool) {
    case Tool::kCheckAnswer:
      return phrases::kAnswerKept;
    case Tool::kGenerateQuestion:
      return phrases::kGenerateFailed;
    default:
      // An unknown course or topic: the tool's text names it, and what there is.
      if (error.code == Name(ErrorCode::kNotFound) && !error.text.empty()) {
        return CutUtf8(error.text, kErrorTextBytesMax);
      }
      return began ? phrases::kLoadFailed : phrases::kNotStarted;
  }
}

std::string_view AuthoredHint(const Step& step, uint32_t level) {
  const Question* question = CurrentQuestion(step.session);
  if (question == nullptr || level == 0 || level > question->hints.size()) return "";
  return question->hints[level - 1];
}

std::string_view AuthoredSegment(const Step& step, uint32_t segment) {
  if (step.session.topic == nullptr || segment >= step.session.topic->material.size()) return "";
  return step.session.topic->material[segment];
}

}  // namespace

Call CallFor(const Step& step, Tool tool) {
  Call call;
  call.tool = tool;
  call.origin = OriginOf(step.session.state);
  if (const Question* question = CurrentQuestion(step.session)) call.question = question->id;
  return call;
}

void GiveUp(Step& step, Call call, const ToolError& error) {
  ++step.session.counters.tool_errors;
  switch (call.tool) {
    case Tool::kLoadTopic:
    case Tool::kCheckAnswer:
    case Tool::kGenerateQuestion: {
      const std::string code(
          CutUtf8(error.code.empty() ? Name(ErrorCode::kToolFailed) : std::string_view(error.code),
                  kErrorCodeBytesMax));
      const bool began = !IsNeverLoaded(step.session);
      const std::string_view text = FailureText(call, error, began);
      step.RefuseAs(code, text, error.code != Name(ErrorCode::kNotFound));
      if (!began) call.text = text;  // For whoever asks what there is.
      Fail(step, std::move(call), code);
      return;
    }
    case Tool::kPresentMaterial:
    case Tool::kClarifyConcept:
    case Tool::kGiveHint:
    case Tool::kRemediateKnownError:
    case Tool::kDiagnoseError:
    case Tool::kClassifyIntent:
      ++step.session.counters.degraded;
      EmitSubstitute(step, call);
      return;
  }
}

void EmitSubstitute(Step& step, const Call& call) {
  switch (call.tool) {
    case Tool::kPresentMaterial:
      ShowSegment(step, call.level, AuthoredSegment(step, call.level));
      return;
    case Tool::kClarifyConcept:
      step.EmitText(phrases::kClarifyFailed);
      return;
    case Tool::kGiveHint: {
      const std::string_view authored = AuthoredHint(step, call.level);
      ShowHint(step, call.level, authored.empty() ? phrases::kHintFailed : authored);
      return;
    }
    case Tool::kRemediateKnownError: {
      const KnownError* error = FindKnownError(step.session, call.error);
      const bool authored = error != nullptr && !error->text.empty();
      step.EmitText(authored ? std::string_view(error->text) : phrases::kRemediateFailed);
      return;
    }
    case Tool::kDiagnoseError:
      step.EmitText(phrases::kDiagnoseFailed);
      return;
    case Tool::kClassifyIntent:
      step.EmitText(phrases::kClassifyFailed);
      return;
    case Tool::kLoadTopic:
    case Tool::kCheckAnswer:
    case Tool::kGenerateQuestion:
      return;  // Nothing can stand in for these: see GiveUp.
  }
}

void Fail(Step& step, Call call, std::string_view code) {
  // A call that was tried again because the learner was away is not tried a second time for that.
  const bool retried = step.session.nudges >= kNudgesMax;
  step.Go(ErrorState{std::move(call), std::string(code), retried});
}

void AskAgain(Step& step) {
  auto* error = std::get_if<ErrorState>(&step.session.state);
  if (error == nullptr) return;
  Call call = std::move(error->failed);
  step.GoBack(call.origin);
  step.StartCall(std::move(call));
}

}  // namespace lyceum::tutor
