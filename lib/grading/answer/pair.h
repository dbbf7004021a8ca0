// Pair: a question's reference answers and a student's answer, as data sets hold them, graded by
// whichever checker may judge them. For `lyceum grade` and for measuring the checkers.
//
//   kind                                  judged by
//   numeric                               numeric; of a worked solution, what stands behind "####"
//                                         or "the answer is"
//   expression, equation, interval, list  themselves
//   multiple_choice                       choice; without the choices, the reference's text alone
//   text                                  text
//   mixed                                 what the reference is: words, an amount, all solutions, a
//                                         point (whole.h), a number, an expression, an equation
//   free_text, worked_solution            nobody: ungraded
// Mixed answers are handwriting typed by others, lines of working and all. A verdict is given where
// the last step can be found; correct needs every step to hold and the form of the reference
// (form.h): no fraction to reduce, no terms to collect, no 1/3a of which it is not known what is
// below the line. What no checker may judge is ungraded, never guessed: prose, a reference that is
// not of its kind, a word or a unit in only one of the two, "not" and "maybe".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lyceum::grading {

enum class Kind {
  kNumeric,
  kExpression,
  kEquation,
  kInterval,
  kList,
  kChoice,
  kText,
  kMixed,
  kFreeText,
  kWorkedSolution,
};
// As the data spells it: "interval_or_tuple" and "interval" are one.
std::optional<Kind> KindOf(std::string_view name);

struct Pair {
  Kind kind = Kind::kFreeText;
  std::string question;
  std::vector<std::string> references;
  std::string answer;
  std::vector<std::string> choices;  // May be empty.
};

enum class PairVerdict { kCorrect, kIncorrect, kInvalid, kUngraded };
std::string_view NameOf(PairVerdict verdict);

struct PairGrade {
  PairVerdict verdict = PairVerdict::kUngraded;
  std::string method;     // exact | choice | numeric | expression; empty: ungraded.
  double confidence = 0;  // 0 to 1, of the verdict.
  std::string note;
};

PairGrade GradePair(const Pair& pair);

// mixed.cc
PairGrade GradeMixed(const Pair& pair);

}  // namespace lyceum::grading
