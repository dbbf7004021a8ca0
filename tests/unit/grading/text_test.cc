// What texts and choices say by their marks, their case and their signs.
#include <gtest/gtest.h>

#include "grading/notation/text_form.h"
#include "vocabulary.h"

namespace lyceum::grading {
namespace {

std::string TextIs(const char* key, const char* answer) { return Is(Format::kText, key, answer); }

Item Among(std::vector<std::string> choices, std::string key) {
  Item item = Of(Format::kChoice, std::move(key));
  item.choices = std::move(choices);
  return item;
}

TEST(Text, SignsAndMarksThatMeanSomethingAreNotDropped) {
  for (const auto& [key, answer] :
       std::vector<std::pair<const char*, const char*>>{{"(2.5,7)", "2.57"},
                                                        {"3,8", "38"},
                                                        {"[0, 2]", "(0,2)"},
                                                        {"g'(t)", "g(t)"},
                                                        {"7!", "7"},
                                                        {"Cl-", "Cl"},
                                                        {"F#", "F"},
                                                        {"2,05", "205"},
                                                        {"(a+b)^2", "a+b^2"},
                                                        {"\"name\"", "name"},
                                                        {"3^(n-1)", "3^n-1"},
                                                        {"Na+", "Na"},
                                                        {"x_1", "x"},
                                                        {"5%", "5"},
                                                        {"[1,2]", "{1,2}"}}) {
    EXPECT_NE(TextIs(key, answer), "correct") << key << " <- " << answer;
    EXPECT_EQ(TextIs(key, key), "correct") << key;
  }
  EXPECT_EQ(TextIs("y=5-x", "y=5+x"), "incorrect");
  EXPECT_EQ(TextIs("y=-2x", "y=2x"), "incorrect");
  EXPECT_EQ(TextIs("10:30", "1:30"), "incorrect");
}

TEST(Text, CaseSaysSomethingOfGenesElementsAndSymbols) {
  for (const auto& [key, answer] :
       std::vector<std::pair<const char*, const char*>>{{"Bb", "BB"},
                                                        {"Ni", "NI"},
                                                        {"NaOH", "NAOH"},
                                                        {"mV", "MV"},
                                                        {"x", "X"},
                                                        {"bb", "Bb"},
                                                        {"BbCc", "BbCC"},
                                                        {"f(x)", "F(x)"}}) {
    EXPECT_EQ(TextIs(key, answer), "invalid") << key << " <- " << answer;
  }
  for (const auto& [key, answer] :
       std::vector<std::pair<const char*, const char*>>{{"enzyme", "Enzyme"},
                                                        {"DNA", "dna"},
                                                        {"no", "No"},
                                                        {"New Delhi", "new delhi"},
                                                        {"vitamin C", "Vitamin c"},
                                                        {"МОСКВА", "Москва"},
                                                        {"Αθήνα", "αθήνα"},
                                                        {"ŽLUŤ", "žluť"}}) {
    EXPECT_EQ(TextIs(key, answer), "correct") << key << " <- " << answer;
  }
}

TEST(Text, WhatOnlyDecoratesIsDropped) {
  for (const auto& [key, answer] : std::vector<std::pair<const char*, const char*>>{
           {"<em>diffusion</em>", "diffusion"},
           {"diffusion", "**diffusion**"},
           {"diffusion", "`diffusion`!"},
           {"NH₃", "NH3"},
           {"PO₄³⁻", "PO4^3-"},
           {"CO_2", "CO2"},
           {"Mg^{2+}", "Mg2+"},
           {"y²", "y^2"},
           {"red, white and blue", "red white and blue"},
           {"Ohm's law", "Ohm’s law"},
           {"True", "T"},
           {"false", "F"},
           {"yes", "Yep"},
           {"5 cm", "5cm"},
           {"2,500", "2500"},
           {"diffusion", "“diffusion”"}}) {
    EXPECT_EQ(TextIs(key, answer), "correct") << key << " <- " << answer;
  }
  EXPECT_EQ(TextIs("true", "f"), "incorrect");
  EXPECT_EQ(TextIs("well-known", "wellknown"), "invalid");
  EXPECT_EQ(TextIs("y=3-x", "y = -x+3"), "invalid");
}

TEST(Text, FoldingKnowsMoreThanLatin) {
  EXPECT_EQ(Folded("ÀŁŸΣĀЖԱ"), "àłÿσāжա");
  EXPECT_EQ(Folded("ß×÷\xff"), "ss×÷\xff");
  EXPECT_EQ(TextForm("  1,000   people. "), "1000people");
}

TEST(Choice, AChoiceIsMetWithItsSignsUnitsAndCase) {
  const auto is = [](std::vector<std::string> choices, const char* answer) {
    const std::string key = choices[0];
    return CheckAnswer(Among(std::move(choices), key), answer).outcome;
  };
  EXPECT_EQ(is({"-t", "3t", "t^2"}, "t"), Outcome::kInvalid);
  EXPECT_EQ(is({"7 km", "9 km"}, "7 m"), Outcome::kInvalid);
  EXPECT_EQ(is({"7 km", "9 km"}, "7"), Outcome::kCorrect);
  EXPECT_EQ(is({"25", "6", "7"}, "2,5"), Outcome::kInvalid);
  EXPECT_EQ(is({"(2,5)", "(3,4)"}, "25"), Outcome::kInvalid);
  EXPECT_EQ(is({"4!", "3!"}, "4"), Outcome::kInvalid);
  EXPECT_EQ(is({"Mm", "km"}, "mm"), Outcome::kInvalid);
  EXPECT_EQ(is({"2/(y-1)", "y-1"}, "2/y-1"), Outcome::kInvalid);
  EXPECT_EQ(is({"q", "p", "r"}, "~q"), Outcome::kInvalid);
  EXPECT_EQ(is({"True", "False"}, "T"), Outcome::kCorrect);
  EXPECT_EQ(is({"A kite", "A disc"}, "A!"), Outcome::kCorrect);
  EXPECT_EQ(is({"A kite", "A disc"}, "-a"), Outcome::kInvalid);
  EXPECT_EQ(is({"A kite", "A disc"}, "\"a KITE\""), Outcome::kCorrect);
}

}  // namespace
}  // namespace lyceum::grading
