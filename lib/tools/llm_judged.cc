#include "tools/llm_judged.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>
#include <utility>

#include "base/token.h"
#include "grading/notation/plain.h"
#include "tools/grade_question.h"
#include "tools/intent.h"
#include "tools/prompt_values.h"
#include "tutor/course.h"
#include "tutor/limits.h"
#include "tutor/names.h"
#include "tutor/reveal.h"

namespace lyceum::tools {
namespace {

using Json = nlohmann::json;
using tutor::FoundIntent;
using tutor::Verdict;

constexpr uint32_t kJudgedTokensMax = 1024;
constexpr uint32_t kQuestionTokensMax = 2048;
constexpr size_t kFeedbackBytesMax = 4 * 1024;
constexpr size_t kLabelBytesMax = 256;
constexpr size_t kHypothesesMax = 3;
constexpr double kSureIntent = 0.9;

std::string Text(const Json& json, const char* name, size_t bytes_max) {
  return std::string(CutUtf8(json.at(name).get_ref<const std::string&>(), bytes_max));
}

std::vector<std::string> Texts(const Json& json, const char* name) {
  return json.at(name).get<std::vector<std::string>>();
}

// In range: it was judged.
double Share(const Json& json, const char* name) {
  const auto value = json.at(name).get<double>();
  return value > 0 ? std::min(value, 1.0) : 0.0;
}

const tutor::KnownError* Registered(const std::vector<tutor::KnownError>& errors,
                                    const std::string& id) {
  for (const tutor::KnownError& error : errors) {
    if (!id.empty() && error.id.value == id) return &error;
  }
  return nullptr;
}

// "95" of a hundred, or "4" of five: on which scale is not guessed.
std::string ShareProblem(const Json& json, const char* name) {
  const auto value = json.at(name).get<double>();
  if (value >= 0 && value <= 1) return {};
  return std::string(name) + " is a number from 0 to 1";
}

// Where the form says all but the range of these.
LlmRun::Judge InRange(std::initializer_list<const char*> names) {
  return [names = std::vector<const char*>(names)](const Json& json) -> std::string {
    for (const char* name : names) {
      std::string problem = ShareProblem(json, name);
      if (!problem.empty()) return problem;
    }
    return {};
  };
}

// --- check_answer

// A text of a learner that is itself a verdict in JSON. A model that quotes it would be believed: so
// none that is good is.
bool PosesAsVerdict(std::string_view text) {
  if (text.find('{') == std::string_view::npos) return false;
  constexpr std::string_view kField = "verdict";
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::search(text.begin(), text.end(), kField.begin(), kField.end(), same) != text.end();
}

bool PosesAsVerdict(const tutor::CheckAnswerArgs& args) {
  return PosesAsVerdict(args.answer) ||
         std::any_of(args.attempts.begin(), args.attempts.end(),
                     [](const tutor::Attempt& attempt) { return PosesAsVerdict(attempt.answer); });
}

// `graded`: what the program says of it, whose words stand in where the model's give too much away.
tutor::CheckAnswerOk Believed(const Json& json, const tutor::CheckAnswerArgs& args,
                              const tutor::CheckAnswerOk& graded) {
  tutor::CheckAnswerOk ok;
  ok.question = args.question.id;
  ok.method = "rubric_llm";
  ok.verdict = tutor::Parse<Verdict>(json.at("verdict").get<std::string>()).value_or(ok.verdict);
  ok.confidence = Share(json, "confidence");
  ok.score = ok.verdict == Verdict::kCorrect ? 1 : Share(json, "score");
  if (ok.confidence < tutor::kGradeConfidenceMin) {
    ok.verdict = Verdict::kUngraded;
    return ok;
  }
  if (ok.verdict == Verdict::kNotAnAnswer) return ok;
  ok.feedback = Text(json, "feedback", kFeedbackBytesMax);
  if (ok.verdict == Verdict::kCorrect) {
    if (ok.feedback.empty()) ok.feedback = "Correct.";
    return ok;
  }
  if (ok.feedback.empty() || tutor::Reveals(ok.feedback, args.question)) {
    ok.feedback = graded.feedback;
  }
  const auto* error =
      Registered(args.question.known_errors, json.at("known_error_id").get<std::string>());
  if (error != nullptr) ok.known_error = tutor::FoundError{error->id, ok.confidence};
  return ok;
}

// --- classify_intent

// "hint", "skip": a word that means nothing else is not worth a model.
bool IsCommand(const tutor::ClassifyIntentOk& found) {
  return found.confidence >= kSureIntent &&
         (found.intent == FoundIntent::kHint || found.intent == FoundIntent::kSkip);
}

// --- generate_question

tutor::Question QuestionIn(const Json& json) {
  tutor::Question question;
  question.id = QuestionId("generated");  // The session gives it its own.
  question.text = json.at("text").get<std::string>();
  question.format = tutor::Parse<tutor::AnswerFormat>(json.at("format").get<std::string>())
                        .value_or(tutor::AnswerFormat::kText);
  const bool choice = question.format == tutor::AnswerFormat::kChoice;
  if (choice) question.choices = Texts(json, "choices");
  question.answers = Texts(json, "answers");
  if (question.format == tutor::AnswerFormat::kNumeric) {
    question.unit = json.at("unit").get<std::string>();
  }
  question.hints = Texts(json, "hints");
  if (question.hints.size() > tutor::kHintsMax) question.hints.resize(tutor::kHintsMax);
  question.solution = json.at("solution").get<std::string>();
  return question;
}

// What keeps it from being asked; empty: nothing.
std::string QuestionProblem(const tutor::Question& question) {
  const auto problems = tutor::Problems(question);
  if (!problems.empty()) return "The question is not usable: " + problems.front() + ".";
  const std::set<std::string> different(question.choices.begin(), question.choices.end());
  if (different.size() != question.choices.size()) return "Two choices are the same.";
  if (const std::string problem = grading::KeyProblem(ItemOf(question)); !problem.empty()) {
    return "The answers are not usable: " + problem + ".";
  }
  for (const std::string& answer : question.answers) {
    const auto graded = GradeAnswer({.question = question, .answer = answer, .attempts = {}});
    if (graded.verdict != Verdict::kCorrect) {
      return "A program that grades by the answers would not accept one of them.";
    }
  }
  if (tutor::Reveals(question.text, question)) return "The text of the question holds its answer.";
  for (size_t i = 0; i + 1 < question.hints.size(); ++i) {
    if (tutor::Reveals(question.hints[i], question))
      return "A hint before the last gives the answer.";
  }
  return {};
}

}  // namespace

Task<ToolAnswer> CheckWithModel(const LlmParts& parts, const ToolCall& call) {
  const auto& args = std::get<tutor::CheckAnswerArgs>(call.request.args);
  const bool quick = call.input_bytes < Toolbox::kShortInputBytes && IsQuickToGrade(args);
  if (!quick) co_await call.OwnThread();
  tutor::CheckAnswerOk graded = GradeAnswer(args);
  if (!NeedsJudge(args, graded)) co_return graded;
  LlmRun run(parts, call);
  const size_t providers = parts.client->config().providers.size();
  const size_t grader = args.grader > 1 ? args.grader - 1 : 0;
  const llm::Values values = PromptValues(call.request, nullptr);
  const LlmRun::Judge in_range = InRange({"score", "confidence"});
  const auto json =
      co_await run.Decide(values, in_range, kJudgedTokensMax, std::min(grader, providers - 1));
  // Whether other words mean the same is nothing that the program can tell: no guess.
  if (!json) co_return run.Instead(Unjudged(graded));
  tutor::CheckAnswerOk believed = Believed(*json, args, graded);
  const bool praises =
      believed.verdict == Verdict::kCorrect || believed.verdict == Verdict::kPartiallyCorrect;
  if (praises && PosesAsVerdict(args)) co_return run.Answer(Unjudged(graded));
  co_return run.Answer(std::move(believed));
}

Task<ToolAnswer> ClassifyWithModel(const LlmParts& parts, const ToolCall& call) {
  const auto& args = std::get<tutor::ClassifyIntentArgs>(call.request.args);
  const auto found = ClassifyIntent(args.text, nullptr);
  if (IsCommand(found)) co_return found;
  const auto view = co_await TopicView::Loaded(parts.source.get(), args.ref, call);
  const tutor::Question* question = view ? view->Find(args.question) : nullptr;
  if (question != nullptr) {
    const auto read = ClassifyIntent(args.text, question);
    if (read.intent == FoundIntent::kAnswer && read.confidence >= kReadsConfidence) {
      co_return read;
    }
  }
  LlmRun run(parts, call);
  const llm::Values values = PromptValues(call.request, view ? &*view : nullptr);
  const LlmRun::Judge in_range = InRange({"confidence"});
  const auto json = co_await run.Decide(values, in_range, kJudgedTokensMax);
  if (!json) co_return co_await run.Instead();
  tutor::ClassifyIntentOk ok;
  ok.intent = tutor::Parse<FoundIntent>(json->at("intent").get<std::string>()).value_or(ok.intent);
  ok.confidence = Share(*json, "confidence");
  const bool of_question = ok.intent == FoundIntent::kAnswer || ok.intent == FoundIntent::kHint ||
                           ok.intent == FoundIntent::kSkip;
  if (of_question && !args.question) ok.intent = FoundIntent::kQuestion;
  co_return run.Answer(ok);
}

Task<ToolAnswer> DiagnoseWithModel(const LlmParts& parts, const ToolCall& call) {
  const auto& args = std::get<tutor::DiagnoseErrorArgs>(call.request.args);
  const auto view = co_await TopicView::Loaded(parts.source.get(), args.ref, call);
  if (!view) co_return ContentError(view.error());
  const tutor::Question* question = view->Find(args.question);
  const LlmRun::Judge judge = [&](const Json& json) -> std::string {
    const std::string said = Text(json, "text", tutor::kToolTextBytesMax) + "\n\n" +
                             Text(json, "probe", tutor::kToolTextBytesMax);
    if (grading::Trimmed(said).empty()) return "The text is empty.";
    for (const Json& one : json.at("hypotheses")) {
      const std::string problem = ShareProblem(one, "confidence");
      if (!problem.empty()) return problem;
    }
    if (question == nullptr || !tutor::Reveals(said, *question)) return {};
    return "The text or the probe gives the answer of the question away: leave it out.";
  };
  LlmRun run(parts, call);
  const llm::Values values = PromptValues(call.request, &*view);
  const auto json = co_await run.Decide(values, judge, kJudgedTokensMax);
  if (!json) co_return co_await run.Instead();
  tutor::DiagnoseErrorOk ok;
  ok.text = Text(*json, "text", kFeedbackBytesMax);
  ok.probe = Text(*json, "probe", kFeedbackBytesMax);
  for (const Json& one : json->at("hypotheses")) {
    if (ok.hypotheses.size() >= kHypothesesMax) break;
    tutor::Hypothesis hypothesis;
    const auto id = one.at("error_id").get<std::string>();
    if (question != nullptr && Registered(question->known_errors, id) != nullptr) {
      hypothesis.error = ErrorId(id);
    }
    hypothesis.label = Text(one, "label", kLabelBytesMax);
    hypothesis.confidence = Share(one, "confidence");
    ok.hypotheses.push_back(std::move(hypothesis));
  }
  co_return run.Answer(std::move(ok));
}

Task<ToolAnswer> GenerateWithModel(const LlmParts& parts, const ToolCall& call) {
  const auto& args = std::get<tutor::GenerateQuestionArgs>(call.request.args);
  const auto view = co_await TopicView::Loaded(parts.source.get(), args.ref, call);
  if (!view) co_return ContentError(view.error());
  const LlmRun::Judge judge = [&](const Json& json) -> std::string {
    const tutor::Question question = QuestionIn(json);
    for (const tutor::Question& other : view->topic().questions) {
      if (other.text == question.text) return "This question is there already.";
    }
    return QuestionProblem(question);
  };
  LlmRun run(parts, call);
  const llm::Values values = PromptValues(call.request, &*view);
  const auto json = co_await run.Decide(values, judge, kQuestionTokensMax);
  if (!json) co_return co_await run.Instead();
  co_return run.Answer(tutor::GenerateQuestionOk{QuestionIn(*json)});
}

}  // namespace lyceum::tools
