#include "grading/units/rational.h"

#include <gtest/gtest.h>

#include <random>

namespace lyceum::grading {
namespace {

TEST(Rational, EqualFractionsAreEqualWithoutReducing) {
  EXPECT_EQ(Rational::Fraction(2, 4), Rational::Fraction(1, 2));
  EXPECT_FALSE(Rational::Fraction(2, 3) == Rational::Fraction(1, 2));
}

TEST(Rational, ZeroHasNoSign) {
  EXPECT_EQ(-Rational::Of(0), Rational::Of(0));
  EXPECT_EQ(Rational::Of(3) + Rational::Of(-3), Rational::Of(0));
}

TEST(Rational, DoublesAreReadAsTheyPrint) {
  EXPECT_EQ(Rational::FromDouble(0.1), Rational::Fraction(1, 10));
  EXPECT_EQ(Rational::FromDouble(-2.5), -Rational::Fraction(5, 2));
  EXPECT_EQ(Rational::FromDouble(1e21), Rational::Decimal("1", 21));
  EXPECT_EQ(Rational::FromDouble(1.0 / 0.0), Rational::Of(0));
}

TEST(Rational, VeryLargeAndVerySmallDiffer) {
  const Rational big = Rational::Decimal("1", 400);
  EXPECT_GT(Rational::Compare(big, big - Rational::Of(1)), 0);
  EXPECT_LT(Rational::Compare(Rational::Decimal("1", -400), Rational::Decimal("2", -400)), 0);
}

TEST(Rational, AgreesWithIntegersOf64Bits) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::uniform_int_distribution<int64_t> pick(-1'000'000'000, 1'000'000'000);
  for (int i = 0; i < 2000; ++i) {
    const int64_t a = pick(random);
    const int64_t b = pick(random);
    EXPECT_EQ(Rational::Of(a) + Rational::Of(b), Rational::Of(a + b));
    EXPECT_EQ(Rational::Of(a) - Rational::Of(b), Rational::Of(a - b));
    EXPECT_EQ(Rational::Of(a) * Rational::Of(b), Rational::Of(a * b));
    EXPECT_EQ(Rational::Compare(Rational::Of(a), Rational::Of(b)) < 0, a < b);
  }
}

}  // namespace
}  // namespace lyceum::grading
