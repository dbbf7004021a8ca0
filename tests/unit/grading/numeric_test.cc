#include <gtest/gtest.h>

#include "grading/quantity.h"
#include "vocabulary.h"

namespace lyceum::grading {
namespace {

struct Case {
  const char* key;
  const char* answer;
  const char* outcome;
};

void Check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    EXPECT_EQ(Is(Format::kNumeric, c.key, c.answer), c.outcome) << c.key << " <- " << c.answer;
  }
}

TEST(Numeric, TheSameValueInAnyNotationIsCorrect) {
  Check({
      {"17", "17", "correct"},
      {"17", " $$17$$ ", "correct"},
      {"17", "$17$", "correct"},
      {"17", "17.", "correct"},
      {"17", "17.0", "correct"},
      {"17", "+17", "correct"},
      {"17", "x = 17", "correct"},
      {"0.376", "P(L) = 0.376", "correct"},
      {"17", "34/2", "correct"},
      {"-3/4", "$$\\frac{-3}{4}$$", "correct"},
      {"$$\\frac{-3}{4}$$", "-\\frac{3}{4}", "correct"},
      {"$$\\frac{-3}{4}$$", "\\dfrac{3}{-4}", "correct"},
      {"$$\\frac{-3}{4}$$", "−0.75", "correct"},
      {"-3/4", "- 3 / 4", "correct"},
      {"-3/4", "-(3/4)", "correct"},
      {"-3", "(-3)", "correct"},
      {"-3", "$$\\left(-3\\right)$$", "correct"},
      {"1/2", "\\frac12", "correct"},
      {"1.5", "1 1/2", "correct"},
      {"1.5", "1\\frac{1}{2}", "correct"},
      {"1.5", "1½", "correct"},
      {"1.5", "½", "incorrect"},
      {"-1.5", "-1 1/2", "correct"},
      {"-0.5", "-1 1/2", "incorrect"},
      {".75", "0.75", "correct"},
      {"0.75", "75%", "correct"},
      {"0.75", "75 percent", "correct"},
      {"0.75", "$$75\\%$$", "correct"},
      {"129400", "129,400", "correct"},
      {"129400", "129 400", "correct"},
      {"1234567.5", "1,234,567.50", "correct"},
      {"1200", "1.2e3", "correct"},
      {"1200", "1.2E+3", "correct"},
      {"1200", "1.2x10^3", "correct"},
      {"1200", "1.2 × 10³", "correct"},
      {"1200", "$$1.2\\times 10^{3}$$", "correct"},
      {"0.0933", "$$9.33\\times{10}^{\\left(-2\\right)}$$", "correct"},
      {"0.0933", "9.33*10^-2", "correct"},
  });
}

TEST(Numeric, AnotherValueIsIncorrect) {
  Check({
      {"17", "-17", "incorrect"},
      {"17", "71", "incorrect"},
      {"17", "17.0000001", "incorrect"},
      {"36", "36%", "incorrect"},
      {"0.75", "75", "incorrect"},
      {"2/3", "0.67", "incorrect"},
      {"2/3", "3/2", "incorrect"},
      {"100500/2", "1 100/200", "incorrect"},
      {"1.5", "1 100/200", "correct"},
      {"1e400", "1e399", "incorrect"},
      {"12345678901234567890", "12345678901234567891", "incorrect"},
  });
}

TEST(Numeric, WhatIsNotOneNumberIsInvalid) {
  for (const char* answer :
       {"",      "   ",    "seven",        "17?",        "3 or 4",     "3, 4",      "1/0",
        "24-7",  "2^3",    "17 = 17 = 17", "--5",        "1/2/3",      "1,5",       "12,34",
        "3x",    "x",      "x=",           "=",          "$",          "%",         "17 apples",
        "1.2.3", "(3",     "3)",           "5 thousand", "sqrt(4)",    "2/5 = 0.4", "1e999999999",
        "1e401", "NaN",    "inf",          "0x10",       "\\frac{}{}", "\\frac",    "{{{{",
        "1 2",   "1 000/0"}) {
    EXPECT_EQ(Is(Format::kNumeric, "17", answer), "invalid") << answer;
  }
}

TEST(Numeric, AnAnswerAsLongAsALimitOrLongerIsInvalidAndQuick) {
  EXPECT_EQ(Is(Format::kNumeric, "17", std::string(4096, '9')), "invalid");
  EXPECT_EQ(Is(Format::kNumeric, "17", std::string(5000, ' ') + "17"), "invalid");
  EXPECT_EQ(Is(Format::kNumeric, "17", std::string(4096, '(')), "invalid");
  EXPECT_EQ(Is(Format::kNumeric, "17", std::string(4096, '{')), "invalid");
  std::string nested;
  for (int i = 0; i < 300; ++i) nested += "\\frac{1}{";
  EXPECT_EQ(Is(Format::kNumeric, "17", nested), "invalid");
}

TEST(Numeric, MoreDecimalsThatRoundToTheKeyAreCorrect) {
  Check({
      {"27.33", "27.3333", "correct"},
      {"27.33", "82/3", "correct"},
      {"27.33", "27.335", "incorrect"},
      {"27.33", "27.325", "correct"},
      {"27.33", "27.3", "incorrect"},
      {"27.33", "27.34", "incorrect"},
      {"-2.68", "-2.6799", "correct"},
      {"0.5", "0.52", "incorrect"},
      {"17", "17.2", "incorrect"},
      {"$$0.0933$$", "0.09333", "correct"},
  });
}

TEST(Numeric, ALongDecimalForAFractionIsNotJudged) {
  Check({{"2/3", "0.666666666667", "invalid"},
         {"2/3", "0.66666667", "incorrect"},
         {"2/3", "0.666666676667", "incorrect"},
         {"0.5", "0.500000000001", "incorrect"}});
  Item item = Of(Format::kNumeric, "2/3");
  item.tolerance = 0.01;
  EXPECT_EQ(CheckAnswer(item, "0.666666666667").outcome, Outcome::kCorrect);
}

TEST(Numeric, ToleranceIsAbsoluteAndIncludesItsEdge) {
  Item item = Of(Format::kNumeric, "9.81");
  item.tolerance = 0.01;
  EXPECT_EQ(CheckAnswer(item, "9.8").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "9.82").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "9.83").outcome, Outcome::kIncorrect);
  EXPECT_EQ(CheckAnswer(item, "9.7999").outcome, Outcome::kIncorrect);
}

TEST(Numeric, UnitsAreComparedWhereBothHaveOne) {
  Item item = Of(Format::kNumeric, "1.5");
  item.unit = "km";
  const auto is = [&](const char* answer) { return Name(CheckAnswer(item, answer).outcome); };
  EXPECT_EQ(is("1.5 km"), "correct");
  EXPECT_EQ(is("1.5km"), "correct");
  EXPECT_EQ(is("1.5 kilometres"), "correct");
  EXPECT_EQ(is("1.5"), "correct");
  EXPECT_EQ(CheckAnswer(item, "1.5").note, "the unit was left out");
  EXPECT_EQ(is("1500 m"), "correct");
  EXPECT_EQ(is("1,500 m"), "correct");
  EXPECT_EQ(is("1.5 m"), "incorrect");
  EXPECT_EQ(is("1.5 kg"), "incorrect");
  EXPECT_EQ(CheckAnswer(item, "1.5 kg").note, "this unit measures something else");
  EXPECT_EQ(is("1.5 bananas"), "invalid");
}

TEST(Numeric, UnitsMayBeBuiltOfOthers) {
  Item item = Of(Format::kNumeric, "9.8");
  item.unit = "m/s^2";
  const auto is = [&](const char* answer) { return Name(CheckAnswer(item, answer).outcome); };
  EXPECT_EQ(is("9.8 m/s^2"), "correct");
  EXPECT_EQ(is("9.8 m/s²"), "correct");
  EXPECT_EQ(is("9.8 m s^-2"), "correct");
  EXPECT_EQ(is("$$9.8\\ \\text{m}/\\text{s}^2$$"), "correct");
  EXPECT_EQ(is("980 cm/s^2"), "correct");
  EXPECT_EQ(is("9.8 m/s"), "incorrect");
  item.answers = {"36"};
  item.unit = "km/h";
  EXPECT_EQ(is("10 m/s"), "correct");
  EXPECT_EQ(is("36 km per hour"), "correct");
  EXPECT_EQ(is("10 m/h"), "incorrect");
}

TEST(Numeric, MoneyAndPercentAreUnits) {
  Check({
      {"$2500", "2,500", "correct"},
      {"$2500", "$2,500.00", "correct"},
      {"$2500", "2500 dollars", "correct"},
      {"$2500", "€2500", "incorrect"},
      {"2500", "$2500", "correct"},
      {"-$5", "$-5", "correct"},
      {"75%", "75", "correct"},
      {"75%", "0.75", "correct"},
      {"75%", "7.5", "incorrect"},
  });
  Item item = Of(Format::kNumeric, "40");
  item.unit = "%";
  EXPECT_EQ(CheckAnswer(item, "40%").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "40").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "4%").outcome, Outcome::kIncorrect);
}

TEST(Numeric, AUnitNobodyAskedForIsNoted) {
  const Grade grade = CheckAnswer(Of(Format::kNumeric, "4.29"), "4.29 s");
  EXPECT_EQ(grade.outcome, Outcome::kCorrect);
  EXPECT_EQ(grade.note, "the unit was not checked");
}

TEST(Quantity, SaysHowItWasWritten) {
  const auto quantity = ParseQuantity("v = 0.050 m/s");
  ASSERT_TRUE(quantity);
  EXPECT_EQ(quantity->variable, "v");
  EXPECT_EQ(quantity->unit, "m/s");
  EXPECT_EQ(quantity->decimals, 3);
  EXPECT_EQ(quantity->significant, 2);
}

}  // namespace
}  // namespace lyceum::grading
