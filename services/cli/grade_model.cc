#include "cli/grade_model.h"

#include <chrono>
#include <utility>
#include <variant>

#include "tools/built_in.h"
#include "tools/llm_tutor.h"
#include "tutor/limits.h"

namespace lyceum::cli {
namespace {

using grading::PairGrade;
using grading::PairVerdict;

constexpr std::chrono::seconds kAnswerMax{60};

PairVerdict VerdictOf(tutor::Verdict verdict) {
  switch (verdict) {
    case tutor::Verdict::kCorrect:
      return PairVerdict::kCorrect;
    case tutor::Verdict::kIncorrect:
    case tutor::Verdict::kPartiallyCorrect:
      return PairVerdict::kIncorrect;
    case tutor::Verdict::kInvalid:
    case tutor::Verdict::kNotAnAnswer:
      return PairVerdict::kInvalid;
    case tutor::Verdict::kUngraded:
      return PairVerdict::kUngraded;
  }
  return PairVerdict::kUngraded;
}

}  // namespace

Result<ModelGrader> ModelGrader::Open(const models::Flags& flags) {
  if (flags.llm.empty()) {
    return Reject("--llm: no provider is configured: the file of --config needs a table [llm]");
  }
  auto models = models::Open(flags);
  if (!models) return models.error();
  return ModelGrader(tools::LlmTutor(tools::BuiltInTutor(nullptr), std::move(models->client),
                                     std::move(models->prompts), nullptr));
}

PairGrade ModelGrader::Grade(const std::string& id, const grading::Pair& pair) const {
  tutor::CheckAnswerArgs args;
  args.question.id = QuestionId("pair");
  args.question.text = pair.question;
  args.question.format = tutor::AnswerFormat::kText;
  args.question.answers = pair.references;
  args.answer = pair.answer;
  const std::chrono::milliseconds wait = kAnswerMax;
  const envelope::ToolRequest request{.id = CallId(id),
                                      .tool = tutor::Tool::kCheckAnswer,
                                      .user = UserId("grade"),
                                      .deadline_ms = UnixMs() + wait.count(),
                                      .reply_subject = {},
                                      .stream_subject = {},
                                      .args = std::move(args),
                                      .context = {},
                                      .trace = {}};
  const tools::ToolAnswer answer = tools_.Run({.request = request, .deadline = In(wait)});
  if (const auto* error = std::get_if<tutor::ToolError>(&answer.outcome)) {
    return {.verdict = PairVerdict::kUngraded, .method = {}, .note = error->code};
  }
  const auto& checked = std::get<tutor::CheckAnswerOk>(answer.outcome);
  return {.verdict = VerdictOf(checked.verdict),
          .method = checked.method,
          .confidence = checked.confidence,
          .note = checked.answer_note};
}

}  // namespace lyceum::cli
