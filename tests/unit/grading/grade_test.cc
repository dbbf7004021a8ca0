#include "grading/answer/grade.h"

#include <gtest/gtest.h>

#include <random>

#include "vocabulary.h"

namespace lyceum::grading {
namespace {

TEST(Grade, AnyOfTheAcceptedAnswersIsCorrect) {
  Item item = Of(Format::kText, "six");
  item.answers.push_back("half a dozen");
  EXPECT_EQ(CheckAnswer(item, "Half a dozen").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "6").outcome, Outcome::kIncorrect);
}

TEST(Grade, AKnownWrongAnswerIsFoundInAnyNotation) {
  Item item = Of(Format::kNumeric, "3/4");
  item.known_wrong = {{"upside-down", {"4/3"}}, {"percent", {"75"}}};
  EXPECT_EQ(CheckAnswer(item, "1 1/3").known_wrong, 0U);
  EXPECT_EQ(CheckAnswer(item, "75").known_wrong, 1U);
  EXPECT_EQ(CheckAnswer(item, "75%").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "5").known_wrong, std::nullopt);
}

TEST(Grade, AKnownWrongAnswerWithinTheToleranceStaysWrong) {
  Item item = Of(Format::kNumeric, "3.14");
  item.tolerance = 0.2;
  item.known_wrong = {{"biblical", {"3"}}};
  EXPECT_EQ(CheckAnswer(item, "3.1").outcome, Outcome::kCorrect);
  const Grade grade = CheckAnswer(item, "3");
  EXPECT_EQ(grade.outcome, Outcome::kIncorrect);
  EXPECT_EQ(grade.known_wrong, 0U);
}

TEST(Grade, SaysHowItGraded) {
  EXPECT_EQ(CheckAnswer(Of(Format::kNumeric, "1"), "1").method, "numeric");
  EXPECT_EQ(CheckAnswer(Of(Format::kText, "a"), "a").method, "exact");
  EXPECT_EQ(CheckAnswer(Of(Format::kList, "1,2"), "1,2").method, "expression");
}

TEST(Grade, AKeyThatCanNotBeGradedIsNamed) {
  EXPECT_EQ(KeyProblem(Of(Format::kNumeric, "3.5")), "");
  EXPECT_NE(KeyProblem(Of(Format::kNumeric, "about 3")), "");
  EXPECT_NE(KeyProblem(Of(Format::kNumeric, "1/0")), "");
  EXPECT_NE(KeyProblem(Of(Format::kText, "  ")), "");
  EXPECT_NE(KeyProblem(Item{}), "");
  Item item = Of(Format::kNumeric, "1/2");
  item.known_wrong = {{"e", {"0.5"}}};
  EXPECT_EQ(KeyProblem(item), "the known error e has a right answer");
  Item choice = Of(Format::kChoice, "c");
  choice.choices = {"a", "b"};
  EXPECT_EQ(KeyProblem(choice), "the key is not among the choices");
}

// Whatever is typed: an outcome, never a crash, and the same one each time.
TEST(Grade, IsTotalOverRandomBytes) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string alphabet =
      "0123456789.,/-+*^(){}[]\\$%= xeUinfracsqt\x01\x02\xe2\x88\x92\xc2\xbd";
  std::vector<Item> items = {Of(Format::kNumeric, "1/2"),  Of(Format::kExpression, "x^2"),
                             Of(Format::kEquation, "x=3"), Of(Format::kInterval, "[0,1)"),
                             Of(Format::kList, "1,2"),     Of(Format::kText, "word")};
  Item choice = Of(Format::kChoice, "a");
  choice.choices = {"a", "b"};
  items.push_back(choice);
  for (int i = 0; i < 3000; ++i) {
    std::string answer(random() % 40, ' ');
    for (char& c : answer) c = alphabet[random() % alphabet.size()];
    for (const Item& item : items) {
      const Grade first = CheckAnswer(item, answer);
      EXPECT_EQ(first.outcome, CheckAnswer(item, answer).outcome);
      EXPECT_GE(first.score, 0);
      EXPECT_LE(first.score, 1);
    }
  }
}

}  // namespace
}  // namespace lyceum::grading
