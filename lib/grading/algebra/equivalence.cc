#include "grading/algebra/equivalence.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "grading/algebra/approximate.h"
#include "grading/algebra/modular.h"
#include "grading/algebra/points.h"

namespace lyceum::grading {
namespace {

constexpr int kExactPoints = 3;   // Points that count, for each prime.
constexpr int kExactTries = 6;    // With those at which something was divided by zero.
constexpr double kNoise = 1e-12;  // Relative.
constexpr double kRounded = 1.2e-9;

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
  int one_sided = 0;  // Points near by at which only one of the two has a value.
  bool differ = false;

  // Not of isolated points, which (x^2-1)/(x-1) has as well.
  bool OtherDomain() const { return one_sided >= 4; }
};

Tally CompareAtPoints(const Tree& a, const Tree& b, const Names& names, int points,
                      Generator* random, Budget* budget, bool positive = false) {
  Tally tally;
  std::vector<double> point(names.count);
  for (int n = 0; n < points; ++n) {
    for (double& value : point) {
      value = Coordinate(n, random);
      if (positive) value = std::fabs(value);
    }
    if (!budget->Take(a, b)) return tally;
    const auto left = Approximate(a, point);
    const auto right = Approximate(b, names.Second(point));
    const bool near = n < kNearPoints && n % 8 != 7;
    tally.one_sided += near && left.has_value() != right.has_value() ? 1 : 0;
    if (!left || !right) continue;
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

// Of one variable, with even roots: sqrt(x)^2 is less than |x|. The laws of logarithms, and of
// several letters that may be positive, are not called into question.
bool DomainMatters(const Tree& a, const Tree& b, const Names& names) {
  if (names.count != 1) return false;
  bool root = false;
  for (const Tree* tree : {&a, &b}) {
    for (const Node& node : tree->nodes()) {
      const bool call = node.op == Op::kCall;
      if (call && (node.function == Function::kLn || node.function == Function::kLog)) return false;
      root =
          root || (call && (node.function == Function::kSqrt || node.function == Function::kRoot));
      if (node.op != Op::kPower) continue;
      const Small& power = tree->at(node.right).small;
      if (!power.known()) return false;
      root = root || power.den % 2 == 0;
    }
  }
  return root;
}

// Lengths, masses and the like are positive; x, y, z and t need not be.
bool MayBePositive(const Tree& a, const Tree& b) {
  size_t names = 0;
  for (const Tree* tree : {&a, &b}) {
    names = std::max(names, tree->names().size());
    for (const std::string& name : tree->names()) {
      if (name == "x" || name == "y" || name == "z" || name == "t") return false;
    }
  }
  return names >= 2;
}

// Different by no more than a coefficient was rounded, of the answer or of an inexact key.
bool OnlyRounded(const Tree& a, const Tree& b, const Exact& exact, const Names& names,
                 Generator* random, Budget* budget) {
  const int key = exact.rational_a && !exact.rational_b ? DecimalDigits(a) : 0;
  const bool both = DecimalDigits(a) > 0 && DecimalDigits(b) > 0;
  double slack = 0;
  if (!both && DecimalDigits(b) >= kRoundedDigits) slack = kRounded;
  if (!both && key >= 3) slack = 0.6 * std::pow(10.0, 1 - key);
  if (slack == 0) return false;
  int near = 0;
  std::vector<double> point(names.count);
  for (int n = 0; n < kAgreeMin * 4; ++n) {
    for (double& value : point) value = Coordinate(n, random);
    if (!budget->Take(a, b)) return false;
    const auto left = Approximate(a, point);
    const auto right = Approximate(b, names.Second(point));
    if (!left || !right) continue;
    const double size = std::max(std::fabs(left->value), std::fabs(right->value));
    if (std::fabs(left->value - right->value) > slack * size) return false;
    ++near;
  }
  return near >= kAgreeMin;
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
  const bool rational = exact.rational_a && exact.rational_b;
  if (exact.same) {
    const bool domain = DomainMatters(a, b, names);
    const Tally tally = CompareAtPoints(a, b, names, domain ? kNearPoints : 4, &random, budget);
    return tally.differ || (domain && tally.OtherDomain()) ? Same::kUndecided : Same::kYes;
  }
  if (!exact.different && rational) return Same::kUndecided;
  if (names.count == 0) return Forgiven(a, b, exact);
  if (!rational) {
    const Tally tally = CompareAtPoints(a, b, names, kPointsMax, &random, budget);
    if (!tally.differ) {
      const bool other = tally.OtherDomain() && DomainMatters(a, b, names);
      return tally.agree >= kAgreeMin && !other ? Same::kYes : Same::kUndecided;
    }
    if (MayBePositive(a, b)) {
      const Tally above = CompareAtPoints(a, b, names, kPointsMax, &random, budget, true);
      if (!above.differ && above.agree >= kAgreeMin) return Same::kUndecided;
    }
  }
  return OnlyRounded(a, b, exact, names, &random, budget) ? Same::kUndecided : Same::kNo;
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

std::optional<double> ValueOf(const Tree& tree) {
  const auto value = Approximate(tree, std::vector<double>(tree.names().size(), 1.0));
  if (!value) return std::nullopt;
  return value->value;
}

}  // namespace lyceum::grading
