#include <gtest/gtest.h>

#include "vocabulary.h"

namespace lyceum::grading {
namespace {

Item Figures(std::string key, int figures) {
  Item item = Of(Format::kNumeric, std::move(key));
  item.significant_figures = figures;
  return item;
}

void Check(const Item& item, Outcome outcome, std::initializer_list<const char*> answers) {
  for (const char* answer : answers) {
    const Grade grade = CheckAnswer(item, answer);
    EXPECT_EQ(grade.outcome, outcome) << item.answers[0] << " <- " << answer << ": " << grade.note;
  }
}

TEST(SignificantFigures, TheKeyRoundedToSoManyIsCorrect) {
  Check(Figures("27.333", 3), Outcome::kCorrect, {"27.3", "x = 27.3", "2.73e1", "2.73 x 10^1"});
  Check(Figures("0.0125", 2), Outcome::kCorrect, {"0.013", "0.012", "1.3e-2"});
  Check(Figures("1234", 2), Outcome::kCorrect, {"1200", "1,200", "1.2e3"});
  Check(Figures("9.996", 3), Outcome::kCorrect, {"10.0"});
  Check(Figures("100", 3), Outcome::kCorrect, {"100", "1.00e2"});
  Check(Figures("pi", 4), Outcome::kCorrect, {"3.142"});
  Check(Figures("-27.333", 3), Outcome::kCorrect, {"-27.3"});
}

TEST(SignificantFigures, TheValueWithMoreOrFewerOrAsAFractionIsNotGraded) {
  Check(Figures("27.333", 3), Outcome::kInvalid, {"27.33", "27.333", "27.30", "27", "82/3"});
  Check(Figures("1234", 2), Outcome::kInvalid, {"1230", "1234"});
  Check(Figures("pi", 4), Outcome::kInvalid, {"pi", "3.14", "3.1416"});
  EXPECT_EQ(CheckAnswer(Figures("27.333", 3), "27.33").note,
            "give a decimal number with 3 significant figures");
}

TEST(SignificantFigures, AnotherValueIsIncorrect) {
  Check(Figures("27.333", 3), Outcome::kIncorrect, {"27.4", "27.2", "28", "30", "2.73", "-27.3"});
  Check(Figures("1234", 2), Outcome::kIncorrect, {"1300", "1100"});
}

TEST(SignificantFigures, AToleranceIsToleratedToo) {
  Item item = Figures("27.333", 3);
  item.tolerance = 0.2;
  Check(item, Outcome::kCorrect, {"27.3", "27.5", "27.2"});
  Check(item, Outcome::kIncorrect, {"27.6"});
  Check(item, Outcome::kInvalid, {"27.51"});
}

TEST(SignificantFigures, UnitsAreConvertedAndTheWrittenFiguresCount) {
  Item item = Figures("1.1537", 3);
  item.unit = "km";
  Check(item, Outcome::kCorrect, {"1.15 km", "1150 m", "1.15"});
  Check(item, Outcome::kInvalid, {"1153.7 m", "1.154 km"});
  Check(item, Outcome::kIncorrect, {"1.15 m", "1.16 km"});
}

TEST(SignificantFigures, AKnownWrongAnswerIsFound) {
  Item item = Figures("27.333", 3);
  item.known_wrong = {{"doubled", {"54.7"}, 0}};
  EXPECT_EQ(CheckAnswer(item, "54.7").known_wrong, 0U);
}

TEST(RelativeTolerance, IsAPartOfTheKey) {
  Item item = Of(Format::kNumeric, "200");
  item.relative_tolerance = 0.05;
  Check(item, Outcome::kCorrect, {"200", "190", "210", "195.5", "381/2"});
  Check(item, Outcome::kIncorrect, {"189.9", "210.1", "-200"});
  item.tolerance = 15;
  Check(item, Outcome::kCorrect, {"185", "215"});
  Item small = Of(Format::kNumeric, "-0.002");
  small.relative_tolerance = 0.1;
  Check(small, Outcome::kCorrect, {"-0.0018", "-0.0022"});
  Check(small, Outcome::kIncorrect, {"-0.0017", "0.002", "0"});
  Item wave = Of(Format::kNumeric, "6.02e23");
  wave.relative_tolerance = 0.01;
  Check(wave, Outcome::kCorrect, {"6.022e23", "6.022 x 10^23"});
  Check(wave, Outcome::kIncorrect, {"6.2e23", "6.02e22"});
}

TEST(RelativeTolerance, IsInTheKeysUnitAndOfConstantsToo) {
  Item item = Of(Format::kNumeric, "2");
  item.unit = "km";
  item.relative_tolerance = 0.01;
  Check(item, Outcome::kCorrect, {"2010 m", "1.99 km"});
  Check(item, Outcome::kIncorrect, {"2030 m"});
  Item constant = Of(Format::kNumeric, "pi/2");
  constant.relative_tolerance = 0.01;
  Check(constant, Outcome::kCorrect, {"1.57", "pi/2", "1.58"});
  Check(constant, Outcome::kIncorrect, {"1.7"});
}

TEST(RelativeTolerance, AKnownWrongAnswerWithinItStaysWrong) {
  Item item = Of(Format::kNumeric, "3.14");
  item.relative_tolerance = 0.05;
  item.known_wrong = {{"biblical", {"3"}, 0}};
  EXPECT_EQ(CheckAnswer(item, "3.1").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "3").known_wrong, 0U);
}

TEST(NumericOptions, ThatDoNotFitAreNamed) {
  EXPECT_EQ(KeyProblem(Figures("27.3", 3)), "");
  EXPECT_NE(KeyProblem(Figures("27.3", 16)), "");
  EXPECT_NE(KeyProblem(Figures("0", 3)), "");
  Item zero = Of(Format::kNumeric, "0");
  zero.relative_tolerance = 0.1;
  EXPECT_NE(KeyProblem(zero), "");
  Item all = Of(Format::kNumeric, "1");
  all.relative_tolerance = 1;
  EXPECT_NE(KeyProblem(all), "");
  Item text = Of(Format::kText, "1");
  text.significant_figures = 2;
  EXPECT_NE(KeyProblem(text), "");
}

}  // namespace
}  // namespace lyceum::grading
