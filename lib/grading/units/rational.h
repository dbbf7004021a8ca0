// Rational: exact numbers as learners write them. Numerator and denominator of any length.
//
// Nothing is ever reduced: two numbers are compared by cross multiplication. Sizes are bounded by
// the readers (quantity.h): at most kDigitsMax digits and |exponent| <= kExponentMax a literal, and
// a handful of literals a number.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace lyceum::grading {

// A natural number, 32 bits a limb, least first, no leading zero limb.
class Natural {
 public:
  Natural() = default;
  explicit Natural(uint32_t value);
  static Natural FromDigits(std::string_view digits);  // Decimal digits only.
  static Natural PowerOfTen(uint32_t exponent);

  bool zero() const { return limbs_.empty(); }
  Natural operator+(const Natural& other) const;
  Natural operator-(const Natural& other) const;  // Not below zero: other <= *this.
  Natural operator*(const Natural& other) const;
  static int Compare(const Natural& a, const Natural& b);  // < 0, 0, > 0

 private:
  void MultiplyAdd(uint32_t factor, uint32_t addend);
  void Trim();
  std::vector<uint32_t> limbs_;
};

struct Rational {
  bool negative = false;
  Natural num;
  Natural den = Natural(1);  // Never zero.

  static Rational Of(int64_t value);
  static Rational Fraction(uint32_t num, uint32_t den);
  // digits * 10^exponent; digits without a point.
  static Rational Decimal(std::string_view digits, int exponent);
  // The decimal that a double prints as: 0.1 is one tenth. Not finite: zero.
  static Rational FromDouble(double value);

  bool zero() const { return num.zero(); }
  Rational operator-() const;
  Rational operator+(const Rational& other) const;
  Rational operator-(const Rational& other) const { return *this + -other; }
  Rational operator*(const Rational& other) const;
  Rational Inverse() const;  // Not of zero.
  Rational Abs() const;
  static int Compare(const Rational& a, const Rational& b);
  bool operator==(const Rational& other) const { return Compare(*this, other) == 0; }
};

}  // namespace lyceum::grading
