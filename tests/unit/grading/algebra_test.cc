#include <gtest/gtest.h>

#include "grading/algebra/equivalence.h"
#include "grading/algebra/parse.h"
#include "vocabulary.h"

namespace lyceum::grading {
namespace {

struct Case {
  const char* key;
  const char* answer;
};

void Check(Format format, const char* outcome, const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    EXPECT_EQ(Is(format, c.key, c.answer), outcome) << c.key << " <- " << c.answer;
  }
}
void Equal(const std::vector<Case>& cases) {
  Check(Format::kExpression, "correct", cases);
  for (const Case& c : cases) {
    EXPECT_EQ(Is(Format::kExpression, c.answer, c.key), "correct") << c.answer << " <- " << c.key;
  }
}
void Unequal(const std::vector<Case>& cases) { Check(Format::kExpression, "incorrect", cases); }

TEST(Algebra, RationalFunctionsAreExact) {
  Equal({{"(x+1)^2", "x^2+2x+1"},
         {"x^2-8x+12", "(x-2)(x-6)"},
         {"x-1", "(x^2-1)/(x+1)"},
         {"1/n-1/(n+1)", "1/(n(n+1))"},
         {"a/3", "\\frac{1}{3}a"},
         {"(x-a)^6000", "(a-x)^6000"},
         {"x^{0.2}", "x^(1/5)"},
         {"0.5x^2", "x²/2"},
         {"xy/y", "x"},
         {"1.3^2", "1.69"},
         {"(1+.2345)^2", "1.52399025"},
         {"y^{11}", "y^4*y^7"},
         {"2(a+b)", "2b+2a"},
         {"-\\frac{x-1}{2}", "(1-x)/2"}});
  Unequal({{"x^2-5x+6", "x^2+5x+6"},
           {"(x-a)^6000", "(x-a)^5999"},
           {"0.1(2.0s^2+6.0s-25.00001)/s", "(2s^2+6s-25)/(10s)"},
           {"x^{11}", "x^{12}"},
           {"xy", "x+y"},
           {"1/(x+1)", "1/x+1"},
           {"2x^2", "(2x)^2"},
           {"x+1", "x"},
           {"12345678901234567890x", "12345678901234567891x"}});
}

TEST(Algebra, RoundedNumbersAreNotTheNumber) {
  Unequal({{"pi", "3.14"},
           {"\\pi", "22/7"},
           {"1/3", "0.333"},
           {"1/3", "0.3333333"},
           {"sqrt(2)", "1.41"},
           {"sqrt(2)", "1.4142"},
           {"e", "2.718"},
           {"2/3", "0.67"},
           {"0.50", "0.51"},
           {"1.1", "0.9"},
           {"1.2", "1.23"},
           {"1.52399025", "1.52399024"}});
  Check(Format::kExpression, "correct",
        {{"-1.709975946", "(-5)^(1/3)"}, {"1.41421356237", "sqrt(2)"}});
  Check(Format::kExpression, "invalid", {{"sqrt(2)", "1.41421356237"}, {"\\pi", "3.14159265"}});
  Equal({{"1.1234567891234 * 10^200", "1.1234567891235 * 10^200"}});
}

TEST(Algebra, OddRootsAreReal) {
  Equal({{"-2", "\\sqrt[3]{-8}"},
         {"-2", "(-8)^(1/3)"},
         {"|x|", "sqrt(x^2)"},
         {"cbrt(x^3)", "x"},
         {"4", "(-8)^(2/3)"},
         {"2sqrt(2)", "sqrt 8"},
         {"sqrt(3)/3", "1/sqrt(3)"},
         {"(3+√29)/2", "\\frac{3+\\sqrt{29}}{2}"},
         {"7^{0.5}", "sqrt(7)"}});
  Unequal({{"x", "sqrt(x^2)"},
           {"x-100", "|x-100|"},
           {"100-x", "|x-100|"},
           {"x-1000000", "|x-1000000|"},
           {"2sqrt(2)", "sqrt 6"}});
}

TEST(Algebra, WhatIsNotRationalIsComparedAtPoints) {
  Equal({{"1", "sin^2 x + cos^2 x"},
         {"cos(2x)", "2cos^2 x - 1"},
         {"1/sin x", "csc x"},
         {"arccos(1/x)", "arcsec x"},
         {"ln(a)+ln(b)", "ln(ab)"},
         {"log_2 8", "3"},
         {"log(100)", "2"},
         {"3^-x", "(1/3)^x"},
         {"a^b a^c", "a^(b+c)"},
         {"(-1)^n cos(x)^n", "(-cos(x))^n"},
         {"sin(7pi)", "0"},
         {"tanh(x)/2+1/2", "1/(1+exp(-2x))"},
         {"x^n x", "x^{n+1}"},
         {"e^{2x}", "(e^x)^2"},
         {"5!", "120"},
         {"n!/n", "n!/n + 0"},
         {"1/sqrt(x)", "sqrt(1/x)"}});
  Unequal({{"e^x", "e^x+1"},
           {"0", "sin(pi x)"},
           {"sin(pi x)", "0"},
           {"cos(pi x)", "cos(2 pi x)"},
           {"sin(pi x)", "sin(500pi x)"},
           {"(-2)^(n-1)", "(-2)^n"},
           {"(-2)^(ab)", "(-2)^a"},
           {"3^x", "3^-x"},
           {"sin x", "sin 2x"},
           {"|x-4000|", "4000-x"},
           {"|x-2000000|", "2000000-x"},
           {"cos(x)cos(y)+sin(x)sin(y)", "cos(x+y)"}});
}

TEST(Algebra, AnUnknownFunctionIsOnlyEqualToItself) {
  Equal({{"f(x)+1", "1+f(x)"}, {"2f(x+1)", "f(1+x)*2"}, {"h(b1+b2)/2", "(b1+b2)h/2"}});
  Unequal({{"f(2x)", "2f(x)"}, {"f(x+1)", "f(x)+1"}, {"f(x)", "g(x)"}});
}

TEST(Algebra, AFunctionIsNoFactor) {
  Check(Format::kExpression, "invalid",
        {{"f(4)", "4f"},
         {"g(x+2)-g(x)", "2g"},
         {"h(7)", "7h"},
         {"f(g(x))", "fgx"},
         {"f^{-1}(x)", "1/f(x)"},
         {"f^{-1}(x)", "x/f"},
         {"1/f", "f^(-1)(1)"}});
  Equal({{"h(a+c)/2", "(ah+ch)/2"}, {"f^{-1}(x)", "f^{-1}(x)"}, {"f(3x)/f(2)", "f(x+2x)/f(1+1)"}});
  Check(Format::kEquation, "incorrect",
        {{"f(4)=-1", "f(4)=1"},
         {"f(0)=2", "f(0)=200"},
         {"f(4)=-1", "f(3)=-1"},
         {"k(0)=3", "k(0)=4"},
         {"C(12)=60", "C(24)=120"}});
  Check(Format::kEquation, "invalid",
        {{"f(g(1))=7", "f(g(1))=8"},
         {"f(g(1))=7", "g(f(1))=7"},
         {"C(12)=60", "C=5"},
         {"C(n)=9n+4", "C=9+4/n"},
         {"N(t)=7(1.5)^t", "N=7(1.5)^t/t"}});
  Check(Format::kEquation, "correct",
        {{"f(4)=-1", "f(4) = 2-3"},
         {"f(1/4)=3/2", "f(0.25)=1.5"},
         {"sqrt(x)=4", "sqrt(x) = 8/2"},
         {"f(4)=-1", "-1"},
         {"C(n)=9n+4", "C(n)=4+9n"},
         {"C(n)=9n+4", "C(n)-4=9n"},
         {"w(9-w)=8", "9w-w^2=8"}});
}

TEST(Algebra, ALetterBehindANumberIsNoUnit) {
  Unequal(
      {{"40t", "40"}, {"40", "40t"}, {"6s", "6"}, {"-3m", "-3"}, {"2.5h", "2.5"}, {"8m^2", "8"}});
  Equal({{"6s", "s*6"}, {"6s", "4s+2s"}, {"7 cm", "70 mm"}});
  Check(Format::kExpression, "invalid", {{"6 m", "6"}, {"6", "6 m"}});
  Check(Format::kEquation, "incorrect",
        {{"d=40t", "d=40"},
         {"d=40t", "40=d"},
         {"y=-7m", "y=-7"},
         {"x>3m", "x>3"},
         {"f(t)=40t", "f(t)=40"},
         {"f(x)=2", "f(x)=2s"}});
  Check(Format::kEquation, "correct",
        {{"d=40t", "d=t*40"}, {"d=40t", "d=20t+20t"}, {"y=4m", "m=y/4"}, {"x=3 m", "x=300 cm"}});
}

TEST(Algebra, NamesAreReadTheSameInEveryScript) {
  Equal({{"2\\theta", "2θ"},
         {"\\sin\\theta", "sin(θ)"},
         {"r\\cos\\theta", "r cos θ"},
         {"\\alpha+\\beta", "β+α"},
         {"\\mu+2\\sigma", "2σ+μ"},
         {"x\\theta", "θx"},
         {"\\frac{\\lambda}{2}", "λ/2"},
         {"x^{-2}", "x⁻²"},
         {"2.5*10^{-3}", "2.5×10⁻³"}});
  Unequal({{"\\alpha", "α²"}, {"\\theta\\phi", "θ/φ"}});
  Check(Format::kExpression, "invalid",
        {{"2\\theta", "2φ"}, {"\\pi", "p*i"}, {"sin x", "s*i*n*x"}});
}

TEST(Algebra, WhatIsBelowTheLineMustBeClear) {
  Check(Format::kExpression, "invalid",
        {{"1/(3x)", "1/3x"}, {"Δx/Δt", "\\frac{\\Delta x}{\\Delta t}"}});
  Unequal({{"1/(3x)", "3/x"}, {"1/(3x)", "x/2"}});
  Equal({{"x/3", "1/3x"}});
}

TEST(Algebra, ANumberBehindALetterIsNoFactor) {
  Check(Format::kExpression, "invalid", {{"6r", "r 6"}, {"5 R 2", "2 R 5"}, {"2x", "x 2"}});
}

TEST(Algebra, WhatIsNotReadIsNotJudged) {
  Check(Format::kExpression, "invalid",
        {{"21", "7C2"},
         {"7C2", "21"},
         {"\\binom{7}{2}", "21"},
         {"ln(x)", "log(x)"},
         {"\\overline{x}", "x"}});
  Equal({{"1/9", "0.\\overline{1}"}, {"7/30", "0.2\\overline{3}"}, {"5/11", "0.\\bar{45}"}});
  Check(Format::kEquation, "invalid",
        {{"y=3x-4", "yk=3xk-4k"}, {"√x=4", "x=16"}, {"\\lim=4", "mil=4"}});
}

TEST(Algebra, ComplexNumbersAreNotJudged) {
  Check(Format::kExpression, "invalid",
        {{"i^2", "-1"}, {"(3+i)(3-i)", "10"}, {"1/i", "-i"}, {"|3+4i|", "5"}});
  Equal({{"2+3i", "3i+2"}});
}

TEST(Algebra, BothSignsAreASetOfTwo) {
  Equal({{"1±sqrt(2)", "1∓√2"}, {"\\pm 3", "±6/2"}});
  Unequal({{"±3", "3"}, {"±3", "±4"}});
}

TEST(Algebra, WhatCanNotBeToldIsInvalid) {
  for (const Case& c : std::vector<Case>{{"x^2", "X^2"},
                                         {"2n+3", "i dont know"},
                                         {"2n+3", "two times n"},
                                         {"9^9^9^9", "9^9^9^8"},
                                         {"x", "y=x"},
                                         {"x", "x_2"},
                                         {"1/3", "0.333333333333333"},
                                         {"2inf", "inf+x"},
                                         {"1/0", "2/0"}}) {
    EXPECT_EQ(Is(Format::kExpression, c.key, c.answer), "invalid") << c.key << " <- " << c.answer;
  }
}

TEST(Algebra, MoreStepsThanTheKeyAreNoted) {
  const Grade grade = CheckAnswer(Of(Format::kExpression, "24x-18"), "18x-18+6x");
  EXPECT_EQ(grade.outcome, Outcome::kCorrect);
  EXPECT_TRUE(grade.unsimplified);
  EXPECT_FALSE(CheckAnswer(Of(Format::kExpression, "24x-18"), "-18+24x").unsimplified);
}

TEST(Algebra, ACopyOfTheQuestionIsNoAnswer) {
  Item item = Of(Format::kExpression, "(x-2)(x-6)");
  item.question = "Factor $$x^2-8x+12$$.";
  EXPECT_EQ(CheckAnswer(item, "x^2 - 8x + 12").outcome, Outcome::kInvalid);
  EXPECT_EQ(CheckAnswer(item, "(x-6)(x-2)").outcome, Outcome::kCorrect);
  item = Of(Format::kEquation, "x = 10");
  item.question = "Solve: 3x+2x=50";
  EXPECT_EQ(CheckAnswer(item, "3x+2x=50").outcome, Outcome::kInvalid);
}

TEST(Algebra, EquationsAreTheSameUpToAFactor) {
  Check(Format::kEquation, "correct",
        {{"2x+4y=8", "x+2y=4"},
         {"2x+4y=8", "-x-2y=-4"},
         {"2x+4y=8", "y=2-x/2"},
         {"y=2x-5", "2x-y=5"},
         {"y=2x-5", "y-3=2(x-4)"},
         {"x=y", "y=x"},
         {"r^2=x^2+y^2", "x^2+y^2=r^2"},
         {"w(12.5-w)=25", "2w+50/w=25"},
         {"1/3p-3=114", "p-351=0"},
         {"x=1.44^y", "x=1.2^(2y)"},
         {"f(x)-ln|x|-c=0", "f(x)=ln|x|+c"},
         {"(2+1/3)x+x=15", "7/3x+x=15"},
         {"110.304=23^1.5", "23^1.5=110.304"},
         {"x=1.44", "x=1.2^2"},
         {"x = 3", "x=6/2=3"},
         {"y=/=x", "x != y"},
         {"A=\\pi r^2", "A=πr²"},
         {"F=9/5C+32", "F=1.8C+32"},
         {"W=20+2H", "W=2H+20"}});
  Check(Format::kEquation, "incorrect",
        {{"2x+4y=8", "x+2y=5"},
         {"4S=5C", "4C=5S"},
         {"y=2x-5", "y=2x+5"},
         {"x^2=9", "x=3"},
         {"x=3", "x=-3"},
         {"(1+1/3)x+x=15", "7/3x+x=15"},
         {"y=/=x", "y=x"},
         {"y=e^x", "y=e^x+1"},
         {"x=3", "2x=7"},
         {"x=1.52399022", "x=(1+.2345)^2"},
         {"y=x^2", "y=x^3"}});
  Check(Format::kEquation, "invalid",
        {{"x=10", "5x=50"},
         {"y=x", "x"},
         {"x=3", "x="},
         {"y=e^x", "ln(y)=x"},
         {"f(x)=2x+1", "y=2x+1"}});
}

TEST(Algebra, InequalitiesKeepTheirDirection) {
  Check(Format::kEquation, "correct",
        {{"x>=2", "2<=x"},
         {"x>y", "y<x"},
         {"2x+4y<8", "x+2y<4"},
         {"2x+4y<8", "-x-2y>-4"},
         {"x>=2", "x=>2"},
         {"6n+2n(n-1)>19206", "(n(8+4n))/2>19206"},
         {"1<x<3", "3>x>1"},
         {"1<x<3", "x>1 and x<3"},
         {"1<x<=3", "(1,3]"},
         {"-3<=x<=3", "-3 ≤ x ≤ 3"}});
  Check(Format::kEquation, "incorrect",
        {{"x>=2", "x>2"},
         {"x>=2", "x<=2"},
         {"x>y", "y>x"},
         {"2x+4y<8", "-x-2y<-4"},
         {"x>2", "x>3"},
         {"1<x<3", "1<x<=3"},
         {"1<x<3", "x<1 or x>3"},
         {"x>=2", "x=2"}});
}

TEST(Algebra, SolutionsComeInAnyOrder) {
  Check(Format::kEquation, "correct",
        {{"x=1 or x=2", "x=2 or x=1"},
         {"x=1 or x=2", "x=2, 1"},
         {"x=±2", "x=2 or x=-2"},
         {"x=±2", "x = -2, x = 2"},
         {"x=3, 6", "6 and 3"},
         {"x=\\pm\\sqrt{17/3}", "x=-sqrt(17/3), sqrt(17/3)"},
         {"x=1 or x=2", "{1, 2}"}});
  Check(Format::kEquation, "incorrect",
        {{"x=1 or x=2", "x=1"},
         {"x=±2", "x=2"},
         {"x=1 or x=2", "x=1 or x=3"},
         {"x=1 or x=2", "y=1 or y=2"}});
}

TEST(Algebra, IntervalsAreSets) {
  Check(Format::kInterval, "correct",
        {{"(2,inf)", "x>2"},
         {"[-1,5]", "-1<=x<=5"},
         {"(-inf,-2) U [3,inf)", "x<-2 or x>=3"},
         {"(1,3)", "(1,2] U (2,3)"},
         {"(-inf,inf)", "all real numbers"},
         {"(2,inf)", "{x | x>2}"},
         {"[0,1/2)", "[0,0.5)"},
         {"[0,sqrt(8)]", "[0,2sqrt(2)]"},
         {"(-inf,2) U (2,inf)", "x != 2"},
         {"(1,2), (3,4)", "(3,4), (1,2)"},
         {"(1/2, 3)", "(0.5, 3)"}});
  Check(Format::kInterval, "incorrect",
        {{"(2,inf)", "x>=2"},
         {"(2,inf)", "x<2"},
         {"(1,3)", "(1,2) U (2,3)"},
         {"(3,2)", "(2,3)"},
         {"[2,inf)", "[2,inf]"},
         {"(-inf,inf)", "[-inf,inf]"},
         {"[-1,5]", "-1<x<=5"},
         {"(-inf,inf)", "no solution"},
         {"(1,2), (3,4)", "(2,1), (3,4)"}});
  Check(Format::kInterval, "invalid",
        {{"[-1,5]", "-1, 5"}, {"[-1,5]", "from -1 to 5"}, {"[-1,5]", "[-1,5"}});
}

TEST(Algebra, ElementsOfListsMayBeExpressions) {
  Check(Format::kList, "correct",
        {{"2sqrt(2), -2sqrt(2)", "±√8"},
         {"(3+sqrt(29))/2, (3-sqrt(29))/2", "(3±√29)/2"},
         {"x+1, x-1", "x-1, 1+x"},
         {"x=1, y=2", "y=2, x=1"},
         {"1,000, 2,000", "2000, 1000"},
         {"0, -3/7", "-\\frac{3}{7} , 0"}});
  Check(Format::kList, "incorrect",
        {{"2sqrt(2), -2sqrt(2)", "√8"},
         {"1, 2", "1, 2, 2"},
         {"1/3, 2", "0.33, 2"},
         {"x=1, y=2", "y=1, x=2"}});
  Check(Format::kList, "invalid",
        {{"x=1, y=2", "1, 2"}, {"1, 2", "one and two"}, {"1, 2", "(1, 2"}});
}

// Whatever may be typed ends within its budget: work is counted, not timed.
TEST(Algebra, NastyInputsEndQuickly) {
  const auto repeat = [](const std::string& part, size_t bytes) {
    std::string text;
    while (text.size() + part.size() <= bytes) text += part;
    return text;
  };
  std::vector<std::string> inputs = {"9^9^9^9",     "9^9^9^9^9^9^9", "((((9!)!)!)!)", "1e400-1e400",
                                     "x^x^x^x^x^x", "2^(2^40)",      "x^(2^40)",      "1/(x-x)",
                                     "0^0",         "tan(pi/2)",     "ln(0)"};
  for (const char* part :
       {"(",  "((x+1)",  "x^",       "2^",          "-",       "sin ",    "sin(",
        "|",  "||x",     "{",        "\\frac{1}{",  "\\sqrt{", "1/",      "1+",
        "x*", "x+y*",    "abcdefgh", "9",           "9.",      "1,",      "1,000,",
        "±1", "x=",      "x<",       "(1,2)U",      "x=1 or ", "e^",      "!",
        "%",  "\\left(", "a_1",      "(x+1)^9999 ", "sin(x)+", "root(x,", "log_",
        "½",  "±",       "\xff",     "[",           "x!=",     "1 1/2 ",  "f("}) {
    inputs.push_back(repeat(part, 4096));
    inputs.push_back(repeat(part, 4095) + "1");
    inputs.push_back(repeat(part, 2000) + "x" + repeat(")", 2000));
  }
  for (const std::string& input : inputs) {
    for (const Format format : {Format::kExpression, Format::kEquation, Format::kInterval,
                                Format::kList, Format::kNumeric, Format::kText}) {
      EXPECT_NE(Is(format, "x+1", input), "correct") << input.substr(0, 20);
      EXPECT_NE(Is(format, input, input), "incorrect") << input.substr(0, 20);
      Is(format, input, "x=1");
    }
    const Parsed parsed = Parse(input, {});
    if (!parsed.tree) continue;
    Budget budget;
    const int64_t before = budget.steps;
    Equivalent(*parsed.tree, *parsed.tree, &budget);
    EXPECT_LE(before - budget.steps, 150'000) << input.substr(0, 20);
  }
}

TEST(Algebra, ABudgetThatIsSpentDecidesNothing) {
  const Parsed a = Parse("(x+1)^2", {});
  const Parsed b = Parse("x^2", {});
  Budget budget{5};
  EXPECT_EQ(Equivalent(*a.tree, *b.tree, &budget), Same::kUndecided);
}

}  // namespace
}  // namespace lyceum::grading
