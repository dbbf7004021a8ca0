#include "grading/algebra/modular.h"

namespace lyceum::grading {
namespace {

constexpr uint64_t kMask = (uint64_t{1} << 61) - 1;

uint64_t Plus(uint64_t a, uint64_t b, size_t prime) {
  const uint64_t sum = a + b;
  return sum >= kPrimes[prime] ? sum - kPrimes[prime] : sum;
}
uint64_t Minus(uint64_t a, uint64_t b, size_t prime) {
  return a >= b ? a - b : a + kPrimes[prime] - b;
}

uint64_t ToThe(uint64_t base, uint64_t exponent, size_t prime) {
  uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = Times(result, base, prime);
    base = Times(base, base, prime);
  }
  return result;
}

// A number that only depends on its arguments: what is not rational.
uint64_t Opaque(uint64_t kind, uint64_t a, uint64_t b, size_t prime) {
  uint64_t x = 0x9E3779B97F4A7C15U;
  for (const uint64_t part : {kind, a, b}) {
    x ^= part + 0x9E3779B97F4A7C15U + (x << 6) + (x >> 2);
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    x ^= x >> 31;
  }
  return x % kPrimes[prime];
}

enum Kind : uint64_t { kPower = 1, kConstant = 2, kFunction = 64, kApplied = 1024 };

uint64_t HashOf(std::string_view name) {
  uint64_t hash = 1469598103934665603U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

class Computation {
 public:
  Computation(const Tree& tree, const std::vector<uint64_t>& variables, size_t prime,
              bool* rational)
      : tree_(tree), variables_(variables), prime_(prime), rational_(*rational) {}

  std::optional<Residue> Run() {
    values_.resize(tree_.nodes().size());
    for (size_t i = 0; i < values_.size(); ++i) {
      if (!Node_(tree_.nodes()[i], &values_[i])) return std::nullopt;
    }
    return values_[tree_.root()];
  }

 private:
  static Residue Whole(uint64_t value) { return {value, value, 1}; }
  Residue Unknown(uint64_t kind, uint64_t a, uint64_t b) {
    rational_ = false;
    return Whole(Opaque(kind, a, b, prime_));
  }

  bool Node_(const Node& node, Residue* out) {
    const Residue& a = values_[node.left < values_.size() ? node.left : 0];
    const Residue& b = values_[node.right < values_.size() ? node.right : 0];
    switch (node.op) {
      case Op::kNumber:
        *out = Whole(tree_.literals()[node.left].residue[prime_]);
        return true;
      case Op::kVariable:
        *out = Whole(variables_[node.left]);
        return true;
      case Op::kPi:
      case Op::kE:
      case Op::kInfinity:
        *out = Unknown(kConstant, static_cast<uint64_t>(node.op), 0);
        return true;
      case Op::kNegate:
        *out = {Minus(0, a.value, prime_), Minus(0, a.num, prime_), a.den};
        return true;
      case Op::kAdd:
      case Op::kSubtract:
        *out = Sum(a, b, node.op == Op::kAdd);
        return true;
      case Op::kMultiply:
        *out = {Times(a.value, b.value, prime_), Times(a.num, b.num, prime_),
                Times(a.den, b.den, prime_)};
        return true;
      case Op::kDivide:
        if (b.value == 0) return false;
        *out = {Times(a.value, InverseOf(b.value, prime_), prime_), Times(a.num, b.den, prime_),
                Times(a.den, b.num, prime_)};
        return true;
      case Op::kPower:
        return Power(a, node.right, out);
      case Op::kCall:
        return Call(node, a, b, out);
      case Op::kApply:
        // Another function at each point, also where it is applied to a number: f(2) has no value.
        *out =
            Unknown(kApplied, HashOf(tree_.names()[node.right]) ^ variables_[node.right], a.value);
        return true;
    }
    return false;
  }

  Residue Sum(const Residue& a, const Residue& b, bool plus) const {
    const uint64_t value = plus ? Plus(a.value, b.value, prime_) : Minus(a.value, b.value, prime_);
    const uint64_t left = Times(a.num, b.den, prime_);
    const uint64_t right = Times(b.num, a.den, prime_);
    return {value, plus ? Plus(left, right, prime_) : Minus(left, right, prime_),
            Times(a.den, b.den, prime_)};
  }

  bool Power(const Residue& base, NodeId exponent, Residue* out) {
    const Small& small = tree_.at(exponent).small;
    if (!small.integer()) {
      *out = Unknown(kPower, base.value, values_[exponent].value);
      return true;
    }
    const bool minus = small.num < 0;
    const auto times = static_cast<uint64_t>(minus ? -small.num : small.num);
    if (base.value == 0 && small.num <= 0) return false;
    const Residue raised{ToThe(base.value, times, prime_), ToThe(base.num, times, prime_),
                         ToThe(base.den, times, prime_)};
    *out = raised;
    if (minus) *out = {InverseOf(raised.value, prime_), raised.den, raised.num};
    return true;
  }

  bool Call(const Node& node, const Residue& a, const Residue& b, Residue* out) {
    // A root is a power with a fraction above.
    if (node.function == Function::kSqrt) {
      *out = Unknown(kPower, a.value, InverseOf(2, prime_));
    } else if (node.function == Function::kRoot) {
      if (b.value == 0) return false;
      *out = Unknown(kPower, a.value, InverseOf(b.value, prime_));
    } else {
      const bool two = node.function == Function::kLog;
      *out = Unknown(kFunction + static_cast<uint64_t>(node.function), a.value, two ? b.value : 0);
    }
    return true;
  }

  const Tree& tree_;
  const std::vector<uint64_t>& variables_;
  const size_t prime_;
  bool& rational_;
  std::vector<Residue> values_;
};

}  // namespace

uint64_t Times(uint64_t a, uint64_t b, size_t prime) {
  const uint64_t rest = prime == 0 ? 1 : 31;  // 2^61 modulo the prime.
  unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  uint64_t low = static_cast<uint64_t>(product) & kMask;
  uint64_t high = static_cast<uint64_t>(product >> 61);
  product = static_cast<unsigned __int128>(high) * rest + low;
  low = static_cast<uint64_t>(product) & kMask;
  high = static_cast<uint64_t>(product >> 61);
  const uint64_t value = low + high * rest;
  return value >= kPrimes[prime] ? value - kPrimes[prime] : value;
}

uint64_t InverseOf(uint64_t a, size_t prime) { return ToThe(a, kPrimes[prime] - 2, prime); }

uint64_t ResidueOf(std::string_view digits, int exponent, size_t prime) {
  uint64_t value = 0;
  for (const char c : digits) {
    value = Plus(Times(value, 10, prime), static_cast<uint64_t>(c - '0'), prime);
  }
  const auto size = static_cast<uint64_t>(exponent < 0 ? -exponent : exponent);
  const uint64_t power = ToThe(10, size, prime);
  return Times(value, exponent < 0 ? InverseOf(power, prime) : power, prime);
}

std::optional<Residue> Compute(const Tree& tree, const std::vector<uint64_t>& variables,
                               size_t prime, bool* rational) {
  return Computation(tree, variables, prime, rational).Run();
}

}  // namespace lyceum::grading
