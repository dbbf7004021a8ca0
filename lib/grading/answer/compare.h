// One answer against one key, by format. What CheckAnswer is made of.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grading/algebra/equivalence.h"
#include "grading/answer/grade.h"
#include "grading/notation/normal_form.h"
#include "grading/units/quantity.h"

namespace lyceum::grading {

enum class Match {
  kSame,
  kDifferent,
  kUnreadable,  // The answer is not of this format.
};

struct Compared {
  Match match = Match::kDifferent;
  std::string note;
  double score = 0;           // Of kDifferent: the part that was right.
  bool unsimplified = false;  // Of kSame: more steps than in the key.
};

// How near is near enough. The default is exact.
struct Leniency {
  double tolerance = 0;
  bool rounding = false;  // To be told: may the key be the answer, rounded?
  double relative = 0;    // Another tolerance: a part of the key.
  int figures = 0;        // The key rounded to so many significant figures, written with as many.
};

// numeric.cc
// The question tells which unit, noun or percent an answer may have that the key has not.
Compared CompareNumeric(std::string_view key, std::string_view answer, const std::string& unit,
                        const Leniency& leniency, std::string_view question = {});
// A key that is no single number and has a value all the same: pi/2, sqrt(3).
bool IsConstant(std::string_view text);
// Values only: percent worked in, units must be the same or one of them missing. Exact, but for the
// tolerance.
bool SameValue(const Quantity& key, const Quantity& answer, const Leniency& leniency);

// expression.cc
Compared CompareExpression(std::string_view key, std::string_view answer, Budget* budget);
Compared CompareEquation(std::string_view key, std::string_view answer, Budget* budget);

// sequence.cc
Compared CompareInterval(std::string_view key, std::string_view answer, Budget* budget);
Compared CompareList(std::string_view key, std::string_view answer, Budget* budget);

// text.cc
// Lower case, words between single spaces, no punctuation.
std::string Words(std::string_view text);
// By TextForm (text_form.h), in the same case where it says something.
bool SameText(std::string_view key, std::string_view answer);
Compared CompareText(std::string_view key, std::string_view answer);

// choice.cc
struct Chosen {
  std::optional<size_t> index;
  std::string note;  // Where there is none.
};
Chosen Choose(const std::vector<std::string>& choices, std::string_view answer);
// several.cc
struct ChosenSet {
  std::optional<std::vector<size_t>> indices;  // In the order of the choices, each once.
  std::string note;                            // Where there are none.
};
ChosenSet ChooseSeveral(const std::vector<std::string>& choices, std::string_view answer);
Grade CheckMultipleChoice(const Item& item, std::string_view answer);

// choice.cc
// The choice whose text this is: no letters and numbers, for keys.
std::optional<size_t> ChoiceOf(const std::vector<std::string>& choices, std::string_view text);

}  // namespace lyceum::grading
