#include "grading/algebra/approximate.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lyceum::grading {
namespace {

constexpr double kUnit = std::numeric_limits<double>::epsilon();
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kFactorialMax = 170;
constexpr Approximation kNothing{kNone, 0};

bool Whole(double value) { return std::fabs(value) < 9e15 && value == std::floor(value); }

// f(a) with the derivative there.
Approximation At(const Approximation& a, double value, double slope) {
  return {value, std::fabs(slope) * a.error + 4 * kUnit * std::fabs(value)};
}

Approximation Quotient(const Approximation& a, const Approximation& b) {
  if (std::fabs(b.value) <= 4 * b.error || b.value == 0) return kNothing;
  const double value = a.value / b.value;
  const double error = (a.error + std::fabs(value) * b.error) / (std::fabs(b.value) - b.error);
  return {value, error + kUnit * std::fabs(value)};
}

Approximation Reciprocal(const Approximation& a) { return Quotient({1, 0}, a); }

Approximation SquareRoot(const Approximation& a) {
  if (a.value < -a.error) return kNothing;
  if (a.value <= 4 * a.error) return {std::sqrt(std::max(a.value, 0.0)), std::sqrt(5 * a.error)};
  const double value = std::sqrt(a.value);
  return At(a, value, 0.5 / value);
}

// a^b, of which it is known that the base is positive.
Approximation Positive(const Approximation& a, const Approximation& b) {
  const double value = std::pow(a.value, b.value);
  const double log = std::fabs(std::log(a.value));
  const double error = std::fabs(b.value) * a.error / a.value + log * b.error +
                       4 * kUnit * (1 + std::fabs(b.value) * log);
  return {value, std::fabs(value) * error};
}

Approximation Raised(const Approximation& a, const Approximation& b, const Small& exponent) {
  if (std::fabs(a.value) <= 4 * a.error) {
    // Zero, as far as can be told: only a power above 0 has a value, and a rough one.
    const bool exact = a.value == 0 && a.error == 0;
    if (b.value <= 0 || (!exact && b.value < 1)) return kNothing;
    return exact ? Approximation{0, 0}
                 : Approximation{0, std::pow(std::fabs(a.value) + a.error, b.value)};
  }
  if (a.value > 0) return Positive(a, b);
  const Approximation size{-a.value, a.error};
  bool negative = false;
  if (exponent.known()) {
    if (exponent.den % 2 == 0) return kNothing;
    negative = exponent.num % 2 != 0;
  } else {
    if (b.error != 0 || !Whole(b.value)) return kNothing;
    negative = std::fmod(b.value, 2) != 0;
  }
  Approximation result = Positive(size, b);
  if (negative) result.value = -result.value;
  return result;
}

Approximation Factorial(const Approximation& a) {
  if (!Whole(a.value) || a.error > 0 || a.value < 0 || a.value > kFactorialMax) return kNothing;
  double value = 1;
  for (int i = 2; i <= static_cast<int>(a.value); ++i) value *= i;
  return {value, value * kUnit * a.value};
}

Approximation Logarithm(const Approximation& a) {
  if (a.value <= 4 * a.error || a.value <= 0) return kNothing;
  const double value = std::log(a.value);
  return {value, a.error / (a.value - a.error) + 4 * kUnit * (1 + std::fabs(value))};
}

// arcsin and arccos: their slope has no bound at the ends.
Approximation Arc(const Approximation& a, double value) {
  const double room = 1 - a.value * a.value;
  if (a.error == 0 && room == 0) return At(a, value, 0);
  if (room <= 8 * a.error) return kNothing;
  return At(a, value, 1 / std::sqrt(room));
}

Approximation Trigonometric(Function function, const Approximation& a) {
  const double x = a.value;
  if (std::fabs(x) > 1e12) return kNothing;
  const Approximation sine = At(a, std::sin(x), 1);
  const Approximation cosine = At(a, std::cos(x), 1);
  switch (function) {
    case Function::kSin:
      return {sine.value, std::max(std::fabs(cosine.value), a.error) * a.error + 4 * kUnit};
    case Function::kCos:
      return {cosine.value, std::max(std::fabs(sine.value), a.error) * a.error + 4 * kUnit};
    case Function::kTan:
      return Quotient(sine, cosine);
    case Function::kCot:
      return Quotient(cosine, sine);
    case Function::kSec:
      return Reciprocal(cosine);
    default:
      return Reciprocal(sine);
  }
}

Approximation Hyperbolic(Function function, const Approximation& a) {
  const double x = a.value;
  if (std::fabs(x) > 300) return kNothing;
  const Approximation sine = At(a, std::sinh(x), std::cosh(x));
  const Approximation cosine = At(a, std::cosh(x), std::sinh(x));
  switch (function) {
    case Function::kSinh:
      return sine;
    case Function::kCosh:
      return cosine;
    case Function::kTanh:
      return At(a, std::tanh(x), 1 / (std::cosh(x) * std::cosh(x)));
    case Function::kCoth:
      return Quotient(cosine, sine);
    case Function::kSech:
      return Reciprocal(cosine);
    default:
      return Reciprocal(sine);
  }
}

Approximation Called(Function function, const Approximation& a, const Approximation& b,
                     const Small& second) {
  const double x = a.value;
  switch (function) {
    case Function::kSqrt:
      return SquareRoot(a);
    case Function::kRoot: {
      Small inverse;
      if (second.known() && second.num != 0) {
        inverse = second.num < 0 ? Small{-second.den, -second.num} : Small{second.den, second.num};
      }
      const Approximation exponent = Reciprocal(b);
      return std::isnan(exponent.value) ? kNothing : Raised(a, exponent, inverse);
    }
    case Function::kAbs:
      return {std::fabs(x), a.error};
    case Function::kLn:
      return Logarithm(a);
    case Function::kLog: {
      const Approximation base = Logarithm(b);
      const Approximation log = Logarithm(a);
      return std::isnan(base.value) || std::isnan(log.value) ? kNothing : Quotient(log, base);
    }
    case Function::kFactorial:
      return Factorial(a);
    case Function::kSin:
    case Function::kCos:
    case Function::kTan:
    case Function::kSec:
    case Function::kCsc:
    case Function::kCot:
      return Trigonometric(function, a);
    case Function::kArcsin:
      return Arc(a, std::asin(x));
    case Function::kArccos:
      return Arc(a, std::acos(x));
    case Function::kArctan:
      return At(a, std::atan(x), 1 / (1 + x * x));
    case Function::kArcsec:
    case Function::kArccsc:
    case Function::kArccot: {
      const Approximation inverse = Reciprocal(a);
      if (std::isnan(inverse.value)) return kNothing;
      const double y = inverse.value;
      if (function == Function::kArccot) return At(inverse, std::atan(y), 1 / (1 + y * y));
      return Arc(inverse, function == Function::kArcsec ? std::acos(y) : std::asin(y));
    }
    case Function::kSinh:
    case Function::kCosh:
    case Function::kTanh:
    case Function::kSech:
    case Function::kCsch:
    case Function::kCoth:
      return Hyperbolic(function, a);
    case Function::kArsinh:
      return At(a, std::asinh(x), 1 / std::sqrt(1 + x * x));
    case Function::kArcosh:
      if (x - 1 <= 8 * a.error) return kNothing;
      return At(a, std::acosh(x), 1 / std::sqrt(x * x - 1));
    case Function::kArtanh:
      if (1 - std::fabs(x) <= 8 * a.error) return kNothing;
      return At(a, std::atanh(x), 1 / (1 - x * x));
  }
  return kNothing;
}

// A smooth function for a name of which nothing is known: another one for each name and point.
Approximation Applied(const std::string& name, double point, const Approximation& a) {
  double shift = 0.5 + point;
  for (const char c : name) shift = shift * 1.7 + static_cast<unsigned char>(c) * 0.013;
  const double x = a.value;
  if (std::fabs(x) > 1e6) return kNothing;
  return At(a, std::sin(1.3 * x + shift) + 0.4 * x, 1.7);
}

Approximation Node_(const Tree& tree, const Node& node, const std::vector<Approximation>& values,
                    const std::vector<double>& variables) {
  const auto value = [&](NodeId id) { return id < values.size() ? values[id] : kNothing; };
  const Approximation a = value(node.left);
  const Approximation b = value(node.right);
  switch (node.op) {
    case Op::kNumber: {
      const double number = tree.literals()[node.left].value;
      return {number, node.small.integer() ? 0 : kUnit * std::fabs(number)};
    }
    case Op::kVariable:
      return {variables[node.left], 0};
    case Op::kPi:
      return {M_PI, kUnit};
    case Op::kE:
      return {M_E, kUnit};
    case Op::kInfinity:
      return kNothing;
    case Op::kNegate:
      return {-a.value, a.error};
    case Op::kAdd:
    case Op::kSubtract: {
      const double sum = node.op == Op::kAdd ? a.value + b.value : a.value - b.value;
      const bool exact = a.error == 0 && b.error == 0 && Whole(a.value) && Whole(b.value);
      return {sum, exact ? 0 : a.error + b.error + kUnit * std::fabs(sum)};
    }
    case Op::kMultiply: {
      const double product = a.value * b.value;
      const bool exact = a.error == 0 && b.error == 0 && Whole(a.value) && Whole(b.value) &&
                         std::fabs(product) < 9e15;
      return {product, exact ? 0
                             : std::fabs(a.value) * b.error + std::fabs(b.value) * a.error +
                                   a.error * b.error + kUnit * std::fabs(product)};
    }
    case Op::kDivide:
      return Quotient(a, b);
    case Op::kPower: {
      const Small& exponent = tree.at(node.right).small;
      if (exponent.known() && exponent.num == 0)
        return a.value == 0 ? kNothing : Approximation{1, 0};
      if (exponent.known() && exponent.num == 1 && exponent.den == 2) return SquareRoot(a);
      return Raised(a, b, exponent);
    }
    case Op::kCall:
      return Called(node.function, a, b, tree.at(node.right).small);
    case Op::kApply:
      return Applied(tree.names()[node.right], variables[node.right], a);
  }
  return kNothing;
}

}  // namespace

std::optional<Approximation> Approximate(const Tree& tree, const std::vector<double>& variables) {
  std::vector<Approximation> values;
  values.reserve(tree.nodes().size());
  for (const Node& node : tree.nodes()) {
    values.push_back(Node_(tree, node, values, variables));
    const Approximation& last = values.back();
    if (!std::isfinite(last.value) || !std::isfinite(last.error)) return std::nullopt;
  }
  const Approximation& result = values[tree.root()];
  if (result.error > 1e-6 * std::max(1.0, std::fabs(result.value))) return std::nullopt;
  return result;
}

Closeness Compare(const Approximation& a, const Approximation& b) {
  const double distance = std::fabs(a.value - b.value);
  const double bound = a.error + b.error + kUnit * (std::fabs(a.value) + std::fabs(b.value));
  if (distance <= 4 * bound) return Closeness::kSame;
  return distance > 64 * bound ? Closeness::kDifferent : Closeness::kUnclear;
}

}  // namespace lyceum::grading
