#include "tools/built_in.h"

#include <utility>

#include "base/token.h"
#include "tools/diagnose.h"
#include "tools/explain.h"
#include "tools/grade_question.h"
#include "tools/intent.h"
#include "tools/topic_view.h"
#include "tutor/limits.h"

namespace lyceum::tools {
namespace {

using tutor::Tool;
using tutor::ToolOutcome;

constexpr size_t kQuickIntentBytes = 512;

void Cut(std::string* text) { *text = std::string(CutUtf8(*text, tutor::kToolTextBytesMax)); }

ToolOutcome LoadTopic(TopicSource* source, const ToolCall& call) {
  const auto& args = std::get<tutor::LoadTopicArgs>(call.request.args);
  auto loaded = LoadFrom(source, args.ref, call);
  if (!loaded) return ContentError(loaded.error());
  return std::move(*loaded);
}

// A topic that is at hand is looked at where the request was read.
Task<Result<std::shared_ptr<const tutor::Topic>>> TopicOf(TopicSource* source,
                                                          const tutor::TopicRef& ref,
                                                          const ToolCall& call) {
  if (call.input_bytes < Toolbox::kShortInputBytes) {
    if (auto topic = source->AtHand(ref)) co_return topic;
  }
  co_await call.OwnThread();
  co_return ReadTopic(source, ref, call);
}

Task<ToolAnswer> PresentMaterial(std::shared_ptr<TopicSource> source, const ToolCall& call) {
  const auto& args = std::get<tutor::PresentMaterialArgs>(call.request.args);
  if (!args.text.empty()) co_return tutor::PresentMaterialOk{args.text};
  const auto topic = co_await TopicOf(source.get(), args.ref, call);
  if (!topic) co_return ContentError(topic.error());
  if (args.segment >= (*topic)->material.size()) {
    co_return ToolErrorOf("not_found", false, "The topic has no such segment.");
  }
  co_return tutor::PresentMaterialOk{(*topic)->material[args.segment]};
}

Task<ToolAnswer> FindIntent(std::shared_ptr<TopicSource> source, const ToolCall& call) {
  const auto& args = std::get<tutor::ClassifyIntentArgs>(call.request.args);
  const bool quick =
      args.text.size() <= kQuickIntentBytes && call.input_bytes < Toolbox::kShortInputBytes;
  if (!quick) co_await call.OwnThread();
  if (!args.question) co_return ClassifyIntent(args.text, nullptr);
  tutor::Question question;
  question.id = args.question->id;
  question.text = args.question->text;
  question.format = args.question->format;
  question.choices = args.question->choices;
  // The course adds the unit and the key's form; without it the question as shown is enough.
  if (const auto topic = co_await TopicOf(source.get(), args.ref, call)) {
    for (const tutor::Question& known : (*topic)->questions) {
      if (known.id == question.id) question = known;
    }
  }
  co_return ClassifyIntent(args.text, &question);
}

ToolOutcome ClarifyCall(TopicSource* source, const ToolCall& call) {
  const auto& args = std::get<tutor::ClarifyConceptArgs>(call.request.args);
  const auto view = TopicView::Load(source, args.ref, call);
  if (!view) return ContentError(view.error());
  auto ok = Clarify(*view, args, [&] { return view->Around(source, call); });
  Cut(&ok.text);
  return ok;
}

// A tool that looks at the topic of its request.
template <class Args, class Ok>
ToolFunction WithTopic(const std::shared_ptr<TopicSource>& source,
                       Ok (*explain)(const TopicView&, const Args&)) {
  return [source, explain](const ToolCall& call) -> ToolOutcome {
    const auto& args = std::get<Args>(call.request.args);
    auto view = TopicView::Load(source.get(), args.ref, call);
    if (!view) return ContentError(view.error());
    Ok ok = explain(*view, args);
    Cut(&ok.text);
    return ok;
  };
}

}  // namespace

Toolbox BuiltInTutor(std::shared_ptr<TopicSource> source) {
  Toolbox box;
  box.Add(Tool::kLoadTopic,
          [source](const ToolCall& call) { return LoadTopic(source.get(), call); });
  box.AddTask(Tool::kPresentMaterial,
              [source](const ToolCall& call) { return PresentMaterial(source, call); });
  box.Add(
      Tool::kCheckAnswer,
      [](const ToolCall& call) -> ToolOutcome {
        const auto& args = std::get<tutor::CheckAnswerArgs>(call.request.args);
        tutor::CheckAnswerOk graded = GradeAnswer(args);
        return NeedsJudge(args, graded) ? Unjudged(graded) : graded;
      },
      [](const ToolCall& call) {
        return IsQuickToGrade(std::get<tutor::CheckAnswerArgs>(call.request.args));
      });
  box.Add(
      Tool::kGenerateQuestion,
      [](const ToolCall&) -> ToolOutcome {
        return ToolErrorOf("not_supported", false, "The built-in tutor makes no new questions.");
      },
      [](const ToolCall&) { return true; });
  box.AddTask(Tool::kClassifyIntent,
              [source](const ToolCall& call) { return FindIntent(source, call); });
  box.Add(Tool::kClarifyConcept,
          [source](const ToolCall& call) { return ClarifyCall(source.get(), call); });
  box.Add(Tool::kGiveHint, WithTopic<tutor::GiveHintArgs, tutor::GiveHintOk>(source, GiveHint));
  box.Add(
      Tool::kRemediateKnownError,
      WithTopic<tutor::RemediateKnownErrorArgs, tutor::RemediateKnownErrorOk>(source, Remediate));
  box.Add(Tool::kDiagnoseError,
          WithTopic<tutor::DiagnoseErrorArgs, tutor::DiagnoseErrorOk>(source, Diagnose));
  return box;
}

}  // namespace lyceum::tools
