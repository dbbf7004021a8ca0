#include "tools/llm_tutor.h"

#include <utility>

#include "tools/llm_judged.h"
#include "tools/llm_run.h"
#include "tools/prompt_values.h"
#include "tutor/names.h"

namespace lyceum::tools {
namespace {

using tutor::Tool;

constexpr uint32_t kTextTokensMax = 1024;
constexpr uint32_t kMaterialTokensMax = 4096;  // As long as the longest segments.

ToolAnswer Present(const LlmParts& parts, const ToolCall& call) {
  const auto& args = std::get<tutor::PresentMaterialArgs>(call.request.args);
  // Without the words of the author there is nothing to present.
  if (args.text.empty()) return parts.built_in.Run(call);
  LlmRun run(parts, call);
  auto text = run.Say(PromptValues(call.request, nullptr), {}, kMaterialTokensMax);
  if (!text) return run.Instead();
  return run.Answer(tutor::PresentMaterialOk{std::move(*text)});
}

ToolAnswer Clarify(const LlmParts& parts, const ToolCall& call) {
  const auto& args = std::get<tutor::ClarifyConceptArgs>(call.request.args);
  const auto view = TopicView::Load(parts.source.get(), args.ref, call);
  if (!view) return ContentError(view.error());
  LlmRun run(parts, call);
  auto text =
      run.Say(PromptValues(call.request, &*view), Secret::Of(args.question, *view), kTextTokensMax);
  if (!text) return run.Instead();
  return run.Answer(tutor::ClarifyConceptOk{std::move(*text), true, false});
}

ToolAnswer Hint(const LlmParts& parts, const ToolCall& call) {
  const auto& args = std::get<tutor::GiveHintArgs>(call.request.args);
  const auto view = TopicView::Load(parts.source.get(), args.ref, call);
  if (!view) return ContentError(view.error());
  const bool last = args.level >= args.of;  // It may say it all.
  const Secret secret = last ? Secret{} : Secret::Of(args.question, *view);
  LlmRun run(parts, call);
  auto text = run.Say(PromptValues(call.request, &*view), secret, kTextTokensMax);
  if (!text) return run.Instead();
  return run.Answer(tutor::GiveHintOk{args.level, args.of, std::move(*text), last});
}

ToolAnswer Remediate(const LlmParts& parts, const ToolCall& call) {
  const auto& args = std::get<tutor::RemediateKnownErrorArgs>(call.request.args);
  const auto view = TopicView::Load(parts.source.get(), args.ref, call);
  if (!view) return ContentError(view.error());
  LlmRun run(parts, call);
  auto text =
      run.Say(PromptValues(call.request, &*view), Secret::Of(args.question, *view), kTextTokensMax);
  if (!text) return run.Instead();
  tutor::RemediateKnownErrorOk ok;
  ok.error = args.error;
  ok.strategy = std::string(tutor::Name(args.strategy));
  ok.text = std::move(*text);
  return run.Answer(std::move(ok));
}

}  // namespace

Toolbox LlmTutor(Toolbox built_in, std::shared_ptr<llm::Client> client,
                 std::shared_ptr<llm::Prompts> prompts, std::shared_ptr<TopicSource> source) {
  auto parts = std::make_shared<const LlmParts>(
      LlmParts{std::move(built_in), std::move(client), std::move(prompts), std::move(source)});
  Toolbox box;
  const auto add = [&](Tool tool, ToolAnswer (*run)(const LlmParts&, const ToolCall&)) {
    if (parts->built_in.Has(tool)) {
      box.Add(tool, [parts, run](const ToolCall& call) { return run(*parts, call); });
    }
  };
  add(Tool::kLoadTopic,
      [](const LlmParts& shared, const ToolCall& call) { return shared.built_in.Run(call); });
  add(Tool::kPresentMaterial, Present);
  add(Tool::kClarifyConcept, Clarify);
  add(Tool::kGenerateQuestion, GenerateWithModel);
  add(Tool::kCheckAnswer, CheckWithModel);
  add(Tool::kGiveHint, Hint);
  add(Tool::kRemediateKnownError, Remediate);
  add(Tool::kDiagnoseError, DiagnoseWithModel);
  add(Tool::kClassifyIntent, ClassifyWithModel);
  return box;
}

}  // namespace lyceum::tools
