#include "grading/answer/pair.h"

#include <algorithm>
#include <cctype>

#include "grading/answer/compare.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

struct Spelling {
  std::string_view name;
  Kind kind;
};
constexpr Spelling kKinds[] = {
    {"numeric", Kind::kNumeric},
    {"expression", Kind::kExpression},
    {"equation", Kind::kEquation},
    {"equation_or_inequality", Kind::kEquation},
    {"inequality", Kind::kEquation},
    {"interval", Kind::kInterval},
    {"interval_or_tuple", Kind::kInterval},
    {"tuple", Kind::kInterval},
    {"list", Kind::kList},
    {"multiple_choice", Kind::kChoice},
    {"choice", Kind::kChoice},
    {"text", Kind::kText},
    {"mixed", Kind::kMixed},
    {"free_text", Kind::kFreeText},
    {"worked_solution", Kind::kWorkedSolution},
};

PairGrade Ungraded(std::string note) { return {PairVerdict::kUngraded, {}, 0, std::move(note)}; }

Format FormatOf(Kind kind) {
  switch (kind) {
    case Kind::kNumeric:
      return Format::kNumeric;
    case Kind::kExpression:
      return Format::kExpression;
    case Kind::kEquation:
      return Format::kEquation;
    case Kind::kInterval:
      return Format::kInterval;
    case Kind::kList:
      return Format::kList;
    case Kind::kChoice:
      return Format::kChoice;
    case Kind::kText:
    case Kind::kMixed:
    case Kind::kFreeText:
    case Kind::kWorkedSolution:
      return Format::kText;
  }
  return Format::kText;
}

double ConfidenceOf(Format format, Outcome outcome) {
  if (outcome == Outcome::kInvalid || format == Format::kChoice || format == Format::kNumeric) {
    return 1;
  }
  if (format == Format::kText) return outcome == Outcome::kCorrect ? 1 : 0.7;
  return outcome == Outcome::kCorrect ? 0.99 : 0.95;
}

PairGrade GradeItem(const Item& item, std::string_view answer) {
  if (const std::string problem = KeyProblem(item); !problem.empty()) {
    return Ungraded("the reference can not be graded: " + problem);
  }
  const Grade grade = CheckAnswer(item, answer);
  PairGrade graded;
  graded.method = grade.method;
  graded.note = grade.note;
  graded.confidence = ConfidenceOf(item.format, grade.outcome);
  switch (grade.outcome) {
    case Outcome::kCorrect:
      graded.verdict = PairVerdict::kCorrect;
      break;
    case Outcome::kIncorrect:
      graded.verdict = PairVerdict::kIncorrect;
      break;
    case Outcome::kInvalid:
      graded.verdict = PairVerdict::kInvalid;
      break;
  }
  return graded;
}

// The last sentence of a worked solution where it says what the answer is, or what stands behind
// the mark of an end; else all of it. What the sentence says before the number counts as well.
std::string FinalOf(std::string_view answer) {
  if (const size_t mark = answer.rfind("####"); mark != std::string_view::npos) {
    return std::string(Trimmed(answer.substr(mark + 4)));
  }
  std::string lower(answer);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  size_t said = std::string::npos;
  for (const std::string_view mark : {"answer is", "answer:", "answer ="}) {
    const size_t at = lower.rfind(mark);
    if (at != std::string::npos && (said == std::string::npos || at > said)) said = at;
  }
  if (said == std::string::npos) return std::string(answer);
  size_t begin = 0;
  for (const std::string_view stop : {"\n", ". ", "; ", "! ", "? "}) {
    const size_t at = answer.substr(0, said).rfind(stop);
    if (at != std::string_view::npos) begin = std::max(begin, at + stop.size());
  }
  return std::string(Trimmed(answer.substr(begin)));
}

bool SameText(std::string_view a, std::string_view b) {
  return NormalForm(Plain(a)) == NormalForm(Plain(b));
}

// Without the choices only the reference's own text is known to be right, and a text of equal value
// may well be one of the wrong choices.
PairGrade GradeWithoutChoices(const Pair& pair) {
  const bool label = Trimmed(pair.answer).size() <= 2;
  bool like = false;
  for (const std::string& reference : pair.references) {
    const bool worded = reference.find_first_of("([<>=") == std::string::npos;
    if (SameText(reference, pair.answer) ||
        (worded && !Words(reference).empty() && Words(reference) == Words(pair.answer))) {
      return {PairVerdict::kCorrect, "choice", 1, {}};
    }
    Budget budget;
    const auto key = ParseQuantity(reference);
    const auto value = ParseQuantity(pair.answer);
    like = like || (key && value && key->value == value->value) ||
           CompareInterval(reference, pair.answer, &budget).match == Match::kSame ||
           CompareEquation(reference, pair.answer, &budget).match == Match::kSame;
  }
  if (like) return Ungraded("of the reference's value, in other words: the choices are needed");
  const bool number = ParseQuantity(pair.answer).has_value();
  if (label && !number) return Ungraded("a letter says nothing without the choices");
  return {PairVerdict::kIncorrect, "choice", 0.9, {}};
}

}  // namespace

std::optional<Kind> KindOf(std::string_view name) {
  for (const Spelling& spelling : kKinds) {
    if (spelling.name == name) return spelling.kind;
  }
  return std::nullopt;
}

std::string_view NameOf(PairVerdict verdict) {
  switch (verdict) {
    case PairVerdict::kCorrect:
      return "correct";
    case PairVerdict::kIncorrect:
      return "incorrect";
    case PairVerdict::kInvalid:
      return "invalid";
    case PairVerdict::kUngraded:
      return "ungraded";
  }
  return "";
}

PairGrade GradePair(const Pair& pair) {
  if (pair.kind == Kind::kFreeText || pair.kind == Kind::kWorkedSolution) {
    return Ungraded("prose is not for these checkers");
  }
  if (pair.references.empty()) return Ungraded("there is no reference");
  if (pair.kind == Kind::kMixed) return GradeMixed(pair);
  if (pair.kind == Kind::kChoice && pair.choices.empty()) {
    const bool empty = Trimmed(pair.answer).empty() || pair.answer.size() > kAnswerBytesMax;
    if (empty) return {PairVerdict::kInvalid, "choice", 1, "there is nothing to read"};
    return GradeWithoutChoices(pair);
  }
  Item item;
  item.format = FormatOf(pair.kind);
  item.answers = pair.references;
  item.choices = pair.choices;
  item.question = pair.question;
  if (pair.kind != Kind::kNumeric) return GradeItem(item, pair.answer);
  return GradeItem(item, FinalOf(pair.answer));
}

}  // namespace lyceum::grading
