// Relations: equations and inequalities, in one or several signs.
//
// Two equations are the same if one side minus the other is the same up to a constant factor, which
// is not 0, of what stands below the lines as well: 2x+4y=8 is x+2y=4, and w(12-w)=25 is
// 12w-25=w^2. Inequalities are the same up to a factor above 0, after turning: x>=2 is 2<=x. They
// are different only where a point shows it; what is left is undecided.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grading/algebra/equivalence.h"
#include "grading/algebra/parse.h"

namespace lyceum::grading {

inline constexpr size_t kSignsMax = 8;

enum class Sign { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
Sign Flipped(Sign sign);

// sides[0] signs[0] sides[1] signs[1] ... in plain notation; the sides are trimmed.
struct Chain {
  std::vector<std::string> sides;
  std::vector<Sign> signs;
};
// At = == =/= != <> < > <= =< >= => outside of brackets. Nothing: a side is empty, or over
// kSignsMax signs.
std::optional<Chain> SplitChain(std::string_view plain);

// "x", "x_1", "f(x)", "P(A)", "speed": what can stand alone on the left. Empty: something else.
std::string NameOnLeft(std::string_view side);

// Of chains with one sign.
Same EquivalentRelations(const Chain& key, const Chain& answer, const Reading& reading,
                         Budget* budget);

}  // namespace lyceum::grading
