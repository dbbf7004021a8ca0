#include "tools/prompt_values.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "llm/chat.h"
#include "tutor/limits.h"
#include "tutor/names.h"

namespace lyceum::tools {
namespace {

using llm::TemplateNames;
using llm::Values;
using tutor::Tool;

constexpr size_t kLanguageBytesMax = 64;
constexpr size_t kStyleBytesMax = 512;
constexpr size_t kLineBytesMax = 1024;
constexpr size_t kAttemptBytesMax = 2 * 1024;
constexpr size_t kAuthoredBytesMax = 8 * 1024;
constexpr size_t kSegmentBytesMax = tutor::kToolTextBytesMax;
constexpr size_t kAnswerBytesMax = tutor::kLearnerTextBytesMax;
constexpr uint32_t kExcerptsTokensMax = 4000;
constexpr uint32_t kHistoryTokensMax = 1500;
static_assert(kExcerptsTokensMax + kHistoryTokensMax == kPromptGrowthTokensMax);
constexpr size_t kAskedMax = 32;  // Questions that are there already.
constexpr size_t kErrorsMax = 32;

// What every prompt may say.
TemplateNames Names(TemplateNames own) {
  own.insert(
      {{"tone", {}}, {"persona", {}}, {"language", {}}, {"objectives", {"."}}, {"title", {}}});
  return own;
}

TemplateNames WithQuestion(TemplateNames own) {
  own.insert({{"question", {}}, {"format", {}}, {"choices", {"."}}});
  return Names(std::move(own));
}

void AddContext(const tutor::Context& context, Values* values) {
  values->Text("tone", context.tone, kStyleBytesMax)
      .Text("persona", context.persona, kStyleBytesMax)
      .Text("language", context.language, kLanguageBytesMax)
      .Texts("objectives", context.objectives, kStyleBytesMax);
}

void AddQuestion(const tutor::QuestionView& question, Values* values) {
  values->Text("question", question.text, kAuthoredBytesMax)
      .Word("format", std::string(tutor::Name(question.format)))
      .Texts("choices", question.choices, kLineBytesMax);
}

void AddQuestion(const std::optional<tutor::QuestionView>& question, Values* values) {
  if (question) AddQuestion(*question, values);
}

void AddAttempts(const std::vector<tutor::Attempt>& attempts, Values* values) {
  std::vector<Values> items;
  for (const tutor::Attempt& attempt : attempts) {
    items.emplace_back()
        .Text("answered", attempt.answer, kAttemptBytesMax)
        .Word("verdict", std::string(tutor::Name(attempt.verdict)));
  }
  values->List("attempts", std::move(items));
}

void AddMaterial(const TopicView* view, const std::string& query, const tutor::Question* question,
                 Values* values) {
  if (view == nullptr) return;
  values->Text("title", view->topic().title, kLineBytesMax)
      .Texts("material", view->Excerpts(query, question, kExcerptsTokensMax), kSegmentBytesMax);
}

// The newest that fit, in their order.
std::vector<Values> History(const std::vector<tutor::HistoryEntry>& recent) {
  std::vector<Values> items;
  uint32_t left = kHistoryTokensMax;
  for (auto entry = recent.rbegin(); entry != recent.rend(); ++entry) {
    const uint32_t tokens = llm::TokensAtMost(entry->text);
    if (tokens > left) break;
    left -= tokens;
    items.emplace_back()
        .Word("who", std::string(tutor::Name(entry->role)))
        .Text("said", entry->text, kLineBytesMax);
  }
  std::reverse(items.begin(), items.end());
  return items;
}

// With the wrong answers that show them: for the grader.
Values ErrorOf(const tutor::KnownError& error, bool with_answers) {
  Values item;
  item.Text("error_id", error.id.value, kLineBytesMax)
      .Text("error_text", error.text, kLineBytesMax);
  if (!with_answers) return item;
  std::string examples;
  for (const std::string& answer : error.answers)
    examples += (examples.empty() ? "" : "; ") + answer;
  item.Text("examples", std::move(examples), kLineBytesMax);
  return item;
}

void AddErrors(const std::vector<tutor::KnownError>& errors, bool with_answers, Values* values) {
  std::vector<Values> items;
  for (const tutor::KnownError& error : errors) {
    if (items.size() < kErrorsMax) items.push_back(ErrorOf(error, with_answers));
  }
  values->List("errors", std::move(items));
}

std::string Query(const std::optional<tutor::QuestionView>& question, const std::string& words) {
  return question ? words + " " + question->text : words;
}

const tutor::Question* Find(const TopicView* view,
                            const std::optional<tutor::QuestionView>& question) {
  return view == nullptr ? nullptr : view->Find(question);
}

// What the course says of the error that the last answer showed. Empty: nothing.
std::string Misconception(const tutor::Question* question,
                          const std::vector<tutor::Attempt>& attempts) {
  if (question == nullptr || attempts.empty() || !attempts.back().error) return {};
  for (const tutor::KnownError& error : question->known_errors) {
    if (error.id == *attempts.back().error) return error.text;
  }
  return {};
}

// How the learner stands: of the tools that explain.
void AddLearner(const tutor::LearnerModel& learner, const std::vector<tutor::Attempt>& attempts,
                const tutor::Question* question, Values* values) {
  AddAttempts(attempts, values);
  if (learner.hints_shown > 0) values->Word("hints_shown", std::to_string(learner.hints_shown));
  const uint32_t closed = learner.questions_correct + learner.questions_incorrect;
  if (closed > 0) {
    values->Word("questions_closed", std::to_string(closed))
        .Word("questions_correct", std::to_string(learner.questions_correct));
  }
  values->Text("misconception", Misconception(question, attempts), kAuthoredBytesMax);
  if (question != nullptr) values->Text("solution", question->solution, kAuthoredBytesMax);
}

TemplateNames WithLearner(TemplateNames own) {
  own.insert({{"attempts", {"answered", "verdict"}},
              {"hints_shown", {}},
              {"questions_closed", {}},
              {"questions_correct", {}},
              {"misconception", {}},
              {"solution", {}}});
  return WithQuestion(std::move(own));
}

struct Filler {
  const TopicView* view;
  Values* values;

  void operator()(const tutor::LoadTopicArgs&) const { CHECK(false); }
  void operator()(const tutor::PresentMaterialArgs& args) const {
    values->Text("segment", args.text, kSegmentBytesMax);
  }
  void operator()(const tutor::ClarifyConceptArgs& args) const {
    const tutor::Question* question = Find(view, args.question);
    AddMaterial(view, Query(args.question, args.text), question, values);
    AddQuestion(args.question, values);
    AddLearner(args.learner, args.attempts, question, values);
    values->List("history", History(args.recent)).Text("asked", args.text, kAnswerBytesMax);
  }
  void operator()(const tutor::GenerateQuestionArgs&) const {
    AddMaterial(view, {}, nullptr, values);
    if (view == nullptr) return;
    std::vector<std::string> asked;
    for (const tutor::Question& question : view->topic().questions) {
      if (asked.size() < kAskedMax) asked.push_back(question.text);
    }
    values->Texts("asked", asked, kLineBytesMax);
  }
  void operator()(const tutor::CheckAnswerArgs& args) const {
    const tutor::Question& question = args.question;
    AddQuestion(tutor::QuestionView{question.id, question.text, question.format, question.choices},
                values);
    AddErrors(question.known_errors, true, values);
    AddAttempts(args.attempts, values);
    values->Texts("keys", question.answers, kLineBytesMax)
        .Text("solution", question.solution, kAuthoredBytesMax)
        .Text("answer", args.answer, kAnswerBytesMax);
  }
  void operator()(const tutor::GiveHintArgs& args) const {
    const tutor::Question* question = Find(view, args.question);
    AddMaterial(view, args.question.text, question, values);
    AddQuestion(args.question, values);
    AddLearner(args.learner, args.attempts, question, values);
    values->Word("level", std::to_string(args.level)).Word("of", std::to_string(args.of));
    if (args.level >= args.of) values->Word("last", "yes");
    if (question != nullptr && args.level >= 1 && args.level <= question->hints.size()) {
      values->Text("rung", question->hints[args.level - 1], kAuthoredBytesMax);
    }
  }
  void operator()(const tutor::RemediateKnownErrorArgs& args) const {
    const tutor::Question* question = Find(view, args.question);
    AddMaterial(view, Query(args.question, args.error_text), question, values);
    AddQuestion(args.question, values);
    AddLearner(args.learner, args.attempts, question, values);
    values->Text("answer", args.answer, kAttemptBytesMax)
        .Text("error", args.error_text.empty() ? args.error.value : args.error_text,
              kAuthoredBytesMax)
        .Word("strategy", std::string(tutor::Name(args.strategy)));
  }
  void operator()(const tutor::DiagnoseErrorArgs& args) const {
    const tutor::Question* question = Find(view, args.question);
    AddMaterial(view, Query(args.question, {}), question, values);
    AddQuestion(args.question, values);
    AddAttempts(args.attempts, values);
    if (question != nullptr) AddErrors(question->known_errors, false, values);
    values->Text("answer", args.answer, kAnswerBytesMax);
  }
  void operator()(const tutor::ClassifyIntentArgs& args) const {
    if (view != nullptr) values->Text("title", view->topic().title, kLineBytesMax);
    AddQuestion(args.question, values);
    values->Text("message", args.text, kAnswerBytesMax);
  }
};

llm::PromptSpec Spec(Tool tool, TemplateNames names, bool structured) {
  return {std::string(tutor::Name(tool)), std::move(names), structured};
}

}  // namespace

std::vector<llm::PromptSpec> PromptSpecs() {
  const std::vector<std::string> items = {"."};
  const std::vector<std::string> attempts = {"answered", "verdict"};
  return {
      Spec(Tool::kPresentMaterial, Names({{"segment", {}}}), false),
      Spec(Tool::kClarifyConcept,
           WithLearner({{"material", items}, {"history", {"who", "said"}}, {"asked", {}}}), false),
      Spec(Tool::kGenerateQuestion, Names({{"material", items}, {"asked", items}}), true),
      Spec(Tool::kCheckAnswer,
           WithQuestion({{"keys", items},
                         {"solution", {}},
                         {"errors", {"error_id", "error_text", "examples"}},
                         {"attempts", attempts},
                         {"answer", {}}}),
           true),
      Spec(
          Tool::kGiveHint,
          WithLearner({{"material", items}, {"level", {}}, {"of", {}}, {"last", {}}, {"rung", {}}}),
          false),
      Spec(Tool::kRemediateKnownError,
           WithLearner({{"material", items}, {"answer", {}}, {"error", {}}, {"strategy", {}}}),
           false),
      Spec(Tool::kDiagnoseError,
           WithQuestion({{"material", items},
                         {"attempts", attempts},
                         {"errors", {"error_id", "error_text"}},
                         {"answer", {}}}),
           true),
      Spec(Tool::kClassifyIntent, WithQuestion({{"message", {}}}), true),
  };
}

llm::Values PromptValues(const envelope::ToolRequest& request, const TopicView* view) {
  Values values;
  AddContext(request.context, &values);
  std::visit(Filler{view, &values}, request.args);
  return values;
}

}  // namespace lyceum::tools
