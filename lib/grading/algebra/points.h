// The points at which two trees are compared: pseudo-random, and the same for the same two trees.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "grading/algebra/tree.h"

namespace lyceum::grading {

class Generator {
 public:
  Generator(const Tree& a, const Tree& b) {
    for (const Tree* tree : {&a, &b}) {
      for (const Node& node : tree->nodes()) Mix(static_cast<uint64_t>(node.op) * 4099 + node.left);
      for (const Literal& literal : tree->literals()) Mix(literal.residue[0]);
    }
  }
  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15U;
    uint64_t x = state_;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
  }
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }  // [0, 1)

 private:
  void Mix(uint64_t value) { state_ = (state_ ^ value) * 1099511628211U + 12345; }
  uint64_t state_ = 1469598103934665603U;
};

// The names of two trees together, and where each stands in either.
struct Names {
  Names(const Tree& a, const Tree& b) : count(a.names().size()) {
    for (const std::string& name : b.names()) {
      const auto found = std::find(a.names().begin(), a.names().end(), name);
      of_b.push_back(found == a.names().end() ? count++
                                              : static_cast<size_t>(found - a.names().begin()));
    }
  }
  template <class T>
  std::vector<T> Second(const std::vector<T>& point) const {
    std::vector<T> values;
    values.reserve(of_b.size());
    for (const size_t index : of_b) values.push_back(point[index]);
    return values;
  }
  size_t count;
  std::vector<size_t> of_b;
};

inline constexpr int kNearPoints = 40;

// One coordinate of the n-th point: signs, sizes and whole numbers in turn; in the end far away on
// both sides, where |x-3000| is not 3000-x.
inline double Coordinate(int n, Generator* random) {
  const double unit = random->Unit();
  if (n >= kNearPoints) {
    const int far = n - kNearPoints;
    return (far % 2 == 0 ? 1 : -1) * (1 + unit) * std::pow(10.0, 3 + 2 * (far / 2));
  }
  const double sign = random->Unit() < 0.5 ? -1 : 1;
  switch (n % 8) {
    case 0:
      return 0.3 + 2.7 * unit;
    case 1:
      return sign * (0.1 + 2.9 * unit);
    case 2:
      return 1 + std::floor(6 * unit);
    case 3:
      return sign * (0.2 + 11.8 * unit);
    case 4:
      return sign * (1 + std::floor(9 * unit));
    case 5:
      return 0.01 + 0.98 * unit;
    case 6:
      return sign * (0.01 + 0.98 * unit);
    default:
      return sign * (1 + unit) * std::pow(10.0, 1 + n / 8);
  }
}

}  // namespace lyceum::grading
