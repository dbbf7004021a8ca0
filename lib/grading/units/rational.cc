#include "grading/units/rational.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "base/check.h"

namespace lyceum::grading {

Natural::Natural(uint32_t value) {
  if (value != 0) limbs_.push_back(value);
}

void Natural::Trim() {
  while (!limbs_.empty() && limbs_.back() == 0) limbs_.pop_back();
}

void Natural::MultiplyAdd(uint32_t factor, uint32_t addend) {
  uint64_t carry = addend;
  for (uint32_t& limb : limbs_) {
    const uint64_t value = uint64_t{limb} * factor + carry;
    limb = static_cast<uint32_t>(value);
    carry = value >> 32;
  }
  if (carry != 0) limbs_.push_back(static_cast<uint32_t>(carry));
  Trim();
}

Natural Natural::FromDigits(std::string_view digits) {
  Natural result;
  for (const char c : digits) {
    CHECK(c >= '0' && c <= '9');
    result.MultiplyAdd(10, static_cast<uint32_t>(c - '0'));
  }
  return result;
}

Natural Natural::PowerOfTen(uint32_t exponent) {
  Natural result(1);
  for (uint32_t i = 0; i < exponent; ++i) result.MultiplyAdd(10, 0);
  return result;
}

Natural Natural::operator+(const Natural& other) const {
  Natural sum;
  uint64_t carry = 0;
  for (size_t i = 0; i < limbs_.size() || i < other.limbs_.size() || carry != 0; ++i) {
    if (i < limbs_.size()) carry += limbs_[i];
    if (i < other.limbs_.size()) carry += other.limbs_[i];
    sum.limbs_.push_back(static_cast<uint32_t>(carry));
    carry >>= 32;
  }
  sum.Trim();
  return sum;
}

Natural Natural::operator-(const Natural& other) const {
  CHECK(Compare(*this, other) >= 0);
  Natural rest = *this;
  int64_t borrow = 0;
  for (size_t i = 0; i < rest.limbs_.size(); ++i) {
    int64_t value = int64_t{rest.limbs_[i]} - borrow;
    if (i < other.limbs_.size()) value -= other.limbs_[i];
    borrow = value < 0 ? 1 : 0;
    if (borrow != 0) value += int64_t{1} << 32;
    rest.limbs_[i] = static_cast<uint32_t>(value);
  }
  rest.Trim();
  return rest;
}

Natural Natural::operator*(const Natural& other) const {
  Natural product;
  product.limbs_.assign(limbs_.size() + other.limbs_.size(), 0);
  for (size_t i = 0; i < limbs_.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < other.limbs_.size() || carry != 0; ++j) {
      const uint64_t factor = j < other.limbs_.size() ? other.limbs_[j] : 0;
      const uint64_t value = product.limbs_[i + j] + limbs_[i] * factor + carry;
      product.limbs_[i + j] = static_cast<uint32_t>(value);
      carry = value >> 32;
    }
  }
  product.Trim();
  return product;
}

int Natural::Compare(const Natural& a, const Natural& b) {
  if (a.limbs_.size() != b.limbs_.size()) return a.limbs_.size() < b.limbs_.size() ? -1 : 1;
  for (size_t i = a.limbs_.size(); i-- > 0;) {
    if (a.limbs_[i] != b.limbs_[i]) return a.limbs_[i] < b.limbs_[i] ? -1 : 1;
  }
  return 0;
}

Rational Rational::Of(int64_t value) {
  const std::string text = std::to_string(value);
  const bool negative = value < 0;
  return {negative, Natural::FromDigits(std::string_view(text).substr(negative ? 1 : 0)),
          Natural(1)};
}

Rational Rational::Fraction(uint32_t num, uint32_t den) {
  CHECK(den != 0);
  return {false, Natural(num), Natural(den)};
}

Rational Rational::Decimal(std::string_view digits, int exponent) {
  Rational result{false, Natural::FromDigits(digits), Natural(1)};
  if (exponent > 0) result.num = result.num * Natural::PowerOfTen(static_cast<uint32_t>(exponent));
  if (exponent < 0) result.den = Natural::PowerOfTen(static_cast<uint32_t>(-exponent));
  return result;
}

Rational Rational::FromDouble(double value) {
  if (!std::isfinite(value) || value == 0) return Of(0);
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::fabs(value),
                                 std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<size_t>(end.ptr - buffer.data()));
  const size_t e = text.find('e');
  std::string digits;
  int decimals = 0;
  bool after_point = false;
  for (const char c : text.substr(0, e)) {
    if (c == '.') {
      after_point = true;
    } else {
      digits.push_back(c);
      decimals += after_point ? 1 : 0;
    }
  }
  const int exponent = std::stoi(std::string(text.substr(e + 1)));
  Rational result = Decimal(digits, exponent - decimals);
  result.negative = value < 0;
  return result;
}

Rational Rational::operator-() const { return {!negative && !num.zero(), num, den}; }

Rational Rational::operator+(const Rational& other) const {
  const Natural a = num * other.den;
  const Natural b = other.num * den;
  Natural bottom = den * other.den;
  if (negative == other.negative) return {negative, a + b, std::move(bottom)};
  const int order = Natural::Compare(a, b);
  if (order == 0) return Of(0);
  if (order > 0) return {negative, a - b, std::move(bottom)};
  return {other.negative, b - a, std::move(bottom)};
}

Rational Rational::operator*(const Rational& other) const {
  Natural top = num * other.num;
  const bool minus = negative != other.negative && !top.zero();
  return {minus, std::move(top), den * other.den};
}

Rational Rational::Inverse() const {
  CHECK(!num.zero());
  return {negative, den, num};
}

Rational Rational::Abs() const { return {false, num, den}; }

int Rational::Compare(const Rational& a, const Rational& b) {
  const bool a_minus = a.negative && !a.num.zero();
  const bool b_minus = b.negative && !b.num.zero();
  if (a_minus != b_minus) return a_minus ? -1 : 1;
  const int order = Natural::Compare(a.num * b.den, b.num * a.den);
  return a_minus ? -order : order;
}

}  // namespace lyceum::grading
