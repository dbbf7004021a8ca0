#include "grading/algebra/parse.h"

#include <gtest/gtest.h>

#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

// What a text reads as, with brackets; or "! " and why it does not.
std::string Read(const std::string& text, const Reading& reading = {}) {
  const Parsed parsed = Parse(Plain(text), reading);
  return parsed.tree ? parsed.tree->Dump() : "! " + parsed.error;
}

TEST(Parse, NothingBetweenTwoFactorsIsAProduct) {
  EXPECT_EQ(Read("2x"), "2*x");
  EXPECT_EQ(Read("2(x+1)"), "2*(x+1)");
  EXPECT_EQ(Read("xy"), "x*y");
  EXPECT_EQ(Read("(x+1)(x-2)"), "(x+1)*(x-2)");
  EXPECT_EQ(Read("3 sqrt 2"), "3*sqrt(2)");
  EXPECT_EQ(Read("3\\sqrt{2}x"), "3*sqrt(2)*x");
  EXPECT_EQ(Read("2πr"), "2*pi*r");
  EXPECT_EQ(Read("2|x|"), "2*abs(x)");
  EXPECT_EQ(Read("(x+1)2"), "(x+1)*2");
  EXPECT_EQ(Read("2 3"), "! there is a sign missing between two numbers");
}

TEST(Parse, ProductsAndQuotientsAreOfOneStrength) {
  EXPECT_EQ(Read("1/2x"), "1/2*x");
  EXPECT_EQ(Read("a/b/c"), "a/b/c");
  EXPECT_EQ(Read("\\frac{1}{2}x"), "1/2*x");
  EXPECT_EQ(Read("\\frac{1}{2x}"), "1/(2*x)");
  EXPECT_EQ(Read("\\frac12"), "1/2");
  EXPECT_EQ(Read("2\\cdot-3"), "2*(-3)");
  Reading tight;
  tight.tight = true;
  EXPECT_EQ(Read("1/2x", tight), "1/(2*x)");
}

TEST(Parse, PowersBindTighterThanSigns) {
  EXPECT_EQ(Read("-x^2"), "(-(x^2))");
  EXPECT_EQ(Read("2^3^4"), "2^(3^4)");
  EXPECT_EQ(Read("2^-3"), "2^(-3)");
  EXPECT_EQ(Read("x^2y"), "(x^2)*y");
  EXPECT_EQ(Read("2^{n+1}"), "2^(n+1)");
  EXPECT_EQ(Read("10^{2}5"), "(10^2)*5");
  EXPECT_EQ(Read("x²y³"), "(x^2)*(y^3)");
  EXPECT_EQ(Read("x**2"), "x^2");
}

TEST(Parse, FunctionsTakeWhatStandsBehindThem) {
  EXPECT_EQ(Read("sin 2x"), "sin(2*x)");
  EXPECT_EQ(Read("x sin x"), "x*sin(x)");
  EXPECT_EQ(Read("sinxcosx"), "sin(x)*cos(x)");
  EXPECT_EQ(Read("sin^2 x"), "sin(x)^2");
  EXPECT_EQ(Read("sin^{-1} x"), "arcsin(x)");
  EXPECT_EQ(Read("sin(x)^2"), "sin(x)^2");
  EXPECT_EQ(Read("sin x + 1"), "sin(x)+1");
  EXPECT_EQ(Read("ln|x|"), "ln(abs(x))");
  EXPECT_EQ(Read("\\ln x^2"), "ln(x^2)");
  EXPECT_EQ(Read("log_2 8"), "log_(2)(8)");
  EXPECT_EQ(Read("\\log_{2}{8}"), "log_(2)(8)");
  EXPECT_EQ(Read("log2(8)"), "log_(2)(8)");
  EXPECT_EQ(Read("log₂8+x₁₂"), "log_(2)(8)+x_12");
  EXPECT_EQ(Read("１２x"), "12*x");
  EXPECT_EQ(Read("log x"), "log_(10)(x)");
  EXPECT_EQ(Read("\\sqrt[3]{x}"), "root(x,3)");
  EXPECT_EQ(Read("∛x"), "root(x,3)");
  EXPECT_EQ(Read("√2x"), "sqrt(2)*x");
  EXPECT_EQ(Read("exp(2x)"), "e^(2*x)");
  EXPECT_EQ(Read("\\sin\\theta"), "sin(theta)");
  EXPECT_EQ(Read("SIN(x)"), "sin(x)");
}

TEST(Parse, NumbersInAllTheirNotations) {
  EXPECT_EQ(Read("1 1/2"), "1+(1/2)");
  EXPECT_EQ(Read("1\\frac{1}{2}x"), "(1+(1/2))*x");
  EXPECT_EQ(Read("1,234,567.5"), "1234567.5");
  EXPECT_EQ(Read("1.2e3"), "1.2E3");
  EXPECT_EQ(Read("2e+3"), "2*e+3");
  EXPECT_EQ(Read("9.33x10^-2"), "9.33*(10^(-2))");
  EXPECT_EQ(Read("50%"), "50/100");
  EXPECT_EQ(Read("5!"), "factorial(5)");
  EXPECT_EQ(Read("$5"), "5");
}

TEST(Parse, NamesAreLettersUnlessTheyAreWords) {
  EXPECT_EQ(Read("ab"), "a*b");
  EXPECT_EQ(Read("speed*time"), "speed*t*i*m*e");
  EXPECT_EQ(Read("b1+b_2+x_{12}"), "b_1+b_2+x_12");
  EXPECT_EQ(Read("x_{max}"), "x_(max)");
  EXPECT_EQ(Read("αβ"), "alpha*beta");
  EXPECT_EQ(Read("f'(x)"), "f'(x)");
  EXPECT_EQ(Read("y'(x)"), "y'*x");
  EXPECT_EQ(Read("2dy/dx"), "2*y'");
  EXPECT_EQ(Read("\x01"
                 "d^2y\x02/\x01"
                 "dx^2\x02"),
            "y''");
  EXPECT_EQ(Read("dv/dt+∂f/∂x"), "dv/dt+∂f/∂x");
  Reading reading;
  reading.functions = "f";
  EXPECT_EQ(Read("f(x+1)", reading), "f(x+1)");
  EXPECT_EQ(Read("f(x+1)"), "f*(x+1)");
}

TEST(Parse, UnknownFunctionsNeverStandAlone) {
  EXPECT_EQ(Unknowns("f(x)+1", "1+f(x)"), "f");
  EXPECT_EQ(Unknowns("h(a+b)/2", "(a+b)h/2"), "");
  EXPECT_EQ(Unknowns("x", "2x"), "");
}

TEST(Parse, WhatIsNoExpressionSaysWhy) {
  for (const char* text :
       {"", "(", ")", "x+", "*2", "2//3", "|x", "x^", "sqrt", "f(", "1,5,,", "[x)", "a ? b",
        "the answer is five", "i do not know", "---3", "x@y", "\\frac{}{}", "3 4"}) {
    EXPECT_EQ(Read(text).substr(0, 2), "! ") << text << " reads as " << Read(text);
  }
}

TEST(Parse, WhatIsPrintedReadsAsTheSameTree) {
  for (const char* text :
       {"-x^2+3x-1", "a-(b-c)-d", "a/(b/c)/d", "-(-x)", "2^(-3)^x", "sin^2(3x)/cos x", "1 1/2 x",
        "log_b(x+1)", "root(x,n+1)", "|x-|y||", "(a+b)!", "50% x", "x_{ab}'+y''", "1.50e3x", "inf",
        "\\frac{\\frac{a}{b}}{c}", "e^{-x^2/2}", "speed^2"}) {
    const std::string dump = Read(text);
    ASSERT_NE(dump.substr(0, 2), "! ") << text << dump;
    EXPECT_EQ(Read(dump), dump) << text;
  }
}

}  // namespace
}  // namespace lyceum::grading
