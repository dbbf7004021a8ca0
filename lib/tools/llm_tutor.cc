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

Task<ToolAnswer> Present(const LlmParts& parts, const ToolCall& call) {
  const auto& args = std::get<tutor::PresentMaterialArgs>(call.request.args);
  // Without the words of the author there is nothing to present.
  if (args.text.empty()) co_return co_await parts.built_in.Start(call);
  LlmRun run(parts, call);
  const llm::Values values = PromptValues(call.request, nullptr);
  const Secret none;
  co_await run.UseFunctions(args.ref);
  auto text = co_await run.Say(values, none, kMaterialTokensMax);
  if (!text) co_return co_await run.Instead();
  co_return run.Answer(tutor::PresentMaterialOk{std::move(*text)});
}

Task<ToolAnswer> Clarify(const LlmParts& parts, const ToolCall& call) {
  const auto& args = std::get<tutor::ClarifyConceptArgs>(call.request.args);
  const auto view = co_await TopicView::Loaded(parts.source.get(), args.ref, call);
  if (!view) co_return ContentError(view.error());
  LlmRun run(parts, call);
  const llm::Values values = PromptValues(call.request, &*view);
  const Secret secret = Secret::Of(args.question, *view);
  co_await run.UseFunctions(args.ref);
  auto text = co_await run.Say(values, secret, kTextTokensMax);
  if (!text) co_return co_await run.Instead();
  co_return run.Answer(tutor::ClarifyConceptOk{std::move(*text), true, false});
}

Task<ToolAnswer> Hint(const LlmParts& parts, const ToolCall& call) {
  const auto& args = std::get<tutor::GiveHintArgs>(call.request.args);
  const auto view = co_await TopicView::Loaded(parts.source.get(), args.ref, call);
  if (!view) co_return ContentError(view.error());
  const bool last = args.level >= args.of;  // It may say it all.
  const Secret secret = last ? Secret{} : Secret::Of(args.question, *view);
  LlmRun run(parts, call);
  const llm::Values values = PromptValues(call.request, &*view);
  co_await run.UseFunctions(args.ref);
  auto text = co_await run.Say(values, secret, kTextTokensMax);
  if (!text) co_return co_await run.Instead();
  co_return run.Answer(tutor::GiveHintOk{args.level, args.of, std::move(*text), last});
}

Task<ToolAnswer> Remediate(const LlmParts& parts, const ToolCall& call) {
  const auto& args = std::get<tutor::RemediateKnownErrorArgs>(call.request.args);
  const auto view = co_await TopicView::Loaded(parts.source.get(), args.ref, call);
  if (!view) co_return ContentError(view.error());
  LlmRun run(parts, call);
  const llm::Values values = PromptValues(call.request, &*view);
  const Secret secret = Secret::Of(args.question, *view);
  co_await run.UseFunctions(args.ref);
  auto text = co_await run.Say(values, secret, kTextTokensMax);
  if (!text) co_return co_await run.Instead();
  tutor::RemediateKnownErrorOk ok;
  ok.error = args.error;
  ok.strategy = std::string(tutor::Name(args.strategy));
  ok.text = std::move(*text);
  co_return run.Answer(std::move(ok));
}

}  // namespace

Toolbox LlmTutor(Toolbox built_in, std::shared_ptr<llm::Client> client,
                 std::shared_ptr<llm::Prompts> prompts, std::shared_ptr<TopicSource> source,
                 std::shared_ptr<toolhost::FunctionCaller> caller) {
  auto parts = std::make_shared<const LlmParts>(LlmParts{std::move(built_in), std::move(client),
                                                         std::move(prompts), std::move(source),
                                                         std::move(caller)});
  Toolbox box;
  const auto add = [&](Tool tool, Task<ToolAnswer> (*run)(const LlmParts&, const ToolCall&)) {
    if (parts->built_in.Has(tool)) {
      box.AddTask(tool, [parts, run](const ToolCall& call) { return run(*parts, call); });
    }
  };
  add(Tool::kLoadTopic,
      [](const LlmParts& shared, const ToolCall& call) { return shared.built_in.Start(call); });
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
