#include "grading/equivalence.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "grading/approximate.h"
#include "grading/modular.h"

namespace lyceum::grading {
namespace {

constexpr int kExactPoints = 3;   // Points that count, for each prime.
constexpr int kExactTries = 6;    // With those at which something was divided by zero.
constexpr double kNoise = 1e-12;  // Relative.
constexpr double kRounded = 1.2e-9;

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

constexpr int kNearPoints = 40;

// One coordinate of the n-th point: signs, sizes and whole numbers in turn; in the end far away on
// both sides, where |x-3000| is not 3000-x.
double Coordinate(int n, Generator* random) {
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

bool HasInfinity(const Tree& tree) {
  return std::any_of(tree.nodes().begin(), tree.nodes().end(),
                     [](const Node& node) { return node.op == Op::kInfinity; });
}

// 1 or -1 for the two infinities by themselves, 0 for anything else.
int BareInfinity(const Tree& tree) {
  if (tree.top().op == Op::kInfinity) return 1;
  if (tree.top().op == Op::kNegate && tree.at(tree.top().left).op == Op::kInfinity) return -1;
  return 0;
}

int DecimalDigits(const Tree& tree) {
  int digits = 0;
  for (const Literal& literal : tree.literals()) {
    if (literal.point) digits = std::max(digits, literal.significant);
  }
  return digits;
}

struct Exact {
  bool same = false;       // At all points that count.
  bool different = false;  // At one.
  bool rational_a = true, rational_b = true;
};

std::vector<uint64_t> ExactPoint(size_t count, size_t prime, Generator* random) {
  std::vector<uint64_t> point(count);
  for (uint64_t& value : point) value = random->Next() % kPrimes[prime];
  return point;
}

Exact CompareExactly(const Tree& a, const Tree& b, const Names& names, Generator* random,
                     Budget* budget) {
  Exact exact;
  int counted = 0;
  for (size_t prime = 0; prime < 2; ++prime) {
    int points = 0;
    for (int i = 0; i < kExactTries && points < kExactPoints; ++i) {
      if (!budget->Take(a, b)) return exact;
      const auto point = ExactPoint(names.count, prime, random);
      const auto left = Compute(a, point, prime, &exact.rational_a);
      const auto right = Compute(b, names.Second(point), prime, &exact.rational_b);
      if (!left || !right) continue;
      ++points;
      ++counted;
      if (left->value != right->value) {
        exact.different = true;
        return exact;
      }
    }
  }
  exact.same = counted == 2 * kExactPoints;
  return exact;
}

// Two numbers that are not exactly the same; `a` is the key.
Same Forgiven(const Tree& a, const Tree& b, const Exact& exact) {
  const auto left = Approximate(a, {});
  const auto right = Approximate(b, {});
  if (!left || !right) return Same::kUndecided;
  const double size = std::max(std::fabs(left->value), std::fabs(right->value));
  const double distance = std::fabs(left->value - right->value);
  if (exact.rational_a && exact.rational_b) {
    const int most = std::max(DecimalDigits(a), DecimalDigits(b));
    const bool noise = std::min(DecimalDigits(a), DecimalDigits(b)) >= kNoiseDigits;
    if (noise && distance <= kNoise * size) return Same::kYes;
    // 0.333333333333 for 1/3: whether that is good enough is not for arithmetic to say.
    const bool rounded = most >= kRoundedDigits && distance <= kRounded * size;
    return rounded ? Same::kUndecided : Same::kNo;
  }
  const Closeness closeness = Compare(*left, *right);
  const bool rounded_key = exact.rational_a && DecimalDigits(a) >= kRoundedDigits;
  const bool rounded_answer = exact.rational_b && DecimalDigits(b) >= kRoundedDigits;
  if (rounded_key && distance <= kRounded * size) return Same::kYes;
  // 1.41421356237 for sqrt(2): as 0.333333333333 for 1/3.
  if (rounded_answer && distance <= kRounded * size) return Same::kUndecided;
  if (closeness == Closeness::kSame) return Same::kYes;
  return closeness == Closeness::kDifferent ? Same::kNo : Same::kUndecided;
}

struct Tally {
  int agree = 0;
  bool differ = false;
};

Tally CompareAtPoints(const Tree& a, const Tree& b, const Names& names, int points,
                      Generator* random, Budget* budget) {
  Tally tally;
  std::vector<double> point(names.count);
  for (int n = 0; n < points; ++n) {
    for (double& value : point) value = Coordinate(n, random);
    if (!budget->Take(a, b)) return tally;
    const auto left = Approximate(a, point);
    if (!left) continue;
    const auto right = Approximate(b, names.Second(point));
    if (!right) continue;
    const Closeness closeness = Compare(*left, *right);
    tally.agree += closeness == Closeness::kSame ? 1 : 0;
    tally.differ = closeness == Closeness::kDifferent;
    if (tally.differ) return tally;
  }
  return tally;
}

Ratio SignOfRatio(const Tree& a, const Tree& b, const Names& names, Generator* random,
                  Budget* budget) {
  std::vector<double> point(names.count);
  for (int n = 0; n < kPointsMax && budget->Take(a, b); ++n) {
    for (double& value : point) value = Coordinate(n, random);
    const auto left = Approximate(a, point);
    const auto right = Approximate(b, names.Second(point));
    if (!left || !right) continue;
    const auto clear = [](const Approximation& x) { return std::fabs(x.value) > 4 * x.error; };
    if (!clear(*left) || !clear(*right)) continue;
    return (left->value > 0) == (right->value > 0) ? Ratio::kPositive : Ratio::kNegative;
  }
  return Ratio::kUndecided;
}

// The four ways to take the ratio of two fractions, each constant so far or not.
struct Constancy {
  std::array<std::optional<uint64_t>, 4> first;
  std::array<bool, 4> constant{true, true, true, true};
  int points = 0;

  void Add(const Residue& a, const Residue& b, size_t prime) {
    const std::array<std::pair<uint64_t, uint64_t>, 4> pairs{
        {{a.value, b.value}, {a.num, b.num}, {a.num, b.value}, {a.value, b.num}}};
    for (size_t i = 0; i < pairs.size(); ++i) {
      const uint64_t ratio = Times(pairs[i].first, InverseOf(pairs[i].second, prime), prime);
      if (!first[i]) first[i] = ratio;
      constant[i] = constant[i] && *first[i] == ratio && ratio != 0;
    }
    ++points;
  }
};

bool FloatRatioConstant(const Tree& a, const Tree& b, const Names& names, Generator* random,
                        Budget* budget, bool* clearly_not) {
  std::optional<Approximation> first;
  int agree = 0;
  std::vector<double> point(names.count);
  for (int n = 0; n < kPointsMax && budget->Take(a, b); ++n) {
    for (double& value : point) value = Coordinate(n, random);
    const auto left = Approximate(a, point);
    const auto right = Approximate(b, names.Second(point));
    if (!left || !right || std::fabs(right->value) <= 1e3 * right->error) continue;
    const double value = left->value / right->value;
    const double error =
        (left->error + std::fabs(value) * right->error) / std::fabs(right->value) * 2;
    const Approximation ratio{value, error};
    if (!first) first = ratio;
    const Closeness closeness = Compare(*first, ratio);
    *clearly_not = closeness == Closeness::kDifferent;
    if (*clearly_not) return false;
    agree += closeness == Closeness::kSame ? 1 : 0;
  }
  return first && agree > kAgreeMin && std::fabs(first->value) > 4 * first->error;
}

}  // namespace

Same Equivalent(const Tree& a, const Tree& b, Budget* budget) {
  if (HasInfinity(a) || HasInfinity(b)) {
    const int left = BareInfinity(a);
    const int right = BareInfinity(b);
    if (left != 0 && right != 0) return left == right ? Same::kYes : Same::kNo;
    const bool other_finite = !HasInfinity(a) || !HasInfinity(b);
    return other_finite && (left != 0 || right != 0) ? Same::kNo : Same::kUndecided;
  }
  const Names names(a, b);
  Generator random(a, b);
  const Exact exact = CompareExactly(a, b, names, &random, budget);
  if (exact.same) {
    const Tally tally = CompareAtPoints(a, b, names, 4, &random, budget);
    return tally.differ ? Same::kUndecided : Same::kYes;
  }
  if (!exact.different && exact.rational_a && exact.rational_b) return Same::kUndecided;
  if (names.count == 0) return Forgiven(a, b, exact);
  if (exact.rational_a && exact.rational_b) return Same::kNo;
  const Tally tally = CompareAtPoints(a, b, names, kPointsMax, &random, budget);
  if (tally.differ) return Same::kNo;
  return tally.agree >= kAgreeMin ? Same::kYes : Same::kUndecided;
}

Ratio ConstantRatio(const Tree& a, const Tree& b, bool clear, Budget* budget) {
  if (HasInfinity(a) || HasInfinity(b)) return Ratio::kUndecided;
  const Names names(a, b);
  Generator random(a, b);
  bool rational = true;
  std::array<bool, 4> constant{true, true, true, true};
  for (size_t prime = 0; prime < 2; ++prime) {
    Constancy constancy;
    for (int i = 0; i < kExactTries && constancy.points < kExactPoints; ++i) {
      if (!budget->Take(a, b)) return Ratio::kUndecided;
      const auto point = ExactPoint(names.count, prime, &random);
      const auto left = Compute(a, point, prime, &rational);
      const auto right = Compute(b, names.Second(point), prime, &rational);
      if (left && right) constancy.Add(*left, *right, prime);
    }
    if (constancy.points < kExactPoints) return Ratio::kUndecided;
    for (size_t i = 0; i < 4; ++i) constant[i] = constant[i] && constancy.constant[i];
  }
  const bool any = std::any_of(constant.begin(), constant.end(), [](bool c) { return c; });
  if (constant[0] || (clear && any)) return SignOfRatio(a, b, names, &random, budget);
  if (rational) return Ratio::kNone;
  bool clearly_not = false;
  if (FloatRatioConstant(a, b, names, &random, budget, &clearly_not)) {
    return SignOfRatio(a, b, names, &random, budget);
  }
  return clearly_not ? Ratio::kNone : Ratio::kUndecided;
}

bool RatioOfStrangers(const Tree& a, const Tree& b, Budget* budget) {
  const Names names(a, b);
  std::vector<bool> shared(names.count, false);
  for (const size_t index : names.of_b) shared[index] = index < a.names().size();
  if (std::find(shared.begin(), shared.end(), false) == shared.end()) return false;
  Generator random(a, b);
  bool rational = true;
  for (size_t prime = 0; prime < 2; ++prime) {
    Constancy constancy;
    const std::vector<uint64_t> held = ExactPoint(names.count, prime, &random);
    for (int i = 0; i < kExactTries && constancy.points < kExactPoints; ++i) {
      if (!budget->Take(a, b)) return false;
      std::vector<uint64_t> point = ExactPoint(names.count, prime, &random);
      for (size_t name = 0; name < names.count; ++name) {
        if (!shared[name]) point[name] = held[name];
      }
      const auto left = Compute(a, point, prime, &rational);
      const auto right = Compute(b, names.Second(point), prime, &rational);
      if (left && right) constancy.Add(*left, *right, prime);
    }
    if (constancy.points < kExactPoints || !constancy.constant[0]) return false;
  }
  return true;
}

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

std::optional<double> ValueOf(const Tree& tree) {
  const auto value = Approximate(tree, std::vector<double>(tree.names().size(), 1.0));
  if (!value) return std::nullopt;
  return value->value;
}

}  // namespace lyceum::grading
