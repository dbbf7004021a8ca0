#include "tools/provider_check.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "tools/prompt_values.h"
#include "tools/topic_view.h"
#include "tutor/limits.h"
#include "tutor/names.h"

namespace lyceum::tools {
namespace {

// To answer without a model in time.
constexpr int64_t kReserveMs = 300;
constexpr uint32_t kCheckedTextTokensMax = 1024;
constexpr uint32_t kLongTokensMax = 2048;

tutor::Topic SampleTopic() {
  tutor::Topic topic;
  topic.course = CourseId("check");
  topic.version = "1";
  topic.id = TopicId("leaves");
  topic.title = "Leaves";
  topic.material = {
      "Leaves\n\nA leaf takes in light, water and air. From the light it has the strength to make "
      "sugar out of water and a gas of the air. This is called photosynthesis."};
  tutor::Question question;
  question.id = QuestionId("word");
  question.text = "Why does a plant need light?";
  question.format = tutor::AnswerFormat::kText;
  question.answers = {"To make sugar by photosynthesis."};
  question.hints = {"What does a leaf make?", "It makes sugar. What does that take?"};
  question.known_errors = {{ErrorId("warmth"),
                            {"to stay warm"},
                            "Light warms a leaf, but warmth is not what it needs."}};
  question.solution = "The strength to make sugar comes from light.";
  topic.questions = {question};
  return topic;
}

class OneTopic : public TopicSource {
 public:
  Result<std::shared_ptr<const tutor::Topic>> Get(const tutor::TopicRef&) override {
    return topic_;
  }

 private:
  const std::shared_ptr<const tutor::Topic> topic_ =
      std::make_shared<const tutor::Topic>(SampleTopic());
};

std::vector<tutor::ToolArgs> SampleArgs(const tutor::Topic& topic) {
  const tutor::TopicRef ref{topic.course, topic.version, topic.id};
  const tutor::Question& question = topic.questions.front();
  const tutor::QuestionView view{question.id, question.text, question.format, question.choices};
  const std::string answer = "It needs the light to make its food.";
  const std::vector<tutor::Attempt> attempts = {
      {"to stay warm", tutor::Verdict::kIncorrect, ErrorId("warmth")}};
  std::vector<tutor::ToolArgs> all;
  all.push_back(tutor::PresentMaterialArgs{ref, 0, topic.material.front()});
  all.push_back(tutor::ClarifyConceptArgs{ref, "What does a leaf do with light?", {}, {}});
  all.push_back(tutor::GenerateQuestionArgs{ref});
  all.push_back(tutor::CheckAnswerArgs{question, answer, {}, 1});
  tutor::GiveHintArgs hint;
  hint.ref = ref;
  hint.question = view;
  hint.level = 1;
  hint.of = 2;
  hint.attempts = attempts;
  all.push_back(std::move(hint));
  tutor::RemediateKnownErrorArgs remediate;
  remediate.ref = ref;
  remediate.error = ErrorId("warmth");
  remediate.error_text = question.known_errors.front().text;
  remediate.question = view;
  remediate.answer = attempts.front().answer;
  all.push_back(std::move(remediate));
  tutor::DiagnoseErrorArgs diagnose;
  diagnose.ref = ref;
  diagnose.question = view;
  diagnose.answer = "because it is green";
  diagnose.attempts = attempts;
  all.push_back(std::move(diagnose));
  all.push_back(tutor::ClassifyIntentArgs{ref, view, "could you help me a little?"});
  return all;
}

}  // namespace

Result<std::vector<llm::Client::CheckAsk>> CheckAsks(const llm::Prompts& prompts) {
  OneTopic source;
  envelope::ToolRequest request;
  const auto view =
      TopicView::Load(&source, {}, {.request = request, .deadline = In(std::chrono::seconds(1))});
  if (!view) return view.error();
  std::vector<llm::Client::CheckAsk> asks;
  for (tutor::ToolArgs& args : SampleArgs(view->topic())) {
    request.tool = static_cast<tutor::Tool>(args.index());
    request.args = std::move(args);
    const std::string tool(tutor::Name(request.tool));
    auto prompt = prompts.Render(tool, PromptValues(request, &*view));
    if (!prompt) return prompt.error();
    llm::Client::CheckAsk ask;
    ask.tool = tool;
    ask.chat.system = std::move(prompt->system);
    ask.chat.turns.push_back({llm::Turn::Role::kUser, std::move(prompt->user)});
    ask.chat.output_tokens_max =
        request.tool == tutor::Tool::kGenerateQuestion ? kLongTokensMax : kCheckedTextTokensMax;
    ask.input_tokens_max = kPromptGrowthTokensMax;
    const bool grades = request.tool == tutor::Tool::kCheckAnswer;
    ask.time = std::chrono::milliseconds(
        (grades ? tutor::kGradingDurationMs : tutor::kToolDurationMs) - kReserveMs);
    if (prompt->schema != nullptr) {
      ask.chat.schema = prompt->schema->text();
      ask.chat.schema_name = tool;
      ask.judge = [schema = prompt->schema](std::string_view text) {
        return schema->Fit(text).problem;
      };
    }
    asks.push_back(std::move(ask));
  }
  return asks;
}

}  // namespace lyceum::tools
