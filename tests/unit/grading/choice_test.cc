#include <gtest/gtest.h>

#include <chrono>

#include "vocabulary.h"

namespace lyceum::grading {
namespace {

Item Among(std::vector<std::string> choices, std::string key) {
  Item item = Of(Format::kChoice, std::move(key));
  item.choices = std::move(choices);
  return item;
}

TEST(Choice, LetterNumberAndTextMeanTheSame) {
  const Item item = Among({"The mean", "The median", "The mode"}, "The median");
  for (const char* answer : {"B", "b", "b)", "(B)", "B.", "option b", "Choice B", "2", "2)", "#2",
                             "The median", "the  MEDIAN.", "\"The median\""}) {
    const Grade grade = CheckAnswer(item, answer);
    EXPECT_EQ(grade.outcome, Outcome::kCorrect) << answer;
    EXPECT_EQ(grade.reading, "The median") << answer;
  }
  for (const char* answer : {"A", "3", "the mode"}) {
    EXPECT_EQ(CheckAnswer(item, answer).outcome, Outcome::kIncorrect) << answer;
  }
  for (const char* answer : {"D", "0", "4", "median", "the medien", "a b", "why?"}) {
    EXPECT_EQ(CheckAnswer(item, answer).outcome, Outcome::kInvalid) << answer;
  }
}

TEST(Choice, WordsMayLeadToTheChoice) {
  const Item item = Among({"A disc", "A kite", "An arc"}, "A kite");
  for (const char* answer :
       {"The answer is B", "answer is b", "Answer: B", "I choose B", "I pick b.", "**B**",
        "**(B)**", "\\boxed{B}", "$\\boxed{B}$", "It's B", "it is a kite", "The answer is a kite.",
        "= B", "so it is B", "the answer is (b)", "My final answer is option 2"}) {
    EXPECT_EQ(CheckAnswer(item, answer).outcome, Outcome::kCorrect) << answer;
  }
  for (const char* answer :
       {"not B", "The answer is not B", "if B", "is it B", "A or B", "wrong answer: B",
        "the answer isn't B", "B and C", "anything but B"}) {
    EXPECT_EQ(CheckAnswer(item, answer).outcome, Outcome::kInvalid) << answer;
  }
}

TEST(Choice, OfTwoStatementsTheSecondIsNotTheChoice) {
  const Item item = Among({"I", "II", "I, II"}, "II");
  for (const char* answer : {"I and II", "**I and II**", "I think II", "that and II"}) {
    EXPECT_EQ(CheckAnswer(item, answer).outcome, Outcome::kInvalid) << answer;
  }
  EXPECT_EQ(CheckAnswer(item, "**II**").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "I think it is II").outcome, Outcome::kCorrect);
}

TEST(Choice, ALetterMayStandBeforeItsOwnTextOnly) {
  const Item item =
      Among({"$$[3,\\infty)$$", "$$(3,\\infty)$$", "no real number"}, "$$[3,\\infty)$$");
  for (const char* answer : {"A) [3, inf)", "A. $$[3,\\infty)$$", "(a) [3,∞)", "A: [3,inf)",
                             "The answer is A) [3, inf)", "**A.** [3,inf)"}) {
    EXPECT_EQ(CheckAnswer(item, answer).outcome, Outcome::kCorrect) << answer;
  }
  EXPECT_EQ(CheckAnswer(item, "C: No real number").outcome, Outcome::kIncorrect);
  for (const char* answer : {"B) [3, inf)", "A) (3, inf)", "A: no real number", "D) [3, inf)",
                             "A) 3", "A) [3, inf", "A [3, inf)", "A, B", "A) B"}) {
    EXPECT_EQ(CheckAnswer(item, answer).outcome, Outcome::kInvalid) << answer;
  }
  const Item numbers = Among({"4", "3", "2", "1"}, "2");
  EXPECT_EQ(CheckAnswer(numbers, "C) 2").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(numbers, "C. 2.0").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(numbers, "B) 2").outcome, Outcome::kInvalid);
  EXPECT_EQ(CheckAnswer(numbers, "The answer is 2").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(numbers, "= 2").outcome, Outcome::kCorrect);
}

TEST(Choice, AmongTextsWithNumbersANumberIsNoPlace) {
  const Item ranges = Among({"$$(-\\infty,5)$$", "$$(-\\infty,5]$$"}, "$$(-\\infty,5]$$");
  for (const char* answer : {"2", "2)", "#2", "the answer is 2", "answer 2", "number 2", "5"}) {
    EXPECT_EQ(CheckAnswer(ranges, answer).outcome, Outcome::kInvalid) << answer;
  }
  EXPECT_EQ(CheckAnswer(ranges, "option 2").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(ranges, "choice 2").outcome, Outcome::kCorrect);
  const Item words = Among({"one root", "two roots", "none"}, "two roots");
  EXPECT_EQ(CheckAnswer(words, "2").outcome, Outcome::kInvalid);
}

TEST(Choice, BracketsOfIntervalsMatter) {
  const Item item =
      Among({"$$[-2,\\infty)$$", "$$(-2,\\infty]$$", "$$(-2,\\infty)$$"}, "$$[-2,\\infty)$$");
  EXPECT_EQ(CheckAnswer(item, "[-2,inf)").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "[−2, ∞)").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "(-2,inf)").outcome, Outcome::kIncorrect);
  EXPECT_EQ(CheckAnswer(item, "(-2,inf]").outcome, Outcome::kIncorrect);
}

TEST(Choice, AmongNumbersANumberIsAValue) {
  const Item item = Among({"$$3$$", "$$-3$$", "$$\\pm 3$$", "No solution"}, "$$-3$$");
  EXPECT_EQ(CheckAnswer(item, "3").reading, "$$3$$");
  EXPECT_EQ(CheckAnswer(item, "-3").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "2").outcome, Outcome::kInvalid);
  EXPECT_EQ(CheckAnswer(item, "option 2").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "±3").reading, "$$\\pm 3$$");
  EXPECT_EQ(CheckAnswer(item, "no solution").reading, "No solution");
}

TEST(Choice, TheTextOfAChoiceGoesBeforeItsLetter) {
  const Item item = Among({"B", "A"}, "A");
  EXPECT_EQ(CheckAnswer(item, "A").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "B").outcome, Outcome::kIncorrect);
}

TEST(Choice, TwoChoicesOfOneValueAreToldApartByTheirText) {
  const Item item = Among({"$7,020", "$$\\$7.02$$", "$$\\$7020.00$$"}, "$7,020");
  EXPECT_EQ(CheckAnswer(item, "$7,020").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "$7020.00").outcome, Outcome::kIncorrect);
  EXPECT_EQ(CheckAnswer(item, "7020 dollars").outcome, Outcome::kInvalid);
}

TEST(Choice, SignsAreChoices) {
  const Item item = Among({"<", ">"}, ">");
  EXPECT_EQ(CheckAnswer(item, ">").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "$$<$$").outcome, Outcome::kIncorrect);
}

TEST(Choice, NastyTextsEndQuickly) {
  const Item item = Among({"(1,2)", "x+1", "no"}, "x+1");
  const auto begin = std::chrono::steady_clock::now();
  for (const char* part : {"\x01", "(", "^(", "\\frac{1}{", "_(", "\"", "a-"}) {
    std::string text;
    while (text.size() < 2000) text += part;
    for (const std::string& answer : {text + text, text + "x" + std::string(2000, ')')}) {
      EXPECT_EQ(CheckAnswer(item, answer).outcome, Outcome::kInvalid) << part;
    }
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(Choice, AKnownWrongChoiceIsNamed) {
  Item item = Among({"4", "5", "6"}, "5");
  item.known_wrong = {{"off-by-one", {"4"}}, {"wrong-2", {"6"}}};
  EXPECT_EQ(CheckAnswer(item, "6").known_wrong, 1U);
  EXPECT_EQ(CheckAnswer(item, "A").known_wrong, 0U);
  EXPECT_EQ(CheckAnswer(item, "5").known_wrong, std::nullopt);
}

TEST(LeadIn, WordsThatLeadToTheNumberMayStandBeforeIt) {
  for (const char* answer : {"The answer is 17",
                             "the answer is 17.",
                             "Answer: 17",
                             "My final answer is 17",
                             "=17",
                             "= 17",
                             "A: 17",
                             "The correct answer is 17",
                             "\\therefore x = 17",
                             "#### 17",
                             "So the answer is: 17",
                             "Hence, the answer is $17$.",
                             "The result is 17",
                             "total: 17",
                             "**17**",
                             "**Answer:** 17",
                             "**Answer: 17**",
                             "the answer is **17**",
                             "\\boxed{17}",
                             "$\\boxed{17}$",
                             "$\\boxed{17}$.",
                             "The final answer is $\\boxed{17}$.",
                             "it's 17",
                             "It is 17",
                             "I got 17",
                             "x: 17",
                             "x is 17",
                             "x equals 17",
                             "the answer = 17",
                             "answer is x = 17",
                             "$x = 17$.",
                             "Therefore it is equal to 17",
                             "≈ 17",
                             "x_1 = 17",
                             "the total is seventeen",
                             "thus x = 17",
                             "answer is\n17"}) {
    EXPECT_EQ(Is(Format::kNumeric, "17", answer), "correct") << answer;
  }
  EXPECT_EQ(Is(Format::kNumeric, "17", "the answer is 18"), "incorrect");
  EXPECT_EQ(Is(Format::kNumeric, "17", "the answer is -17"), "incorrect");
}

TEST(LeadIn, WhatElseStandsBeforeTheNumberIsNotSkipped) {
  for (const char* answer : {"I doubt the answer is 17",
                             "the answer is not 17",
                             "wrong answer: 17",
                             "no answer is 17",
                             "if the answer is 17",
                             "twice the answer is 17",
                             "-answer is 17",
                             "2*answer = 17",
                             "is the answer 17",
                             "is it 17",
                             "the answer is 16 or the answer is 17",
                             "the answer is 16; wrong answer is 17",
                             "not = 17",
                             "never = 17",
                             "no solution = 17",
                             "log x = 17",
                             "sqrt x = 17",
                             "dx = 17",
                             "half = 17",
                             "x ~= 17",
                             "x =~ 17",
                             "x not = 17",
                             "pi = 17",
                             "2x = 17",
                             "x2 = 17",
                             "x(2) = 17",
                             "-x = 17",
                             "== 17",
                             "= = 17",
                             "answer - 17",
                             "answer * 17",
                             "#### 16 #### 17",
                             "**17",
                             "17**",
                             "\\boxed{1}\\boxed{7}",
                             "\\boxed{17}7",
                             "\\boxed{17",

                             "the answer",
                             "answer:",
                             "≈ 17.5",
                             "not #### 17",
                             "a 17",
                             "lim = 17",
                             "x: y: 17"}) {
    EXPECT_EQ(Is(Format::kNumeric, "17", answer), "invalid") << answer;
  }
}

}  // namespace
}  // namespace lyceum::grading
