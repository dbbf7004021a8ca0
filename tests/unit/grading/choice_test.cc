#include <gtest/gtest.h>

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

TEST(Choice, AKnownWrongChoiceIsNamed) {
  Item item = Among({"4", "5", "6"}, "5");
  item.known_wrong = {{"off-by-one", {"4"}}, {"wrong-2", {"6"}}};
  EXPECT_EQ(CheckAnswer(item, "6").known_wrong, 1U);
  EXPECT_EQ(CheckAnswer(item, "A").known_wrong, 0U);
  EXPECT_EQ(CheckAnswer(item, "5").known_wrong, std::nullopt);
}

}  // namespace
}  // namespace lyceum::grading
