// Approximate: a tree computed in floating point at a point, with a bound for its error.
//
// Real numbers only. Conventions: an odd root of a negative number is negative ((-8)^(1/3) is -2),
// an even root of one has no value; 0^0 and division by zero have none; arccot x is arctan(1/x).
#pragma once

#include <optional>
#include <vector>

#include "grading/algebra/tree.h"

namespace lyceum::grading {

struct Approximation {
  double value = 0;
  double error = 0;  // |value - the true value| is at most about this.
};

// No value: outside of its domain there, too large, or the error is larger than the value tells.
std::optional<Approximation> Approximate(const Tree& tree, const std::vector<double>& variables);

enum class Closeness { kSame, kDifferent, kUnclear };
Closeness Compare(const Approximation& a, const Approximation& b);

}  // namespace lyceum::grading
