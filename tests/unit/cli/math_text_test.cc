#include "cli/math_text.h"

#include <gtest/gtest.h>

namespace lyceum::cli {
namespace {

TEST(MathText, FractionsRootsAndPowersAreReadable) {
  EXPECT_EQ(ReadableMath("\\frac{3}{4}"), "3/4");
  EXPECT_EQ(ReadableMath("What is $\\frac{1}{2} + \\frac{x+1}{3}$?"), "What is 1/2 + (x+1)/3?");
  EXPECT_EQ(ReadableMath("$$x^{2} + y^10$$"), "x² + y¹0");
  EXPECT_EQ(ReadableMath("\\(x^{10} \\le \\sqrt{2}\\)"), "x¹⁰ ≤ √2");
  EXPECT_EQ(ReadableMath("$\\sqrt[3]{x+1}$"), "∛(x+1)");
  EXPECT_EQ(ReadableMath("$\\dfrac{\\frac{1}{2}}{3}$"), "(1/2)/3");
  EXPECT_EQ(ReadableMath("$a_1 \\cdot 2^{x+1} \\times 90^\\circ$"), "a₁ · 2^(x+1) × 90°");
  EXPECT_EQ(ReadableMath("$\\left(\\text{the area}\\right)$"), "(the area)");
}

TEST(MathText, TextWithoutMathematicsStaysAsItIs) {
  for (const char* text : {"It costs $5 and not $6.", "a_b and x^2", "C:\\new\\folder", "{x}", "$",
                           "100 %", "one\\", "\\frac", "\\frac{1", "äöü $ 漢字"}) {
    EXPECT_EQ(ReadableMath(text), text);
  }
  EXPECT_EQ(ReadableMath("It costs \\$5."), "It costs $5.");
}

TEST(MathText, AnyDepthAndAnyEndIsRead) {
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "\\frac{";
  EXPECT_FALSE(ReadableMath(deep).empty());
  EXPECT_FALSE(ReadableMath("$" + deep + "$").empty());
  EXPECT_FALSE(ReadableMath(deep + std::string(10'000, '}')).empty());
  EXPECT_FALSE(ReadableMath(std::string(10'000, '{') + "$x$").empty());
}

}  // namespace
}  // namespace lyceum::cli
