// Modular: a tree computed exactly, modulo a large prime, at a point.
//
// Sums, products, quotients and whole powers are what they are; everything else (sin, ln, sqrt,
// 2^x, pi) is a number that depends on nothing but the function and its arguments. So two trees
// that agree at random points are equal wherever they have a value, up to one chance in 2^100 or
// so; two that differ are different if they are rational, and unknown if they are not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "grading/algebra/tree.h"

namespace lyceum::grading {

// 2^61 - 1 and 2^61 - 31.
inline constexpr uint64_t kPrimes[2] = {(uint64_t{1} << 61) - 1, (uint64_t{1} << 61) - 31};

// digits * 10^exponent modulo kPrimes[prime].
uint64_t ResidueOf(std::string_view digits, int exponent, size_t prime);

struct Residue {
  uint64_t value = 0;
  uint64_t num = 0;  // value = num / den, as the tree is built: nothing cancelled.
  uint64_t den = 1;
};

// No value: a division by zero. `variables` is by the tree's names. `rational` is set to false
// where something was not a rational function.
std::optional<Residue> Compute(const Tree& tree, const std::vector<uint64_t>& variables,
                               size_t prime, bool* rational);

uint64_t Times(uint64_t a, uint64_t b, size_t prime);
uint64_t InverseOf(uint64_t a, size_t prime);  // Of zero: zero.

}  // namespace lyceum::grading
