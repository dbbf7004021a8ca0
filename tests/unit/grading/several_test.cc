#include <gtest/gtest.h>

#include <chrono>

#include "cpu_time.h"
#include "grading/notation/plain.h"
#include "vocabulary.h"

namespace lyceum::grading {
namespace {

Item Among(std::vector<std::string> choices, std::vector<std::string> keys) {
  Item item = Of(Format::kMultipleChoice, "");
  item.choices = std::move(choices);
  item.answers = std::move(keys);
  return item;
}

Item Water() {
  Item item = Among({"Hydrogen", "Helium", "Carbon", "Oxygen"}, {"Hydrogen", "Oxygen"});
  item.partial_credit = true;
  return item;
}

TEST(MultipleChoice, TheSetOfTheKeyIsCorrectHoweverItIsWritten) {
  for (const char* answer : {"a, d",
                             "A and D",
                             "AD",
                             "ad",
                             "a d",
                             "d,a",
                             "DA",
                             "(a), (d)",
                             "a; d",
                             "a & d",
                             "1, 4",
                             "Hydrogen, Oxygen",
                             "oxygen and hydrogen",
                             "Both A and D",
                             "The answers are a and d",
                             "options A, D",
                             "a, d.",
                             "A, and D",
                             "a, a, d",
                             "a) Hydrogen, d) Oxygen",
                             "I think a and d",
                             "Hydrogen\nOxygen"}) {
    const Grade grade = CheckAnswer(Water(), answer);
    EXPECT_EQ(grade.outcome, Outcome::kCorrect) << answer << ": " << grade.note;
    EXPECT_EQ(grade.score, 1) << answer;
    EXPECT_EQ(grade.reading, "Hydrogen, Oxygen") << answer;
  }
}

TEST(MultipleChoice, AnotherSetIsIncorrectAndItsScoreIsWhatIsRightLessWhatIsNot) {
  const std::vector<std::pair<const char*, double>> answers = {
      {"a", 0.5},  {"d", 0.5},        {"b", 0},   {"a, b", 0}, {"a, b, d", 0.5},
      {"b, c", 0}, {"a, b, c, d", 0}, {"all", 0}, {"none", 0}, {"Oxygen", 0.5}};
  for (const auto& [answer, score] : answers) {
    const Grade grade = CheckAnswer(Water(), answer);
    EXPECT_EQ(grade.outcome, Outcome::kIncorrect) << answer;
    EXPECT_DOUBLE_EQ(grade.score, score) << answer;
  }
  EXPECT_EQ(CheckAnswer(Water(), "a").note, "something is missing");
  EXPECT_EQ(CheckAnswer(Water(), "a, b, d").note, "not all of these belong to it");
}

TEST(MultipleChoice, WithoutPartialCreditOnlyTheWholeSetScores) {
  Item item = Water();
  item.partial_credit = false;
  EXPECT_EQ(CheckAnswer(item, "a, d").score, 1);
  EXPECT_EQ(CheckAnswer(item, "a").score, 0);
  EXPECT_EQ(CheckAnswer(item, "a").note, "");
}

TEST(MultipleChoice, AKnownErrorSaysWhatItsChoiceTakes) {
  Item item = Water();
  item.known_wrong = {{"light", {"Helium"}, -0.25}, {"black", {"Carbon"}, 0}};
  Grade grade = CheckAnswer(item, "a, b, d");
  EXPECT_DOUBLE_EQ(grade.score, 0.75);
  EXPECT_EQ(grade.known_wrong, 0U);
  grade = CheckAnswer(item, "a, c, d");
  EXPECT_DOUBLE_EQ(grade.score, 0.5);
  EXPECT_EQ(grade.known_wrong, 1U);
}

TEST(MultipleChoice, WhatNamesNoChoiceIsInvalid) {
  for (const char* answer : {"a, e", "not a", "a or d", "maybe", "a, b?", "e", "dab", "a, Neon", "",
                             ",", "a but not d", "why?", "5"}) {
    EXPECT_EQ(CheckAnswer(Water(), answer).outcome, Outcome::kInvalid) << answer;
  }
}

TEST(MultipleChoice, ATextWithCommasIsOneChoice) {
  const Item item = Among({"red, green and blue", "red", "black and white"},
                          {"red, green and blue", "black and white"});
  for (const char* answer :
       {"a, c", "red, green and blue, black and white", "black and white; red, green and blue"}) {
    EXPECT_EQ(CheckAnswer(item, answer).outcome, Outcome::kCorrect) << answer;
  }
  EXPECT_EQ(CheckAnswer(item, "red, green and blue").outcome, Outcome::kIncorrect);
}

TEST(MultipleChoice, AmongNumbersANumberIsAValue) {
  const Item item = Among({"2", "3", "4", "9"}, {"2", "3"});
  EXPECT_EQ(CheckAnswer(item, "2, 3").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "a, b").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "3, 4").outcome, Outcome::kIncorrect);
}

TEST(MultipleChoice, OptionsThatDoNotFitAreNamed) {
  EXPECT_EQ(KeyProblem(Water()), "");
  EXPECT_EQ(KeyProblem(Among({"a", "b"}, {"c"})), "the key is not among the choices");
  Item credit = Water();
  credit.known_wrong = {{"e", {"Helium"}, 0.5}};
  EXPECT_NE(KeyProblem(credit), "");
  credit.known_wrong = {{"e", {"Helium"}, -0.5}};
  EXPECT_EQ(KeyProblem(credit), "");
  credit.partial_credit = false;
  EXPECT_NE(KeyProblem(credit), "");
  Item numeric = Of(Format::kNumeric, "1");
  numeric.partial_credit = true;
  EXPECT_NE(KeyProblem(numeric), "");
}

TEST(MultipleChoice, LongAnswersAreReadInBoundedTime) {
  std::vector<std::string> choices;
  for (int i = 0; i < 26; ++i) choices.push_back("the " + std::to_string(i) + "th, of all and one");
  const Item item = Among(choices, {choices[0]});
  std::string answer;
  while (answer.size() + 8 < kAnswerBytesMax) answer += "a and ,";
  const CpuTime cpu;
  CheckAnswer(item, answer);
  CheckAnswer(item, "x, the 1th, of all, and one, the 2th, of all and two, the 3th, of all and x,");
  EXPECT_LT(cpu.passed(), kSanitized * std::chrono::milliseconds(500));
}

TEST(Credit, AKnownWrongAnswerHasItsPartOfTheScore) {
  Item item = Of(Format::kText, "Nazareth");
  item.known_wrong = {{"spelling", {"Nazereth"}, 0.75}, {"born", {"Bethlehem"}, 0}};
  Grade grade = CheckAnswer(item, "nazereth");
  EXPECT_EQ(grade.outcome, Outcome::kIncorrect);
  EXPECT_DOUBLE_EQ(grade.score, 0.75);
  EXPECT_EQ(grade.known_wrong, 0U);
  EXPECT_EQ(CheckAnswer(item, "Bethlehem").score, 0);
  Item choice = Of(Format::kChoice, "a kite");
  choice.choices = {"a disc", "a kite", "a square"};
  choice.known_wrong = {{"near", {"a square"}, 0.5}};
  EXPECT_DOUBLE_EQ(CheckAnswer(choice, "c").score, 0.5);
  EXPECT_EQ(CheckAnswer(choice, "a").score, 0);
  choice.known_wrong[0].credit = 1;
  EXPECT_NE(KeyProblem(choice), "");
}

}  // namespace
}  // namespace lyceum::grading
