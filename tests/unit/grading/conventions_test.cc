// Notation that is no product of letters, and answers that are right by another convention.
#include <gtest/gtest.h>

#include "vocabulary.h"

namespace lyceum::grading {
namespace {

struct Case {
  const char* key;
  const char* answer;
};

std::string ExpressionIs(const Case& c) { return Is(Format::kExpression, c.key, c.answer); }
std::string EquationIs(const Case& c) { return Is(Format::kEquation, c.key, c.answer); }

TEST(Conventions, UnknownCommandsAndWordsAreNoLetters) {
  for (const Case& c : std::vector<Case>{{"\\vec u\\times\\vec v", "\\vec v\\times\\vec u"},
                                         {"\\vec u\\cdot\\vec v", "\\vec u\\times\\vec v"},
                                         {"C\\setminus D", "D\\setminus C"},
                                         {"r\\to s", "s\\to r"},
                                         {"c\\bmod m", "m\\bmod c"},
                                         {"n choose r", "r choose n"},
                                         {"\\bar y", "rbay"},
                                         {"\\hat p", "p"},
                                         {"p mod q", "q mod p"},
                                         {"r and s", "s or r"},
                                         {"U minus V", "V minus U"},
                                         {"\\lim x", "x mil"}}) {
    EXPECT_EQ(ExpressionIs(c), "invalid") << c.key << " <- " << c.answer;
    EXPECT_EQ(ExpressionIs({c.key, c.key}), "correct") << c.key;
  }
  EXPECT_EQ(ExpressionIs({"\\operatorname{arctan}(x)", "arctan x"}), "correct");
  EXPECT_EQ(ExpressionIs({"2y+3", "\\boxed{3+2y}"}), "correct");
  EXPECT_EQ(ExpressionIs({"\\varphi+1", "1+\\phi"}), "correct");
  EXPECT_EQ(EquationIs({"y=2", "y=\\boxed{2}"}), "correct");
}

TEST(Conventions, ADerivativeIsNoQuotientOfLetters) {
  for (const Case& c : std::vector<Case>{{"dy/dx=3y", "\\frac{dy}{dx} = 3y"},
                                         {"\\frac{d^2y}{dx^2}=-y", "d^2y/dx^2=-y"},
                                         {"dy/dx = 1/x", "y' = 1/x"},
                                         {"dP/dt=kP", "\\frac{\\mathrm{d}P}{\\mathrm{d}t}=kP"}}) {
    EXPECT_EQ(EquationIs(c), "correct") << c.key << " <- " << c.answer;
  }
  for (const Case& c : std::vector<Case>{{"dy/dx", "y/x"},
                                         {"3\\frac{ds}{dt}", "3s/t"},
                                         {"\\frac{\\partial u}{\\partial t}", "u/t"},
                                         {"\\frac{\\partial u}{\\partial t}", "du/dt"},
                                         {"x dy/dx", "y"},
                                         {"g'(t)", "g(t)"},
                                         {"\\frac{d}{dx}(x^2)", "2x"}}) {
    EXPECT_EQ(ExpressionIs(c), "invalid") << c.key << " <- " << c.answer;
  }
}

TEST(Conventions, AValueOfAFunctionIsNoProduct) {
  EXPECT_EQ(ExpressionIs({"W(t)", "Wt"}), "invalid");
  EXPECT_EQ(ExpressionIs({"P(C+D)", "P(C)+P(D)"}), "incorrect");
  EXPECT_EQ(ExpressionIs({"P(C)+P(D)", "P(D)+P(C)"}), "correct");
  EXPECT_EQ(ExpressionIs({"P(1+r)(1+r)", "P(1+r)^2"}), "correct");
}

TEST(Conventions, ASmallerDomainIsNotTheSame) {
  EXPECT_EQ(ExpressionIs({"|x|", "sqrt(x)^2"}), "invalid");
  EXPECT_EQ(ExpressionIs({"\\sqrt[6]{y^3 y^3}", "sqrt(y)^2"}), "invalid");
  EXPECT_EQ(ExpressionIs({"|x|", "sqrt(x^2)"}), "correct");
  EXPECT_EQ(ExpressionIs({"sqrt(x^2)", "x"}), "incorrect");
  EXPECT_EQ(ExpressionIs({"x-1", "(x^2-1)/(x+1)"}), "correct");
  EXPECT_EQ(ExpressionIs({"sqrt(m/(k*a^2))", "sqrt(m/k)/a"}), "invalid");
}

TEST(Conventions, AVariableThatCancelsSaysNothing) {
  EXPECT_NE(EquationIs({"total=total+3", "total=total+4"}), "correct");
  EXPECT_EQ(EquationIs({"total=total+3", "total = 3+total"}), "correct");
}

TEST(Conventions, WhatIsRightByAnotherConventionIsNotJudged) {
  for (const Case& c : std::vector<Case>{{"ln(3x)", "log(3x)"},
                                         {"x^3/3+C", "x^3/3+k"},
                                         {"1.73205081x", "sqrt(3)x"},
                                         {"2x/3", "0.666666667x"},
                                         {"\\sqrt[4]{y}", "4√y"}}) {
    EXPECT_EQ(ExpressionIs(c), "invalid") << c.key << " <- " << c.answer;
  }
  EXPECT_EQ(ExpressionIs({"2.50x", "2.51x"}), "incorrect");
  EXPECT_EQ(ExpressionIs({"x^3/3+C", "x^3+C"}), "incorrect");
}

TEST(Conventions, WordsMayLeadToAnExpression) {
  for (const char* answer : {"I got 2k+5", "the answer is 5+2k", "**2k+5**", "so it is 2k+5."}) {
    EXPECT_EQ(ExpressionIs({"2k+5", answer}), "correct") << answer;
  }
  EXPECT_EQ(ExpressionIs({"2k+5", "I doubt it is 2k+5"}), "invalid");
  EXPECT_EQ(EquationIs({"y=3x", "I think it is y=3x"}), "correct");
}

TEST(Conventions, FunctionsHaveMoreThanOneSpelling) {
  for (const Case& c : std::vector<Case>{{"\\log^2 x", "(log x)^2"},
                                         {"\\log_2^3 x", "(log_2(x))^3"},
                                         {"sgn(x)", "x/|x|"},
                                         {"\\sqrt[3]{y}", "root(3)(y)"},
                                         {"\\sqrt[3]{y}", "³√y"},
                                         {"\\sqrt[3]{y}", "nthroot(y,3)"},
                                         {"tan x", "tg x"},
                                         {"sin(2x)", "sen(2x)"},
                                         {"arctan x", "arctg(x)"},
                                         {"cot x", "ctg x"}}) {
    EXPECT_EQ(ExpressionIs(c), "correct") << c.key << " <- " << c.answer;
  }
  EXPECT_EQ(ExpressionIs({"gt", "t*g"}), "correct");
  EXPECT_EQ(ExpressionIs({"floor(x)", "x"}), "invalid");
  EXPECT_EQ(ExpressionIs({"x_1", "x_3"}), "incorrect");
}

}  // namespace
}  // namespace lyceum::grading
