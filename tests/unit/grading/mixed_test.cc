// Mixed pairs: what looks like algebra and is not, and what was asked for in a form.
#include <gtest/gtest.h>

#include "grading/answer/pair.h"

namespace lyceum::grading {
namespace {

struct Case {
  const char* key;
  const char* answer;
  const char* verdict;
  const char* question = "";
};

void Check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const Pair pair{Kind::kMixed, c.question, {c.key}, c.answer, {}};
    EXPECT_EQ(NameOf(GradePair(pair).verdict), c.verdict) << c.key << " <- " << c.answer;
  }
}

TEST(Mixed, AWordIsNoProductOfItsLetters) {
  Check({
      {"SSA", "ASS", "ungraded"},
      {"SSA", "ssa.", "correct"},
      {"HHH", "H^3", "ungraded"},
      {"QRS", "SRQ", "ungraded"},
      {"dog", "god", "ungraded"},
      {"go", "og", "ungraded"},
      {"Pot", "top", "ungraded"},
      {"scalene", "Scalene", "correct"},
      {"very likely", "likely very", "ungraded"},
      {"PQ", "QP", "ungraded"},
      {"twelve", "12", "ungraded"},
      {"cost", "t cos", "ungraded"},
      {"scalene", "not scalene", "ungraded"},
      {"scalene", "scalene?", "ungraded"},
      {"negative", "-negative", "ungraded"},
      {"apart", "a part", "ungraded"},
  });
}

TEST(Mixed, CapitalsThatMeanSomethingAreKept) {
  Check({
      {"Bb", "BB", "ungraded"},
      {"BB", "bb", "ungraded"},
      {"CO", "Co", "ungraded"},
      {"ml", "Ml", "ungraded"},
      {"AaBb", "aabb", "ungraded"},
  });
}

TEST(Mixed, YesAndNoAreEachOthersOpposite) {
  Check({
      {"Yes", "yes", "correct"},
      {"Yes", "NO", "incorrect"},
      {"false", "False.", "correct"},
      {"false", "TRUE", "incorrect"},
      {"false", "no", "ungraded"},
      {"no solution", "No solutions", "correct"},
      {"no solution", "∅", "correct"},
      {"no solution", "one solution", "ungraded"},
  });
}

TEST(Mixed, ProductsOfLettersStayAlgebra) {
  Check({
      {"xy", "yx", "correct"},
      {"a b", "ba", "correct"},
      {"mn", "m+n", "incorrect"},
      {"sin x", "sin(x)", "correct"},
      {"3abc", "3 c a b", "correct"},
      {"pi", "π", "correct"},
  });
}

TEST(Mixed, AWordInTheAnswerThatIsNotInTheKeyIsNotRead) {
  Check({
      {"x=7", "x=seven", "ungraded"},
      {"k=4", "gradient=4", "ungraded"},
      {"max=9", "xam=9", "ungraded"},
      {"x+4", "not x+4", "ungraded"},
      {"x=7", "x is never 7", "ungraded"},
  });
}

TEST(Mixed, RemaindersAndCompoundAmountsAreNoProducts) {
  Check({
      {"7 R 3", "3 R 7", "incorrect"},
      {"7 R 3", "7 r 3", "correct"},
      {"7 R 3", "7 remainder 3", "correct"},
      {"7 R 3", "7R3", "correct"},
      {"7 R 3", "7R", "ungraded"},
      {"7 R 3", "21R", "ungraded"},
      {"3 h 20 min", "3 hr 20 min", "correct"},
      {"3 h 20 min", "3 hours and 20 minutes", "correct"},
      {"3 h 20 min", "20 h 3 min", "incorrect"},
      {"3 h 20 min", "3 min 20 h", "incorrect"},
      {"3 h 20 min", "200 min", "ungraded"},
      {"3 h 20 min", "2 h 80 min", "ungraded"},
      {"3 h 20 min", "210 min", "incorrect"},
      {"200 min", "3 h 20 min", "ungraded"},
      {"4 ft 7 in", "7 ft 4 in", "incorrect"},
      {"4 blips 7 blops", "7 blips 4 blops", "ungraded"},
      {"3 sqrt 4", "4 sqrt 3", "incorrect"},
      {"sqrt(y)=5", "y=25", "ungraded"},
  });
}

TEST(Mixed, WordsBehindANumberAreItsUnit) {
  Check({
      {"6 kg", "6 gk", "ungraded"},
      {"6 apples", "6 pears", "ungraded"},
      {"6 apples", "6 Apples", "correct"},
      {"6 apples", "6", "correct"},
      {"6 apples", "7", "incorrect"},
      {"9t", "9", "ungraded"},
      {"9", "9t", "ungraded"},
      {"v=9t", "v=9", "ungraded"},
      {"v=9t", "v = 9 t", "correct"},
      {"6!", "6", "ungraded"},
      {"6", "6 apples", "correct", "How many apples are left?"},
      {"6", "6 apples", "ungraded", "How many are left?"},
      {"6", "6 dozen", "ungraded", "How many dozen eggs?"},
      {"6", "6 thousand", "ungraded"},
      {"6 hundred", "6", "ungraded"},
      {"6 down", "6", "ungraded"},
      {"6", "6 kg", "correct"},
      {"9π cm^2", "9π", "ungraded"},
      {"9π cm^2", "9π cm^2", "correct"},
  });
}

TEST(Mixed, OneWayToWriteASumOfNumbersIsNotAnother) {
  Check({
      {"6+7=13", "5+8=13", "ungraded"},
      {"6+7=13", "7+6=13", "correct"},
      {"6+7=13", "13", "correct"},
      {"6+7=13", "6+7=14", "incorrect"},
      {"3=4", "5=5", "ungraded"},
  });
}

TEST(Mixed, TheFormThatWasAskedForIsHeldBack) {
  Check({
      {"3(x-4)(x+4)", "3(x^2-16)", "ungraded", "Factor completely: 3x^2-48"},
      {"3(x-4)(x+4)", "(3x-12)(x+4)", "ungraded", "Factor completely: 3x^2-48"},
      {"3(x-4)(x+4)", "(x+4)*3(x-4)", "correct", "Factor completely: 3x^2-48"},
      {"3(x-4)(x+4)", "-3(4-x)(x+4)", "correct", "Factor completely: 3x^2-48"},
      {"6.1*10^-5", "0.000061", "ungraded", "Use scientific notation."},
      {"6.1*10^-5", "61*10^-6", "ungraded", "Use scientific notation."},
      {"6.1*10^-5", "6.1x10^-5", "correct", "Use scientific notation."},
      {"0.625", "5/8", "ungraded", "Write 5/8 as a decimal."},
      {"5/8", "0.625", "ungraded", "Write 0.625 as a fraction."},
      {"5/8", "0.625", "correct"},
      {"y=8", "y=40/5", "ungraded"},
      {"y=8", "y=3+5", "ungraded"},
      {"y=8", "y=8", "correct"},
      {"y=8", "y=3+5=8", "correct"},
      {"6.1*10^-5", "6.1E-5", "correct"},
      {"t=πn", "t=nπ", "correct"},
  });
}

TEST(Mixed, AllSolutionsOrNone) {
  Check({
      {"x=4 or x=-9", "{-9, 4}", "correct"},
      {"x=4 or x=-9", "x = -9, 4", "correct"},
      {"x=4 or x=-9", "4 and -9", "correct"},
      {"x=4 or x=-9", "The answer is x=-9 or x=4.", "correct"},
      {"x=4 or x=-9", "x=4", "incorrect"},
      {"x=4 or x=-9", "x=4 or x=9", "incorrect"},
      {"x=4 or x=-9", "y=4 or y=-9", "ungraded"},
      {"x=4 or x=-9", "x=8/2 or x=-9", "ungraded"},
      {"x=4 or x=-9", "x is not 4 or -9", "ungraded"},
      {"x=4, x=-9", "x=4 or x=-9", "correct"},
      {"x=±6", "x=6 or x=-6", "correct"},
      {"x=6 or x=-6", "x=±6", "correct"},
      {"x=6 or x=-6", "x=6", "incorrect"},
      {"all real numbers", "(-∞,∞)", "correct"},
      {"all real numbers", "ℝ", "correct"},
      {"all real numbers", "(0,∞)", "ungraded"},
  });
}

TEST(Mixed, PointsAreComparedCoordinateByCoordinate) {
  Check({
      {"x=8, y=5", "y=5 and x=8", "correct"},
      {"x=8, y=5", "(8,5)", "correct"},
      {"x=8, y=5", "(5,8)", "incorrect"},
      {"x=8, y=5", "x=5, y=8", "incorrect"},
      {"x=8, y=5", "x=8", "ungraded"},
      {"x=8, y=5", "x=8 or y=5", "ungraded"},
      {"(5,8)", "(8,5)", "incorrect"},
      {"(5,8)", "x=5, y=8", "correct"},
      {"(5,8)", "The vertex is (5, 8).", "correct"},
      {"(5,8)", "5<x<8", "ungraded"},
      {"(5,8)", "(10/2,8)", "ungraded"},
      {"(5,8)", "[5,8]", "ungraded"},
  });
}

TEST(Mixed, ALeadInIsSkipped) {
  Check({
      {"x=4", "the answer is x=4.", "correct"},
      {"x=4", "ans: x=4", "correct"},
      {"x=4", "x is 4", "correct"},
      {"x=4", "x is 5", "incorrect"},
      {"4x+3", "= 4x+3", "correct"},
      {"4x+3", "the answer is never 4x+3", "ungraded"},
      {"x=4", "x=4 or the answer is x=5", "ungraded"},
      {"false", "It is false.", "correct"},
  });
}

}  // namespace
}  // namespace lyceum::grading
