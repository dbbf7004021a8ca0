#include "grading/answer/pair.h"

#include <gtest/gtest.h>

namespace lyceum::grading {
namespace {

std::string Graded(Kind kind, const std::string& reference, const std::string& answer,
                   std::vector<std::string> choices = {}) {
  return std::string(
      NameOf(GradePair({kind, "", {reference}, answer, std::move(choices)}).verdict));
}
std::string Mixed(const std::string& reference, const std::string& answer) {
  return Graded(Kind::kMixed, reference, answer);
}

TEST(Pair, ProseIsNobodysToGrade) {
  EXPECT_EQ(Graded(Kind::kFreeText, "the sun", "the sun"), "ungraded");
  EXPECT_EQ(Graded(Kind::kWorkedSolution, "4", "4"), "ungraded");
  EXPECT_EQ(Graded(Kind::kNumeric, "about seven", "7"), "ungraded");
  EXPECT_EQ(Graded(Kind::kExpression, "((x", "x"), "ungraded");
}

TEST(Pair, OfAWorkedSolutionTheMarkedNumberCounts) {
  EXPECT_EQ(Graded(Kind::kNumeric, "7", "3*4=12 eggs\n12-5=7\n#### 7"), "correct");
  EXPECT_EQ(Graded(Kind::kNumeric, "7", "It is 7 - 5 = 2.\n#### 2"), "incorrect");
  EXPECT_EQ(Graded(Kind::kNumeric, "276,000", "The answer is $276000."), "correct");
  EXPECT_EQ(Graded(Kind::kNumeric, "7", "first 7 and then 8"), "invalid");
  EXPECT_EQ(Graded(Kind::kNumeric, "7", "3 and 4 are left. So the answer is 7."), "correct");
  EXPECT_EQ(Graded(Kind::kNumeric, "7", "3 and 4 are left\nFinal answer: 9"), "incorrect");
  for (const char* hedge :
       {"I doubt the answer is 7", "the wrong answer is 7", "twice the answer is 7", "-answer is 7",
        "The answer is 9 or the answer is 7", "The answer is 9; wrong answer is 7", "not answer: 7",
        "1 + answer = 7"}) {
    EXPECT_EQ(Graded(Kind::kNumeric, "7", hedge), "invalid") << hedge;
  }
}

TEST(Pair, WithoutTheChoicesOnlyTheTextOfTheReferenceIsRight) {
  EXPECT_EQ(Graded(Kind::kChoice, "$$[3,\\infty)$$", "[3,inf)"), "correct");
  EXPECT_EQ(Graded(Kind::kChoice, "$$[3,\\infty)$$", "$$(3,\\infty)$$"), "incorrect");
  EXPECT_EQ(Graded(Kind::kChoice, "$7,020", "$$\\$7020.00$$"), "ungraded");
  EXPECT_EQ(Graded(Kind::kChoice, "Median", "B"), "ungraded");
  EXPECT_EQ(Graded(Kind::kChoice, "Median", "Mean"), "incorrect");
  EXPECT_EQ(Graded(Kind::kChoice, "Median", "B", {"Mean", "Median"}), "correct");
  EXPECT_EQ(Graded(Kind::kChoice, "Mode", "B", {"Mean", "Median"}), "ungraded");
}

TEST(Pair, MixedIsGradedByWhatTheReferenceIs) {
  EXPECT_EQ(Mixed("22/15", "22/15"), "correct");
  EXPECT_EQ(Mixed("22/15", "1 7/15"), "correct");
  EXPECT_EQ(Mixed("22/15", "4/5+2/3=6/8"), "incorrect");
  EXPECT_EQ(Mixed("4S=5C", "4C=5S"), "incorrect");
  EXPECT_EQ(Mixed("4S=5C", "5C = 4S"), "correct");
  EXPECT_EQ(Mixed("7/7=1", "7/7=1/7"), "incorrect");
  EXPECT_EQ(Mixed("x=10", "10"), "correct");
  EXPECT_EQ(Mixed("44 items", "57 items"), "incorrect");
  EXPECT_EQ(Mixed("15 sweets", "15"), "correct");
  EXPECT_EQ(Mixed("2 gallons/min", "2"), "correct");
  EXPECT_EQ(Mixed("$400", "(20/80)=(x/100)\n$25"), "incorrect");
  EXPECT_EQ(Mixed("x=8", "x=2\n22+2=24"), "incorrect");
  EXPECT_EQ(Mixed("-14", "-6+-8=2"), "incorrect");
  EXPECT_EQ(Mixed("145", "241\n-96\n-------\n255"), "incorrect");
}

TEST(Pair, AMixedAnswerOfDoubtfulFormIsNotGraded) {
  EXPECT_EQ(Mixed("a/3", "1/3a"), "ungraded");
  EXPECT_EQ(Mixed("24x-18", "3(6x-4)+2(3x-3)=18x-12+6x-6=18x-18+6x"), "ungraded");
  EXPECT_EQ(Mixed("8/12", "4/6÷2/2=2/3"), "ungraded");
  EXPECT_EQ(Mixed("3", "6/8÷2/8=3/1"), "ungraded");
  EXPECT_EQ(Mixed("3/4", "6/8"), "ungraded");
  EXPECT_EQ(Mixed("z^2-8z+16", "(z-4)(z-4)"), "ungraded");
  EXPECT_EQ(Mixed("z^2-8z+16", "16-8z+z^2"), "correct");
  EXPECT_EQ(Mixed("145", "241\n-96\n-------\n145"), "ungraded");
  EXPECT_EQ(Mixed("$3 dollars per 9 balloons", "$0.67 per balloon"), "ungraded");
  EXPECT_EQ(Mixed("It grows", "It shrinks"), "ungraded");
  EXPECT_EQ(Mixed("parallel", "7"), "ungraded");
  EXPECT_EQ(Mixed("20 cm", "20 m"), "ungraded");
  EXPECT_EQ(Mixed("It grows", "It  grows"), "correct");
}

}  // namespace
}  // namespace lyceum::grading
