#include <gtest/gtest.h>

#include "vocabulary.h"

namespace lyceum::grading {
namespace {

struct Case {
  Format format;
  const char* key;
  const char* answer;
  const char* outcome;
};
constexpr auto kExpression = Format::kExpression;
constexpr auto kEquation = Format::kEquation;
constexpr auto kInterval = Format::kInterval;
constexpr auto kList = Format::kList;

void Check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    EXPECT_EQ(Is(c.format, c.key, c.answer), c.outcome) << c.key << " <- " << c.answer;
  }
}

TEST(Notation, ExpressionsAreTheSameInAnyNotation) {
  Check({
      {kExpression, "$$-18y^{11}$$", "-18y^11", "correct"},
      {kExpression, "$$-18y^{11}$$", "-18 * y^(11)", "correct"},
      {kExpression, "$$36a^5 b^7$$", "36a^5*b^7", "correct"},
      {kExpression, "$$27m^3 n^3$$", "27 m³n³", "correct"},
      {kExpression, "$$x^{0.2}$$", "x^0.2", "correct"},
      {kExpression, "$$x^{0.2}$$", "x^(0.2)", "correct"},
      {kExpression, "$$(x-2)(x-6)$$", "(x-6)(x-2)", "correct"},
      {kExpression, "$$(x-2)(x-6)$$", "\\left(x-2\\right) \\left(x-6\\right)", "correct"},
      {kExpression, "\\frac{\\sqrt{6}}{2}", "sqrt(6)/2", "correct"},
      {kExpression, "\\frac{3+\\sqrt{29}}{2}", "(3+√(29))/2", "correct"},
      {kExpression, "1/2", "0.5", "correct"},
  });
}

TEST(Notation, AnotherExpressionIsIncorrect) {
  Check({
      {kExpression, "$$d^9$$", "d^6", "incorrect"},
      {kExpression, "2*3", "23", "incorrect"},
      {kExpression, "x^{2y}", "x^2y", "incorrect"},
      {kExpression, "x^2+5x+6", "x^2-5x+6", "incorrect"},
      {kExpression, "$$(x-2)(x-6)$$", "(x+2)(x-6)", "incorrect"},
      {kExpression, "$$(x-2)(x-6)$$", "x^2-8x-12", "incorrect"},
      {kExpression, "x^(1)2", "x^12", "incorrect"},
      {kExpression, "d^9", "((d^9)", "invalid"},
      {kExpression, "d^9", "?!", "invalid"},
  });
}

TEST(Notation, EquationsAreComparedSideBySide) {
  Check({
      {kEquation, "$$x=\\frac{11}{8}$$", "x = 11/8", "correct"},
      {kEquation, "$$x=\\frac{11}{8}$$", "11/8", "correct"},
      {kEquation, "$$x=\\frac{11}{8}$$", "11/8 = x", "correct"},
      {kEquation, "$$x=\\frac{11}{8}$$", "1.375", "correct"},
      {kEquation, "$$x=\\frac{11}{8}$$", "1 3/8", "correct"},
      {kEquation, "$$x=\\frac{11}{8}$$", "X = 11/8", "correct"},
      {kEquation, "$$x=\\frac{11}{8}$$", "x = 8/11", "incorrect"},
      {kEquation, "$$x=\\frac{11}{8}$$", "y = 11/8", "incorrect"},
      {kEquation, "$$n=-3.57$$", "-3.57", "correct"},
      {kEquation, "$$n=-3.57$$", "3.57", "incorrect"},
      {kEquation, "$$x \\geq -5$$", "x >= -5", "correct"},
      {kEquation, "$$x \\geq -5$$", "x ≥ −5", "correct"},
      {kEquation, "$$x \\geq -5$$", "-5 <= x", "correct"},
      {kEquation, "$$x \\geq -5$$", "x > -5", "incorrect"},
      {kEquation, "$$x \\geq -5$$", "x <= -5", "incorrect"},
      {kEquation, "$$x \\geq -5$$", "-5", "incorrect"},
      {kEquation, "$$\\left(y+1\\right) \\left(y-7\\right)$$", "(y-7)(y+1)", "correct"},
      {kEquation, "$$9.33\\times{10}^{\\left(-2\\right)}$$", "9.33x10^-2", "correct"},
      {kEquation, "$$9.33\\times{10}^{\\left(-2\\right)}$$", "0.0933", "correct"},
      {kEquation, "x=3", "", "invalid"},
  });
}

TEST(Notation, IntervalsKeepTheirBrackets) {
  Check({
      {kInterval, "[-3/14,inf)", "$$[\\frac{-3}{14},\\infty)$$", "correct"},
      {kInterval, "(2,inf)", "( 2 , ∞ )", "correct"},
      {kInterval, "(2,inf)", "(2, infinity)", "correct"},
      {kInterval, "(2,inf)", "[2,inf)", "incorrect"},
      {kInterval, "(-5,2)", "(2,-5)", "incorrect"},
      {kInterval, "[-1,5]", "[-1.0, 10/2]", "correct"},
      {kInterval, "[-1,5]", "-1,5", "invalid"},
      {kInterval, "[-1,5]", "x >= -1", "incorrect"},
      {kInterval, "(-inf,-2) U [3,inf)", "[3,∞) ∪ (-∞,-2)", "correct"},
      {kInterval, "(-inf,-2) U [3,inf)", "(-inf,-2)", "incorrect"},
      {kInterval, "(2*sqrt(2)), (-2*sqrt(2))", "$$-2\\sqrt{2}$$, $$2\\sqrt{2}$$", "correct"},
  });
}

TEST(Notation, ListsComeInAnyOrder) {
  Check({
      {kList, "2/3, -1/2", "-0.5, 2/3", "correct"},
      {kList, "2/3, -1/2", "$$\\frac{-1}{2}$$, $$\\frac{2}{3}$$", "correct"},
      {kList, "2/3, -1/2", "x = 2/3 or x = -1/2", "correct"},
      {kList, "2/3, -1/2", "{2/3; -1/2}", "correct"},
      {kList, "2/3, -1/2", "2/3", "incorrect"},
      {kList, "2/3, -1/2", "2/3, -1/2, 0", "incorrect"},
      {kList, "2/3, -1/2", "2/3, 2/3", "incorrect"},
      {kList, "3, -3", "±3", "correct"},
      {kList, "3, -3", "x = ±3", "correct"},
      {kList, "3, -3", "3 and -3", "correct"},
      {kList, "3, -3", "3", "incorrect"},
      {kList, "a, b", "b, a", "correct"},
      {kList, "3, -3", ",", "invalid"},
  });
  EXPECT_DOUBLE_EQ(CheckAnswer(Of(kList, "1, 2, 3, 4"), "1, 2").score, 0.5);
}

TEST(Notation, TextIsComparedByItsWords) {
  const auto is = [](const char* key, const char* answer) {
    return Is(Format::kText, key, answer);
  };
  EXPECT_EQ(is("meiosis", "  Meiosis. "), "correct");
  EXPECT_EQ(is("meiosis", "mitosis"), "incorrect");
  EXPECT_EQ(is("No solution", "\"no solution\""), "correct");
  EXPECT_EQ(is("semi-circle", "semi circle"), "correct");
  EXPECT_EQ(is("don't know", "dont know"), "correct");
  EXPECT_EQ(is("Élève", "élève"), "correct");
  EXPECT_EQ(is("1,000 people", "1000 people"), "correct");
  EXPECT_EQ(is("$$x$$-axis", "x-axis"), "correct");
  EXPECT_EQ(is("-5 degrees", "5 degrees"), "incorrect");
  EXPECT_EQ(is("3 to 4", "3:4"), "incorrect");
  EXPECT_EQ(is("3:4", "3 : 4"), "correct");
  EXPECT_EQ(is("3/4", "3 / 4."), "correct");
  EXPECT_EQ(is("3/4", "6/8"), "incorrect");
  EXPECT_EQ(is("one half", "..."), "invalid");
}

}  // namespace
}  // namespace lyceum::grading
