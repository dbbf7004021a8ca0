// Quantity: one number as a learner writes it, read exactly, with its unit.
//
//   x = -1 1/2 kg   3/4   .75   75%   1,250.00   $3.50   1.2e3   1.2 x 10^3   $$\frac{-3}{4}$$ (-3)
// A single value only: sums, products and roots are not numbers here, so that copying the question
// is not an answer. Not read: 1,5 (point or comma?), 3 or 4, 1/0, 7! (a factorial?), more than
// kDigitsMax digits or an exponent over kExponentMax in a literal. A name before "=" is a letter,
// one with an index, a Greek one, or a function of something: "half = 3" is not a number with its
// name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "grading/units/rational.h"

namespace lyceum::grading {

inline constexpr size_t kDigitsMax = 64;
inline constexpr int kExponentMax = 400;

struct Quantity {
  Rational value;  // With the percent sign worked in: 75% is 3/4.
  bool percent = false;
  std::string unit;             // As written, in plain notation. A currency sign counts as unit.
  std::optional<int> decimals;  // Written as one decimal: how many digits behind the point.
  int significant = 0;          // Of that decimal: digits from the first that is not 0.
  std::string variable;         // Of a leading "x =".
  std::string noun;             // Of an answer: "apples", lower case. A key has none.
  bool unworked = false;        // Of an answer: a sum or product, left to work out.
};

// `why`, if given, says in a few words what is wrong where it returns nothing.
std::optional<Quantity> ParseQuantity(std::string_view text, std::string* why = nullptr);
// The same of text that is Plain already.
std::optional<Quantity> ParsePlainQuantity(std::string_view plain, std::string* why = nullptr);

// Numbers with + - * / ^ and brackets, worked out exactly; nothing where there is anything else, or
// what could be read in two ways: 2(3), 2^3^2, 9*-2. `steps` is how many operations are left, for
// several sums together.
std::optional<Rational> SumOf(std::string_view plain, int* steps);
// What may have a value: x, x_1, theta, f(2), P(A). Not "x2" (x^2?) and not "x(2)" (2x?).
bool IsVariable(std::string_view name);
// False for what Plain would drop: a brace too many, and the ~ of "~=", which is a space to LaTeX.
bool NothingIsLost(std::string_view text);

}  // namespace lyceum::grading
