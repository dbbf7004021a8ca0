#include "tutor/calls.h"

#include "base/token.h"
#include "tutor/known_errors.h"
#include "tutor/lesson.h"
#include "tutor/limits.h"
#include "tutor/phrases.h"

namespace lyceum::tutor {
namespace {

constexpr size_t kErrorTextBytesMax = 512;
constexpr size_t kErrorCodeBytesMax = 64;

std::string_view FailureText(const Call& call, const ToolError& error) {
  switch (call.tool) {
    case Tool::kCheckAnswer:
      return phrases::kAnswerKept;
    case Tool::kGenerateQuestion:
      return phrases::kGenerateFailed;
    default:
      // An unknown course or topic: the tool's words name it.
      if (error.code == "not_found" && !error.text.empty()) {
        return CutUtf8(error.text, kErrorTextBytesMax);
      }
      return phrases::kLoadFailed;
  }
}

std::string_view AuthoredHint(const Turn& turn, uint32_t level) {
  const Question* question = CurrentQuestion(turn.s);
  if (question == nullptr || level == 0 || level > question->hints.size()) return "";
  return question->hints[level - 1];
}

std::string_view AuthoredSegment(const Turn& turn, uint32_t segment) {
  if (turn.s.topic == nullptr || segment >= turn.s.topic->material.size()) return "";
  return turn.s.topic->material[segment];
}

}  // namespace

Call CallFor(const Turn& turn, Tool tool) {
  Call call;
  call.tool = tool;
  call.origin = OriginOf(turn.s.state);
  if (const Question* question = CurrentQuestion(turn.s)) call.question = question->id;
  return call;
}

void Ask(Turn& turn, Call call) {
  if (turn.StartCall(call)) return;
  call.id = CallId(turn.NextId());
  call.cause = turn.cause;
  turn.GoBack(call.origin);
  GiveUp(turn, std::move(call), {"deadline", true, ""});
}

void GiveUp(Turn& turn, Call call, const ToolError& error) {
  ++turn.s.counters.tool_errors;
  switch (call.tool) {
    case Tool::kLoadTopic:
    case Tool::kCheckAnswer:
    case Tool::kGenerateQuestion: {
      const std::string code(
          CutUtf8(error.code.empty() ? "tool_failed" : error.code, kErrorCodeBytesMax));
      turn.Refuse(code, FailureText(call, error), true);
      Fail(turn, std::move(call), code);
      return;
    }
    case Tool::kPresentMaterial:
    case Tool::kClarifyConcept:
    case Tool::kGiveHint:
    case Tool::kRemediateKnownError:
    case Tool::kDiagnoseError:
    case Tool::kClassifyIntent:
      ++turn.s.counters.degraded;
      SayInstead(turn, call);
      return;
  }
}

void SayInstead(Turn& turn, const Call& call) {
  switch (call.tool) {
    case Tool::kPresentMaterial:
      ShowSegment(turn, call.level, AuthoredSegment(turn, call.level));
      return;
    case Tool::kClarifyConcept:
      turn.SayText(phrases::kClarifyFailed);
      return;
    case Tool::kGiveHint: {
      const std::string_view authored = AuthoredHint(turn, call.level);
      ShowHint(turn, call.level, authored.empty() ? phrases::kHintFailed : authored);
      return;
    }
    case Tool::kRemediateKnownError: {
      const KnownError* error = FindKnownError(turn.s, call.error);
      const bool authored = error != nullptr && !error->text.empty();
      turn.SayText(authored ? std::string_view(error->text) : phrases::kRemediateFailed);
      return;
    }
    case Tool::kDiagnoseError:
      turn.SayText(phrases::kDiagnoseFailed);
      return;
    case Tool::kClassifyIntent:
      turn.SayText(phrases::kClassifyFailed);
      return;
    case Tool::kLoadTopic:
    case Tool::kCheckAnswer:
    case Tool::kGenerateQuestion:
      return;  // Nothing can stand in for these: see GiveUp.
  }
}

void Fail(Turn& turn, Call call, std::string_view code) {
  // A call that was tried again because the learner was away is not tried a second time for that.
  const bool retried = turn.s.nudges >= kNudgesMax;
  turn.Go(ErrorState{std::move(call), std::string(code), retried});
}

void AskAgain(Turn& turn) {
  const auto* error = std::get_if<ErrorState>(&turn.s.state);
  if (error == nullptr) return;
  Call call = error->failed;
  turn.GoBack(call.origin);
  Ask(turn, std::move(call));
}

}  // namespace lyceum::tutor
