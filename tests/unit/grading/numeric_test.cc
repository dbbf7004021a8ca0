#include <gtest/gtest.h>

#include <chrono>

#include "cpu_time.h"
#include "grading/units/quantity.h"
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

struct Asked {
  const char* question;
  const char* key;
  const char* answer;
  const char* outcome;
};

void AskedCheck(const std::vector<Asked>& cases) {
  for (const Asked& c : cases) {
    Item item = Of(Format::kNumeric, c.key);
    item.question = c.question;
    EXPECT_EQ(Name(CheckAnswer(item, c.answer).outcome), c.outcome)
        << c.question << ": " << c.key << " <- " << c.answer;
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
       {"",      "   ",    "seventh",      "17?",        "3 or 4",     "3, 4",      "1/0",
        "24-7",  "2^3",    "17 = 17 = 18", "--5",        "1/2/3",      "1,5",       "12,34",
        "3x",    "x",      "x=",           "=",          "$",          "%",         "17 apples",
        "1.2.3", "(3",     "3)",           "5 thousand", "sqrt(4)",    "2/5 = 0.5", "1e999999999",
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

// The key may be exact or rounded: without a word about it, nobody knows.
TEST(Numeric, MoreDecimalsThatRoundToTheKeyAreNotJudged) {
  Check({
      {"27.33", "27.3333", "invalid"},
      {"27.33", "82/3", "invalid"},
      {"27.33", "27.335", "incorrect"},
      {"27.33", "27.325", "invalid"},
      {"27.33", "27.3", "incorrect"},
      {"27.33", "27.34", "incorrect"},
      {"-2.68", "-2.6799", "invalid"},
      {"0.5", "0.52", "incorrect"},
      {"17", "17.2", "incorrect"},
      {"$$0.0933$$", "0.09333", "invalid"},
      {"8.00", "8.004", "invalid"},
      {"$4.35", "4.354", "invalid"},
      {"7.5 cm", "7.54 cm", "invalid"},
      {"7.5 L", "7540 mL", "invalid"},
  });
}

TEST(Numeric, MoreDecimalsThatRoundToTheKeyAreCorrectWhereAnApproximationIsAskedFor) {
  AskedCheck({
      {"Approximately how long is the wall in metres?", "27.33", "27.3333", "correct"},
      {"Approximately how long is the wall in metres?", "27.33", "82/3", "correct"},
      {"Approximately how long is the wall in metres?", "27.33", "27.34", "incorrect"},
      {"Round it to two decimals.", "27.33", "27.3333", "invalid"},
      {"How long is the wall?", "27.33", "27.3333", "invalid"},
  });
}

TEST(Numeric, AToleranceIsAllThatIsTolerated) {
  Item item = Of(Format::kNumeric, "2.5");
  item.tolerance = 0.01;
  EXPECT_EQ(CheckAnswer(item, "2.51").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "2.54").outcome, Outcome::kIncorrect);
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
      {"$2500", "250000 cents", "correct"},
      {"$4.35", "435¢", "correct"},
      {"35 cents", "$0.35", "correct"},
      {"35 cents", "$35", "incorrect"},
      {"$4", "4 USD", "correct"},
      {"$4", "USD 4", "correct"},
      {"-$5", "$-5", "correct"},
      {"75%", "75", "correct"},
      {"75%", "0.75", "correct"},
      {"75%", "7.5", "incorrect"},
      {"75%", "75 per cent", "correct"},
      {"75%", "3/4", "correct"},
      {"75%", "150/2", "incorrect"},
      {"0.5%", "1/2", "incorrect"},
      {"0.5%", "0.5", "correct"},
  });
  Item item = Of(Format::kNumeric, "40");
  item.unit = "%";
  EXPECT_EQ(CheckAnswer(item, "40%").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "40").outcome, Outcome::kCorrect);
  EXPECT_EQ(CheckAnswer(item, "4%").outcome, Outcome::kIncorrect);
}

// 18 may be dollars, and 90 minutes may be 1.5 hours: only the question knows.
TEST(Numeric, AUnitThatTheKeyLacksMustBeWhatTheQuestionAsksFor) {
  const char* hours = "A film lasts 150 minutes. How many hours is that?";
  const char* dollars = "He buys pens every day. How many dollars does he spend?";
  const char* floor = "How many square meters has the floor?";
  AskedCheck({
      {"", "4.29", "4.29 s", "invalid"},
      {"", "4.29", "€4.29", "invalid"},
      {hours, "2.5", "2.5 hours", "correct"},
      {hours, "2.5", "2.5 h", "correct"},
      {hours, "2.5", "150 minutes", "correct"},
      {hours, "2.5", "2.5 minutes", "invalid"},
      {hours, "2.5", "3 hours", "incorrect"},
      {hours, "2.5", "2.5 kg", "invalid"},
      {hours, "2.5", "2 hours 30 minutes", "correct"},
      {hours, "2.5", "2h 30min", "correct"},
      {hours, "2.5", "2h 50min", "incorrect"},
      {dollars, "18", "$18", "correct"},
      {dollars, "18", "18 dollars", "correct"},
      {dollars, "18", "1800 cents", "correct"},
      {dollars, "18", "18 cents", "invalid"},
      {dollars, "18", "18 days", "invalid"},
      {dollars, "18", "€18", "invalid"},
      {"What is the price in dollars of both?", "18", "$18", "correct"},
      {"A pen costs $2. How much do 9 pens cost?", "18", "$18", "correct"},
      {"Milk is $2 a litre. How much milk is left?", "18", "$18", "invalid"},
      {floor, "20", "20 square meters", "correct"},
      {floor, "20", "20 m^2", "correct"},
      {floor, "20", "20 m", "invalid"},
      {floor, "20", "20 cm^2", "invalid"},
      {"How many meters long is the wall?", "5", "500 cm", "correct"},
      {"How many miles per hour is that?", "50", "50 mph", "correct"},
      {"How many miles per hour is that?", "50", "50 miles", "invalid"},
      {"Give the time in minutes.", "50", "50 min", "correct"},
      {"How many hours and minutes?", "50", "50 hours", "invalid"},
      {"She notes how many hours she works. How much is it?", "50", "50 hours", "invalid"},
  });
}

TEST(Numeric, TheNounThatIsCountedMayStandBehindTheNumber) {
  const char* pears = "Ann packs 6 boxes with 7 pears each. How many ripe pears has she?";
  AskedCheck({
      {pears, "42", "42 pears", "correct"},
      {pears, "42", "42 Pears.", "correct"},
      {pears, "1", "1 pear", "correct"},
      {pears, "42", "forty-two pears", "correct"},
      {pears, "42", "41 pears", "incorrect"},
      {pears, "6", "6 boxes", "invalid"},
      {pears, "42", "42 plums", "invalid"},
      {pears, "42", "42 dozen", "invalid"},
      {"How many dozen eggs are there?", "7", "7 eggs", "invalid"},
      {"", "42", "42 pears", "invalid"},
  });
}

TEST(Numeric, APercentSignIsGoodWhereAPercentIsAskedFor) {
  AskedCheck({
      {"What percent of 60 is 9?", "15", "15%", "correct"},
      {"What percentage of them is red?", "15", "15 percent", "correct"},
      {"What percent of 60 is 9?", "15", "14%", "incorrect"},
      {"What percent of 60 is 9?", "15", "1500%", "invalid"},
      {"After a discount of 20%, what does it cost?", "15", "15%", "incorrect"},
      {"Which part is it?", "0.15", "15%", "correct"},
      {"How many boats are there?", "15", "1500%", "invalid"},
      {"How many boats are there?", "15", "15%", "incorrect"},
      {"How many metres is it?", "0.5", "50%", "invalid"},
  });
}

TEST(Numeric, NumbersMayBeWords) {
  Check({
      {"0", "zero", "correct"},
      {"18", "Eighteen", "correct"},
      {"42", "forty-two", "correct"},
      {"42", "forty two", "correct"},
      {"42", "forty", "incorrect"},
      {"-5", "negative 5", "correct"},
      {"-5", "minus five", "correct"},
      {"5 km", "five kilometers", "correct"},
      {"$5", "five dollars", "correct"},
      {"12%", "twelve percent", "correct"},
      {"7", "seven hundred", "incorrect"},
      {"7", "seven and a half", "incorrect"},
      {"1", "one third", "incorrect"},
      {"20", "twenty ten", "invalid"},
      {"-5", "minus minus five", "invalid"},
      {"-5", "minus -5", "invalid"},
      {"7", "seventh", "invalid"},
  });
}

TEST(Numeric, AChainOfEqualNumbersIsItsNumber) {
  Check({
      {"18", "9*2 = 18", "correct"},
      {"18", "9 × 2 = $$18$$", "correct"},
      {"7", "Thus, 3+4=7", "correct"},
      {"-5", "3 - 8 = -5", "correct"},
      {"42", "x = 252/6 = 42", "correct"},
      {"42", "x=\\frac{252}{6}=42", "correct"},
      {"3/4", "1 - 1/4 = 3/4 = 0.75", "correct"},
      {"14", "2 + 3*4 = 14", "correct"},
      {"20", "(2 + 3)*4 = 20", "correct"},
      {"8", "2/\\frac{1}{4} = 8", "correct"},
      {"18", "9*2 = 17", "invalid"},
      {"20", "2 + 3*4 = 20", "invalid"},
      {"20", "3 * 6 = 18 + 2 = 20", "invalid"},
      {"0.67", "2/3 = 0.67", "invalid"},
      {"18", "9*2 =", "invalid"},
      {"18", "9*2 = 18 = x", "invalid"},
      {"18", "6/2(3) = 18", "invalid"},
      {"18", "9*3 = 27", "incorrect"},
      {"18", "9*2 = 9*2", "invalid"},
      {"1/4", "2^-2 = 1/4", "correct"},
      {"64", "2^3^2 = 64", "invalid"},
      {"4", "-2^2 = 4", "invalid"},
      {"1", "1/0 = 1", "invalid"},
  });
}

TEST(Numeric, PowersOfTenAreNumbers) {
  Check({
      {"1000000", "10^6", "correct"},
      {"1000000", "$10^{6}$", "correct"},
      {"1000000", "10**6", "correct"},
      {"0.000001", "10^{-6}", "correct"},
      {"0.001", "10⁻³", "correct"},
      {"6.02e23", "6.02×10²³", "correct"},
      {"6.02e23", "6.02*10**23", "correct"},
      {"1000000", "10^5", "incorrect"},
      {"-1000000", "-10^6", "correct"},
      {"1000000", "10^6^1", "invalid"},
  });
}

// Where there is nothing to copy, an answer may be left to work out.
TEST(Numeric, AnUnworkedAnswerIsReadWhereTheQuestionIsNoSum) {
  const char* eggs = "A box holds a dozen eggs and there are 7 boxes. How many eggs are there?";
  AskedCheck({
      {eggs, "84", "7*12", "correct"},
      {eggs, "84", "7 \\times 12", "correct"},
      {eggs, "84", "7*13", "incorrect"},
      {"What is 7 × 12?", "84", "7*12", "invalid"},
      {"What is 7 × 12?", "84", "12*7", "invalid"},
      {"Compute seven times twelve.", "84", "7*12", "invalid"},
      {"", "84", "7*12", "invalid"},
  });
  Item item = Of(Format::kNumeric, "84");
  item.question = eggs;
  EXPECT_TRUE(CheckAnswer(item, "7*12").unsimplified);
  EXPECT_FALSE(CheckAnswer(item, "7*12 = 84").unsimplified);
}

TEST(Numeric, PartsInSeveralUnitsAreAddedUp) {
  Check({
      {"90 minutes", "1 h 30 min", "correct"},
      {"90 minutes", "1 hour and 30 minutes", "correct"},
      {"90 minutes", "1 h 20 min", "incorrect"},
      {"90 minutes", "1 h 30 m", "invalid"},
      {"90 minutes", "30 min 1 h", "invalid"},
      {"90 minutes", "1 h 30", "invalid"},
      {"$12.50", "12 dollars and 50 cents", "correct"},
      {"2 m", "1 m 100 cm", "correct"},
  });
}

TEST(Numeric, MarksThatMayMeanSomethingAreNotSkipped) {
  for (const char* answer : {"17!", "17 !", "17..", "17...", "{17", "17}", "{{17}", "17.0!"}) {
    EXPECT_EQ(Is(Format::kNumeric, "17", answer), "invalid") << answer;
  }
}

TEST(Numeric, AnAnswerThatFillsItsLimitIsQuick) {
  const auto repeated = [](std::string_view part) {
    std::string text;
    while (text.size() + part.size() <= 4096) text += part;
    return text;
  };
  const std::string question = repeated("How many hours in hours ");
  for (const char* part :
       {"9*",    "9=",  "9+9=",          "the ",  "1 h ",   "(",       "{",   "\\boxed{",
        "$",     "**",  "9^9^",          "9^99*", "minus ", "twenty ", "is ", "= ",
        "#### ", "x: ", "\\frac{1}{9}+", "((9)+", "1,000*", "²",       "⁻"}) {
    Item item = Of(Format::kNumeric, "17");
    item.question = question;
    const CpuTime cpu;
    CheckAnswer(item, repeated(part));
    EXPECT_LT(cpu.passed(), kSanitized * std::chrono::milliseconds(50)) << part;
  }
}

TEST(Numeric, AQuestionThatFillsItsLimitIsReadQuickly) {
  for (const std::string_view part : {"how many hours in ", "in km ", "how much $ cost "}) {
    Item item = Of(Format::kNumeric, "17");
    while (item.question.size() + part.size() <= kQuestionBytesMax) item.question += part;
    const CpuTime cpu;
    CheckAnswer(item, "17 km");
    EXPECT_LT(cpu.passed(), kSanitized * std::chrono::milliseconds(50)) << part;
  }
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
