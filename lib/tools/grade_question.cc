#include "tools/grade_question.h"

#include <fmt/format.h>

#include <algorithm>

#include "grading/notation/plain.h"
#include "tutor/course.h"
#include "tutor/limits.h"
#include "tutor/reveal.h"

namespace lyceum::tools {
namespace {

using grading::Format;
using grading::Grade;
using grading::Outcome;
using tutor::AnswerFormat;
using tutor::Verdict;

Format FormatOf(AnswerFormat format) {
  switch (format) {
    case AnswerFormat::kChoice:
      return Format::kChoice;
    case AnswerFormat::kNumeric:
      return Format::kNumeric;
    case AnswerFormat::kExpression:
      return Format::kExpression;
    case AnswerFormat::kEquation:
      return Format::kEquation;
    case AnswerFormat::kInterval:
      return Format::kInterval;
    case AnswerFormat::kList:
      return Format::kList;
    case AnswerFormat::kText:
      return Format::kText;
    case AnswerFormat::kMultipleChoice:
      return Format::kMultipleChoice;
  }
  return Format::kText;
}

std::string_view ExampleOf(AnswerFormat format) {
  switch (format) {
    case AnswerFormat::kChoice:
      return "Answer with the letter, the number or the text of one choice.";
    case AnswerFormat::kNumeric:
      return "Write one number, like 12, -0.75, 3/4, 1 1/2, 40% or 1.2e3.";
    case AnswerFormat::kExpression:
      return "Write one expression, like 3x^2 or (x+1)(x-2).";
    case AnswerFormat::kEquation:
      return "Write one equation or inequality, like x = 3/4 or x >= 2.";
    case AnswerFormat::kInterval:
      return "Write an interval with its brackets, like [0, 1) or (2, inf).";
    case AnswerFormat::kList:
      return "Write a list with commas, like 2, -3.";
    case AnswerFormat::kText:
      return "Write your answer in words.";
    case AnswerFormat::kMultipleChoice:
      return "Answer with the letters of all that are right, like a, c.";
  }
  return "";
}

// Without its examples where one of them is the key.
std::string HowToWrite(const tutor::Question& question) {
  const std::string_view text = ExampleOf(question.format);
  if (!tutor::Reveals(text, question)) return std::string(text);
  return std::string(text.substr(0, text.find(", like"))) + ".";
}

std::string Sentence(const std::string& note) {
  if (note.empty()) return {};
  std::string sentence = note + ".";
  if (sentence[0] >= 'a' && sentence[0] <= 'z') {
    sentence[0] = static_cast<char>(sentence[0] - 'a' + 'A');
  }
  return " " + sentence;
}

bool IsLastTry(size_t attempts_before) { return attempts_before + 1 >= tutor::kAttemptsMax; }

// After the last wrong try the worked solution follows: nobody is asked for another.
std::string Encouragement(size_t attempts_before) {
  if (IsLastTry(attempts_before)) return {};
  if (attempts_before == 0) return " Go over your steps and try again, or ask for a hint.";
  return " Try it once more, one step at a time; a hint may help.";
}

std::string FeedbackOf(const tutor::CheckAnswerArgs& args, const Grade& grade, Verdict verdict) {
  switch (verdict) {
    case Verdict::kCorrect:
      if (grade.note == "the unit was left out") {
        return "Correct. Next time write the unit with it.";
      }
      return args.attempts.empty() ? "Correct." : "Correct. Well done for staying with it.";
    case Verdict::kPartiallyCorrect:
      return "Partly right." + Sentence(grade.note) + Encouragement(args.attempts.size());
    case Verdict::kIncorrect:
      return (IsLastTry(args.attempts.size()) ? "That was not right." : "Not right yet.") +
             Sentence(grade.note) + Encouragement(args.attempts.size());
    case Verdict::kInvalid:
      return std::string("I could not read that as an answer.") + Sentence(grade.note) + " " +
             HowToWrite(args.question);
    case Verdict::kNotAnAnswer:
    case Verdict::kUngraded:
      return {};
  }
  return {};
}

// How sure the checker is that a wrong answer is wrong: notation has more ways than it knows.
double ConfidenceOf(AnswerFormat format, Verdict verdict) {
  if (verdict == Verdict::kCorrect || verdict == Verdict::kInvalid) return 1;
  switch (format) {
    case AnswerFormat::kChoice:
    case AnswerFormat::kMultipleChoice:
    case AnswerFormat::kNumeric:
      return 1;
    case AnswerFormat::kInterval:
    case AnswerFormat::kList:
      return 0.9;
    case AnswerFormat::kExpression:
    case AnswerFormat::kEquation:
    case AnswerFormat::kText:
      return 0.7;
  }
  return 0.7;
}

Verdict VerdictOf(const Grade& grade, std::string_view answer) {
  switch (grade.outcome) {
    case Outcome::kCorrect:
      return Verdict::kCorrect;
    case Outcome::kIncorrect:
      return grade.score > 0 ? Verdict::kPartiallyCorrect : Verdict::kIncorrect;
    case Outcome::kInvalid:
      break;
  }
  const std::string_view text = grading::Trimmed(answer);
  const bool asks = text.size() > 1 && text.back() == '?';
  return asks ? Verdict::kNotAnAnswer : Verdict::kInvalid;
}

}  // namespace

grading::Item ItemOf(const tutor::Question& question) {
  grading::Item item;
  item.format = FormatOf(question.format);
  item.choices = question.choices;
  item.answers = question.answers;
  item.tolerance = question.tolerance;
  item.relative_tolerance = question.relative_tolerance;
  item.significant_figures =
      static_cast<int>(std::min<uint32_t>(question.significant_figures, tutor::kFiguresMax + 1));
  item.partial_credit = question.partial_credit;
  item.unit = question.unit;
  item.question = question.text;
  for (const tutor::KnownError& error : question.known_errors) {
    item.known_wrong.push_back({error.id.value, error.answers, error.credit});
  }
  return item;
}

bool IsQuickToGrade(const tutor::CheckAnswerArgs& args) {
  constexpr size_t kAnswerBytes = 48, kKeyBytes = 512;
  if (args.answer.size() > kAnswerBytes) return false;
  if (args.question.format == AnswerFormat::kChoice) return true;
  if (args.question.format == AnswerFormat::kMultipleChoice) return true;
  if (args.question.format == AnswerFormat::kNumeric) return true;
  size_t bytes = 0;
  const auto add = [&bytes](const std::vector<std::string>& answers) {
    for (const std::string& answer : answers) bytes += answer.size();
  };
  add(args.question.answers);
  for (const tutor::KnownError& error : args.question.known_errors) add(error.answers);
  return bytes <= kKeyBytes;
}

tutor::CheckAnswerOk GradeAnswer(const tutor::CheckAnswerArgs& args) {
  tutor::CheckAnswerOk ok;
  ok.question = args.question.id;
  const grading::Item item = ItemOf(args.question);
  grading::Item key_only = item;
  key_only.known_wrong.clear();
  if (const std::string problem = grading::KeyProblem(key_only); !problem.empty()) {
    ok.verdict = Verdict::kUngraded;
    ok.answer_note = "the key can not be graded: " + problem;
    ok.method = "exact";
    return ok;
  }
  const Grade grade = grading::CheckAnswer(item, args.answer);
  ok.verdict = VerdictOf(grade, args.answer);
  ok.score = grade.score;
  ok.method = grade.method;
  ok.confidence = ConfidenceOf(args.question.format, ok.verdict);
  ok.answer_note = grade.note;
  if (grade.known_wrong) {
    ok.known_error = tutor::FoundError{ErrorId(item.known_wrong[*grade.known_wrong].id), 1};
  }
  ok.feedback = FeedbackOf(args, grade, ok.verdict);
  return ok;
}

bool NeedsJudge(const tutor::CheckAnswerArgs& args, const tutor::CheckAnswerOk& graded) {
  if (args.question.format != AnswerFormat::kText || graded.known_error) return false;
  switch (graded.verdict) {
    case Verdict::kIncorrect:
    case Verdict::kPartiallyCorrect:
      return true;
    case Verdict::kInvalid:
    case Verdict::kNotAnAnswer:
      return args.answer.size() > grading::kAnswerBytesMax;  // Too long for the program.
    case Verdict::kCorrect:
    case Verdict::kUngraded:
      return false;
  }
  return false;
}

tutor::CheckAnswerOk Unjudged(const tutor::CheckAnswerOk& graded) {
  tutor::CheckAnswerOk ungraded;
  ungraded.question = graded.question;
  ungraded.method = graded.method;
  ungraded.answer_note = "no language model has judged it";
  return ungraded;
}

}  // namespace lyceum::tools
