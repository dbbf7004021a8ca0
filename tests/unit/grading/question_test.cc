// Numbers: what a question asks for, units, words, and keys that are expressions.
#include "grading/answer/question.h"

#include <gtest/gtest.h>

#include "grading/units/unit.h"
#include "vocabulary.h"

namespace lyceum::grading {
namespace {

struct Asked {
  const char* question;
  const char* key;
  const char* answer;
};

std::string AskedIs(const Asked& c, Format format = Format::kNumeric) {
  Item item = Of(format, c.key);
  item.question = c.question;
  return Name(CheckAnswer(item, c.answer).outcome);
}

TEST(Question, ItsOwnNumberInTheOldFormIsNoAnswer) {
  for (const Asked& c :
       std::vector<Asked>{{"Write 17/5 as a mixed number.", "3 2/5", "17/5"},
                          {"Turn \\frac{17}{5} into a decimal.", "3.4", "17/5"},
                          {"Change 35% to a decimal.", "0.35", "35 %"},
                          {"Change 0.35 to a percent.", "35%", "0.35"},
                          {"Write 7200 in scientific notation.", "7.2*10^3", "7200"},
                          {"Divide 42 by 6.", "7", "42/6"},
                          {"Share 42 pens among 6 people.", "7", "42/6"},
                          {"Divide: -96/8", "-12", "-96/8"},
                          {"What is 4 cubed?", "64", "4^3"},
                          {"What is 30% of 90?", "27", "0.3*90"},
                          {"What is half of 54?", "27", "54*0.5"},
                          {"Simplify 10/15.", "2/3", "10/15"},
                          {"Reduce 10/15 to lowest terms.", "2/3", "20/30"},
                          {"Write 0.25 as a fraction.", "1/4", "0.25"},
                          {"Write 9/4 as a decimal.", "2.25", "2 1/4"}}) {
    EXPECT_EQ(AskedIs(c), "invalid") << c.question << " <- " << c.answer;
    EXPECT_EQ(AskedIs({c.question, c.key, c.key}), "correct") << c.question;
  }
  for (const Asked& c :
       std::vector<Asked>{{"5 hens lay 5 eggs each day. How many?", "5", "5.0"},
                          {"How long is half a mile, in miles?", "0.5", "1/2"},
                          {"Ann has 12 pens and loses 4.", "8", "8"},
                          {"Write 17/5 as a mixed number or a decimal.", "3 2/5", "3.4"},
                          {"Add 1/4 and 1/2.", "3/4", "0.75"}}) {
    EXPECT_EQ(AskedIs(c), "correct") << c.question << " <- " << c.answer;
  }
}

TEST(Question, PercentIsAskedForWhereNoNumberStandsBeforeIt) {
  EXPECT_EQ(PercentOf("Find the percent increase."), PercentIn::kAsked);
  EXPECT_EQ(PercentOf("0.4 = ___ %"), PercentIn::kAsked);
  EXPECT_EQ(PercentOf("What is 15% of 80?"), PercentIn::kGiven);
  EXPECT_EQ(PercentOf("What is fifteen percent of 80?"), PercentIn::kGiven);
  EXPECT_EQ(PercentOf("How many are left?"), PercentIn::kNowhere);
  for (const char* question :
       {"By what percentage did it grow?", "Give the relative error in percent.",
        "Round to the nearest whole percent.", "Find the percent decrease."}) {
    EXPECT_EQ(AskedIs({question, "30", "30%"}), "correct") << question;
    EXPECT_EQ(AskedIs({question, "30", "31%"}), "incorrect") << question;
  }
  EXPECT_EQ(AskedIs({"What is 15% of 80?", "12", "12%"}), "incorrect");
  EXPECT_EQ(AskedIs({"Which interest rate is that?", "4", "4%"}), "invalid");
  EXPECT_EQ(AskedIs({"How many boats are there?", "4", "4%"}), "incorrect");
}

TEST(Question, APointIsNoInterval) {
  const auto is = [](const char* question, const char* answer) {
    return AskedIs({question, "(1,4)", answer}, Format::kInterval);
  };
  EXPECT_EQ(is("Where is the midpoint?", "1 < x < 4"), "invalid");
  EXPECT_EQ(is("Where is the midpoint?", "x=1, y=4"), "correct");
  EXPECT_EQ(is("On which interval does it grow?", "1 < x < 4"), "correct");
}

TEST(Units, HavePrefixesAndManyNames) {
  for (const auto& [key, answer] :
       std::vector<std::pair<const char*, const char*>>{{"25 kJ", "25000 J"},
                                                        {"2.5 kPa", "2500 Pa"},
                                                        {"0.2 A", "200 mA"},
                                                        {"3 MV", "3000 kV"},
                                                        {"7 µF", "7 uF"},
                                                        {"4 kΩ", "4000 ohms"},
                                                        {"2 mol", "2 moles"},
                                                        {"290 K", "290 kelvin"},
                                                        {"2 gallons", "8 quarts"},
                                                        {"5 cm^2", "5 cm squared"},
                                                        {"5 m^3", "5 cubic meters"},
                                                        {"3 years", "3 yr"},
                                                        {"2 years", "24 months"},
                                                        {"4 m/s^2", "4 ms^-2"},
                                                        {"4 m/s", "4 m s^{-1}"},
                                                        {"4 m/s^2", "4 meters per second squared"},
                                                        {"6 Nm", "6 N*m"},
                                                        {"1 kWh", "3.6 MJ"},
                                                        {"2 kcal", "2000 cal"}}) {
    EXPECT_EQ(Is(Format::kNumeric, key, answer), "correct") << key << " <- " << answer;
  }
  for (const auto& [key, answer] :
       std::vector<std::pair<const char*, const char*>>{{"25 kJ", "25 J"},
                                                        {"0.2 A", "200 MA"},
                                                        {"12 V", "12 A"},
                                                        {"3 mm", "3 Mm"},
                                                        {"290 K", "290 C"},
                                                        {"4 m/s", "4 m/s^2"}}) {
    EXPECT_EQ(Is(Format::kNumeric, key, answer), "incorrect") << key << " <- " << answer;
  }
  EXPECT_EQ(AskedIs({"Convert 3 m to cm.", "300", "300 cm"}), "correct");
  EXPECT_EQ(AskedIs({"Convert 3 m to cm.", "300", "3 m"}), "invalid");
}

TEST(Numeric, WordsMayBeFractionsAndLargeNumbers) {
  for (const auto& [key, answer] : std::vector<std::pair<const char*, const char*>>{
           {"1/2", "one half"},
           {"0.5", "a half"},
           {"3/4", "three quarters"},
           {"5/8", "five eighths"},
           {"2.5", "two and a half"},
           {"3 1/4", "three and one quarter"},
           {"0.01", "one hundredth"},
           {"106", "one hundred and six"},
           {"2350", "two thousand three hundred fifty"},
           {"2.5", "two point five"},
           {"-40", "minus forty"},
           {"1.5", "1 and a half"}}) {
    EXPECT_EQ(Is(Format::kNumeric, key, answer), "correct") << key << " <- " << answer;
  }
  EXPECT_EQ(Is(Format::kNumeric, "1/3", "one half"), "incorrect");
  for (const char* answer : {"one two", "half of 36", "hundred", "a", "one or two"}) {
    EXPECT_EQ(Is(Format::kNumeric, "1", answer), "invalid") << answer;
  }
}

TEST(Numeric, AKeyMayBeAConstant) {
  EXPECT_EQ(KeyProblem(Of(Format::kNumeric, "pi/2")), "");
  EXPECT_EQ(KeyProblem(Of(Format::kNumeric, "2\\sqrt{3}")), "");
  EXPECT_NE(KeyProblem(Of(Format::kNumeric, "2x")), "");
  for (const auto& [key, answer] : std::vector<std::pair<const char*, const char*>>{
           {"pi/2", "\\frac{\\pi}{2}"}, {"2sqrt(3)", "sqrt(12)"}, {"3pi", "the answer is 3π"}}) {
    EXPECT_EQ(Is(Format::kNumeric, key, answer), "correct") << key << " <- " << answer;
  }
  EXPECT_EQ(Is(Format::kNumeric, "pi/2", "1.57"), "invalid");
  EXPECT_EQ(Is(Format::kNumeric, "pi/2", "1.6"), "invalid");
  EXPECT_EQ(Is(Format::kNumeric, "pi/2", "3"), "incorrect");
  EXPECT_EQ(Is(Format::kNumeric, "pi/2", "pi/3"), "incorrect");
  Item item = Of(Format::kNumeric, "pi");
  item.tolerance = 0.01;
  EXPECT_EQ(CheckAnswer(item, "3.14").outcome, Outcome::kCorrect);
}

TEST(Lists, NothingIsSaidInManyWays) {
  for (const char* answer : {"no solution", "None", "no real solutions", "∅", "{}"}) {
    EXPECT_EQ(Is(Format::kList, "no real solution", answer), "correct") << answer;
  }
  EXPECT_EQ(Is(Format::kList, "none", "0"), "incorrect");
}

}  // namespace
}  // namespace lyceum::grading
