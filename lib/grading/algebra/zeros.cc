// ZerosDiffer (equivalence.h).
#include <cmath>

#include "grading/algebra/approximate.h"
#include "grading/algebra/equivalence.h"
#include "grading/algebra/points.h"

namespace lyceum::grading {
namespace {

// A zero of a function of one variable near by, by two straight lines or by halving.
class ZeroSearch {
 public:
  ZeroSearch(const Tree& tree, std::vector<double> point, size_t variable, Budget* budget)
      : tree_(tree), point_(std::move(point)), variable_(variable), budget_(*budget) {}

  std::optional<std::vector<double>> Find() {
    const auto at0 = At(0.37);
    const auto at1 = At(1.53);
    if (at0 && at1 && at0->value != at1->value) {
      const double line = 0.37 - at0->value * (1.53 - 0.37) / (at1->value - at0->value);
      if (IsZero(line)) return point_;
    }
    std::optional<double> last;
    double last_x = 0;
    for (int i = 0; i <= 28; ++i) {
      const double t = (i - 14) / 14.0;
      const double x = 0.013 + 60 * t * std::fabs(t);
      const auto value = At(x);
      if (!value) {
        last.reset();
        continue;
      }
      if (last && (*last < 0) != (value->value < 0)) {
        if (Halve(last_x, x, *last < 0)) return point_;
      }
      last = value->value;
      last_x = x;
    }
    return std::nullopt;
  }

 private:
  std::optional<Approximation> At(double x) {
    if (!std::isfinite(x) || !budget_.Take(tree_, tree_)) return std::nullopt;
    point_[variable_] = x;
    return Approximate(tree_, point_);
  }
  bool IsZero(double x) {
    const auto value = At(x);
    if (!value) return false;
    // The zero lies within the last digits of x: what the tree makes of those is near to zero.
    const double step = 1e-9 * (1 + std::fabs(x));
    const auto beside = At(x + step);
    point_[variable_] = x;
    return beside && std::fabs(value->value) <=
                         4 * value->error + 1e-5 * std::fabs(beside->value - value->value);
  }
  bool Halve(double low, double high, bool low_negative) {
    for (int i = 0; i < 80; ++i) {
      const double middle = low + (high - low) / 2;
      const auto value = At(middle);
      if (!value) return false;
      ((value->value < 0) == low_negative ? low : high) = middle;
    }
    return IsZero(low) || IsZero(high);
  }

  const Tree& tree_;
  std::vector<double> point_;
  const size_t variable_;
  Budget& budget_;
};

// A zero of `a` at which `b` is clearly not zero.
bool ZeroOfOneOnly(const Tree& a, const Tree& b, Budget* budget) {
  const Names names(a, b);
  Generator random(a, b);
  for (size_t variable = 0; variable < a.names().size() && variable < 4; ++variable) {
    for (int n = 0; n < 2; ++n) {
      std::vector<double> point(names.count);
      for (double& value : point) value = Coordinate(n, &random);
      const std::vector<double> own(point.begin(),
                                    point.begin() + static_cast<int64_t>(a.names().size()));
      const auto zero = ZeroSearch(a, own, variable, budget).Find();
      if (!zero) continue;
      std::copy(zero->begin(), zero->end(), point.begin());
      const auto here = Approximate(b, names.Second(point));
      point[variable] += 1e-7 * (1 + std::fabs(point[variable]));
      const auto beside = Approximate(b, names.Second(point));
      if (!here || !beside) continue;
      const double slack = 64 * here->error + std::fabs(beside->value - here->value);
      if (std::fabs(here->value) > slack + 1e-9) return true;
    }
  }
  return false;
}

}  // namespace

bool ZerosDiffer(const Tree& a, const Tree& b, Budget* budget) {
  return ZeroOfOneOnly(a, b, budget) || ZeroOfOneOnly(b, a, budget);
}

}  // namespace lyceum::grading
