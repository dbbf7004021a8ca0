// Equivalence: are two expressions the same?
//
// In this order:
//   1. exactly, modulo two primes (modular.h): equal there is equal; different there, and rational,
//      is different;
//   2. in floating point at up to kPointsMax points (approximate.h): one point at which they
//      clearly differ is enough for different; for equal they agree at kAgreeMin points and never differ.
//      Points are positive, negative, whole, small and large, from a generator that is seeded by
//      the two trees: the same answer always gets the same verdict.
// Where both have too few values, and where infinity is counted with, the verdict is undecided.
// Expressions are the same if they are the same wherever both have a value: (x^2-1)/(x+1) is x-1.
// Undecided is also what is the same on a part only: sqrt(x)^2 and |x| of one variable, and of
// several letters that are no x, y, z or t, what is the same while all are positive.
// Numbers. Fractions and decimals are exact: 0.333 is not 1/3 and 3.14 is not pi. Two things are
// forgiven, because a calculator makes them: the last digits of two decimals of kNoiseDigits digits
// or more, and a key that is a decimal of kRoundedDigits digits or more for a number that is not
// rational. Where the answer is such a decimal, as 1.41421356237 for sqrt(2) or 0.3333333333 for
// 1/3, it is undecided. A Budget bounds the work; beyond
// it, undecided.
#pragma once

#include <cstdint>

#include "grading/algebra/tree.h"

namespace lyceum::grading {

inline constexpr int kPointsMax = 48;
inline constexpr int kAgreeMin = 5;
inline constexpr int kNoiseDigits = 13;
inline constexpr int kRoundedDigits = 9;

enum class Same { kYes, kNo, kUndecided };

// Counts nodes computed and bytes read; one is some 10 to 100 ns.
struct Budget {
  int64_t steps = 300'000;

  bool Take(const Tree& a, const Tree& b) {
    steps -= static_cast<int64_t>(a.nodes().size() + b.nodes().size());
    return steps >= 0;
  }
  // To read texts of that many bytes together.
  bool Read(size_t bytes) {
    steps -= 4 * static_cast<int64_t>(bytes);
    return steps >= 0;
  }
};

// `a`: the key.
Same Equivalent(const Tree& a, const Tree& b, Budget* budget);

// Is a = c * b with a constant c other than 0? For equations, left minus right. `positive`, if
// given: c must be above 0 (1), below 0 (-1), or is written there where it is 0.
enum class Ratio { kPositive, kNegative, kNone, kUndecided };
// `clear`: after multiplying by what stands below the lines: w(12-w)=25 is 2w+50/w=24.
Ratio ConstantRatio(const Tree& a, const Tree& b, bool clear, Budget* budget);
// The same where the names that only one of the two has are held: yz=2xz is y=2x, but for z=0.
bool RatioOfStrangers(const Tree& a, const Tree& b, Budget* budget);

// A point with a = 0 at which b is clearly not 0, or the other way round.
bool ZerosDiffer(const Tree& a, const Tree& b, Budget* budget);

// The value of a tree without variables.
std::optional<double> ValueOf(const Tree& tree);

}  // namespace lyceum::grading
