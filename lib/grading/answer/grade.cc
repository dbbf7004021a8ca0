#include "grading/answer/grade.h"

#include <algorithm>

#include "grading/answer/compare.h"
#include "grading/answer/question.h"
#include "grading/notation/lead_in.h"
#include "grading/notation/plain.h"
#include "grading/units/unit.h"

namespace lyceum::grading {
namespace {

Compared Compare(const Item& item, std::string_view key, std::string_view answer,
                 const Leniency& leniency, Budget* budget) {
  switch (item.format) {
    case Format::kNumeric:
      return CompareNumeric(key, answer, item.unit, leniency, item.question);
    case Format::kExpression:
      return CompareExpression(key, answer, budget);
    case Format::kEquation:
      return CompareEquation(key, answer, budget);
    case Format::kInterval:
      if (AsksPoint(item.question) && answer.find_first_of("<>") != std::string_view::npos) {
        return {Match::kUnreadable, "write it as a point, like (1, 2)", 0};
      }
      return CompareInterval(key, answer, budget);
    case Format::kList:
      return CompareList(key, answer, budget);
    case Format::kChoice:
    case Format::kMultipleChoice:
    case Format::kText:
      return CompareText(key, answer);
  }
  return {};
}

std::string MethodOf(Format format) {
  switch (format) {
    case Format::kChoice:
    case Format::kMultipleChoice:
      return "choice";
    case Format::kNumeric:
      return "numeric";
    case Format::kExpression:
    case Format::kEquation:
    case Format::kInterval:
    case Format::kList:
      return "expression";
    case Format::kText:
      return "exact";
  }
  return "exact";
}

std::optional<size_t> KnownWrongOf(const Item& item, std::string_view answer, Budget* budget) {
  for (size_t i = 0; i < item.known_wrong.size(); ++i) {
    for (const std::string& wrong : item.known_wrong[i].answers) {
      if (Compare(item, wrong, answer, {}, budget).match == Match::kSame) return i;
    }
  }
  return std::nullopt;
}

Grade CheckChoice(const Item& item, std::string_view answer) {
  Grade grade;
  grade.method = MethodOf(item.format);
  const Chosen chosen = Choose(item.choices, answer);
  if (!chosen.index) {
    grade.note = chosen.note;
    return grade;
  }
  grade.reading = item.choices[*chosen.index];
  grade.outcome = Outcome::kIncorrect;
  for (const std::string& key : item.answers) {
    if (ChoiceOf(item.choices, key) == chosen.index) {
      grade.outcome = Outcome::kCorrect;
      grade.score = 1;
      return grade;
    }
  }
  for (size_t i = 0; i < item.known_wrong.size() && !grade.known_wrong; ++i) {
    for (const std::string& wrong : item.known_wrong[i].answers) {
      if (ChoiceOf(item.choices, wrong) == chosen.index) grade.known_wrong = i;
    }
  }
  if (grade.known_wrong) grade.score = item.known_wrong[*grade.known_wrong].credit;
  return grade;
}

// Over all keys: the first that matches; else the best of what came near.
Compared BestOf(const Item& item, std::string_view answer, const Leniency& leniency,
                Budget* budget) {
  Compared best{Match::kUnreadable, {}, 0};
  for (const std::string& key : item.answers) {
    Compared compared = Compare(item, key, answer, leniency, budget);
    if (compared.match == Match::kSame) return compared;
    const bool better = best.match == Match::kUnreadable || compared.score > best.score;
    if (better && (compared.match == Match::kDifferent || best.note.empty())) {
      best = std::move(compared);
    }
  }
  return best;
}

bool HasText(std::string_view text) { return !Trimmed(text).empty(); }

std::string WithoutSpaces(std::string_view text) {
  std::string out = Plain(text);
  out.erase(std::remove(out.begin(), out.end(), ' '), out.end());
  return out;
}

constexpr const char* kCopies = "this is what the question says: work it out";

// Something to work out that stands in the question as it is.
bool CopiesQuestion(const Item& item, std::string_view answer) {
  if (item.question.empty() || item.question.size() > kQuestionBytesMax) return false;
  if (item.format != Format::kExpression && item.format != Format::kEquation) return false;
  const std::string copy = WithoutSpaces(answer);
  if (copy.size() < 3 || copy.find_first_of("+-*/^(=<>", 1) == std::string::npos) return false;
  for (const std::string& key : item.answers) {
    if (Canonical(key) == Canonical(answer)) return false;
  }
  return WithoutSpaces(item.question).find(copy) != std::string::npos;
}

// What of the options does not fit; empty: nothing.
std::string OptionProblem(const Item& item) {
  const bool numeric = item.format == Format::kNumeric;
  if (!(item.relative_tolerance >= 0 && item.relative_tolerance < 1)) {
    return "the relative tolerance is not a number from 0 up and below 1";
  }
  if (item.significant_figures < 0 || item.significant_figures > kFiguresMax) {
    return "the significant figures are not 1 to " + std::to_string(kFiguresMax);
  }
  if (!numeric && item.relative_tolerance > 0) return "only numbers have a relative tolerance";
  if (!numeric && item.significant_figures > 0) return "only numbers have significant figures";
  if (item.partial_credit && item.format != Format::kMultipleChoice) {
    return "partial_credit is of multiple choices: elsewhere, a known error may have a credit";
  }
  for (const std::string& key : item.answers) {
    const auto value = ParseQuantity(key);
    const bool zero = value && value->value.zero();
    if (zero && item.relative_tolerance > 0) return "a part of 0 is no tolerance";
    if (zero && item.significant_figures > 0) return "0 has no significant figures";
  }
  return {};
}

// Null: none.
const char* CreditProblem(const Item& item, const KnownWrong& wrong) {
  if (item.format == Format::kMultipleChoice) {
    const bool fits = wrong.credit >= -1 && wrong.credit <= 0;
    if (!fits) return ": among several right choices a wrong one has a credit of -1 to 0";
    if (wrong.credit < 0 && !item.partial_credit) return " has a credit, but nothing is partial";
    return nullptr;
  }
  return wrong.credit >= 0 && wrong.credit < 1 ? nullptr : " has a credit that is not 0 to below 1";
}

// "I got 2x+1", "**2x+1**": without what leads to it.
std::string_view Led(std::string_view answer) {
  const LeadIn lead = ReadLeadIn(answer, false);
  const bool emphasis = Trimmed(answer).substr(0, 2) == "**" && !lead.words;
  return (lead.words && lead.verb) || emphasis ? lead.rest : answer;
}

}  // namespace

Grade CheckAnswer(const Item& item, std::string_view answer) {
  Grade grade;
  grade.method = MethodOf(item.format);
  if (answer.size() > kAnswerBytesMax) {
    grade.note = "this answer is too long";
    return grade;
  }
  if (!HasText(answer)) {
    grade.note = "there is nothing to read";
    return grade;
  }
  if (item.format == Format::kChoice) return CheckChoice(item, answer);
  if (item.format == Format::kMultipleChoice) return CheckMultipleChoice(item, answer);
  if (CopiesQuestion(item, answer)) {
    grade.note = kCopies;
    return grade;
  }
  Budget budget;
  const Leniency exact{0, false, 0, item.significant_figures};
  Compared compared = BestOf(item, answer, exact, &budget);
  const bool unread = compared.match == Match::kUnreadable && grade.method == "expression";
  if (const std::string_view led = unread ? Led(answer) : answer; led.size() < answer.size()) {
    if (CopiesQuestion(item, led)) {
      grade.note = kCopies;
      return grade;
    }
    answer = led;
    compared = BestOf(item, answer, exact, &budget);
  }
  if (compared.match == Match::kDifferent) {
    grade.known_wrong = KnownWrongOf(item, answer, &budget);
    const bool near = item.format == Format::kNumeric && !grade.known_wrong;
    const Leniency lenient{item.tolerance, true, item.relative_tolerance, item.significant_figures};
    if (near) compared = BestOf(item, answer, lenient, &budget);
  }
  grade.unsimplified = compared.unsimplified;
  grade.note = compared.note;
  grade.score = compared.match == Match::kUnreadable ? 0 : compared.score;
  if (grade.known_wrong) {
    grade.score = std::max(grade.score, item.known_wrong[*grade.known_wrong].credit);
  }
  switch (compared.match) {
    case Match::kSame:
      grade.outcome = Outcome::kCorrect;
      grade.score = 1;
      break;
    case Match::kDifferent:
      grade.outcome = Outcome::kIncorrect;
      break;
    case Match::kUnreadable:
      grade.outcome = Outcome::kInvalid;
      break;
  }
  return grade;
}

bool ReadsAsAnswer(const Item& item, std::string_view text) {
  return CheckAnswer(item, text).outcome != Outcome::kInvalid;
}

std::string KeyProblem(const Item& item) {
  if (item.answers.empty()) return "it has no key";
  if (std::string problem = OptionProblem(item); !problem.empty()) return problem;
  for (const std::string& key : item.answers) {
    if (!HasText(key)) return "a key is empty";
    if (key.size() > kAnswerBytesMax) return "a key is too long";
    if (item.format == Format::kChoice || item.format == Format::kMultipleChoice) {
      if (!ChoiceOf(item.choices, key)) return "the key is not among the choices";
    } else if (item.format == Format::kNumeric) {
      std::string why;
      if (!ParseQuantity(key, &why) && !IsConstant(key)) return "the key is not a number: " + why;
    } else if (Budget budget; Compare(item, key, key, {}, &budget).match != Match::kSame) {
      return "the key does not read as an answer of its format";
    }
  }
  if (!item.unit.empty() && item.unit.size() > 64) return "the unit is too long";
  for (const KnownWrong& wrong : item.known_wrong) {
    if (const char* problem = CreditProblem(item, wrong)) {
      return "the known error " + wrong.id + problem;
    }
    for (const std::string& answer : wrong.answers) {
      Item bare = item;
      bare.known_wrong.clear();
      bare.tolerance = 0;
      bare.relative_tolerance = 0;
      bare.question.clear();
      if (CheckAnswer(bare, answer).outcome == Outcome::kCorrect) {
        return "the known error " + wrong.id + " has a right answer";
      }
    }
  }
  return {};
}

}  // namespace lyceum::grading
