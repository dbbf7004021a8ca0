#include "import_fixture.h"

namespace lyceum::tools {
namespace {

using tutor::AnswerFormat;
using Texts = std::vector<std::string>;

Imported Gift(const std::string& text) { return Import(SourceFormat::kGift, text); }

TEST(ImportGift, EachKindOfQuestionIsCarried) {
  const Imported all = Gift(
      "// a comment\n"
      "::tomb:: Who lies here? {~a king ~%50%a prince#Nearly. =nobody#Yes.}\n\n"
      "::gap:: Grass is {=green ~red} in May.\n\n"
      "::truth:: Water is wet. {T#Touch it.#It is.}\n\n"
      "::short:: Two and two? {=four =4 =%75%fuor#Look at the letters.}\n\n"
      "::born:: When? {#1822:2}\n\n"
      "::pi:: How much is pi? {#3.141..3.142}\n\n"
      "::exact:: 2+2? {#=4#Right.}\n");
  EXPECT_EQ(all.Refusal(), "");
  const tutor::Question& tomb = all.Question("tomb");
  EXPECT_EQ(tomb.format, AnswerFormat::kChoice);
  EXPECT_EQ(tomb.choices, (Texts{"a king", "a prince", "nobody"}));
  EXPECT_EQ(tomb.answers, Texts{"nobody"});
  EXPECT_EQ(tomb.solution, "Yes.");
  ASSERT_EQ(tomb.known_errors.size(), 1U);
  EXPECT_EQ(tomb.known_errors[0].answers, Texts{"a prince"});
  EXPECT_EQ(tomb.known_errors[0].text, "Nearly.");
  EXPECT_DOUBLE_EQ(tomb.known_errors[0].credit, 0.5);
  EXPECT_EQ(all.Question("gap").text, "Grass is _____ in May.");
  const tutor::Question& truth = all.Question("truth");
  EXPECT_EQ(truth.choices, (Texts{"True", "False"}));
  EXPECT_EQ(truth.answers, Texts{"True"});
  EXPECT_EQ(truth.known_errors.at(0).text, "Touch it.");
  EXPECT_EQ(truth.solution, "It is.");
  const tutor::Question& words = all.Question("short");
  EXPECT_EQ(words.format, AnswerFormat::kText);
  EXPECT_EQ(words.answers, (Texts{"four", "4"}));
  EXPECT_DOUBLE_EQ(words.known_errors.at(0).credit, 0.75);
  const tutor::Question& born = all.Question("born");
  EXPECT_EQ(born.format, AnswerFormat::kNumeric);
  EXPECT_EQ(born.answers, Texts{"1822"});
  EXPECT_DOUBLE_EQ(born.tolerance, 2);
  EXPECT_EQ(all.Question("pi").answers, Texts{"3.1415"});
  EXPECT_NEAR(all.Question("pi").tolerance, 0.0005, 1e-12);
  EXPECT_EQ(all.Question("exact").tolerance, 0);
}

TEST(ImportGift, SeveralRightChoicesKeepTheirWeights) {
  const Imported all = Gift("::two:: Which? {~%-50%x ~%50%a ~%50%b ~%-100%y#Never.}\n");
  EXPECT_EQ(all.Refusal(), "");
  const tutor::Question& two = all.Question("two");
  EXPECT_EQ(two.format, AnswerFormat::kMultipleChoice);
  EXPECT_TRUE(two.partial_credit);
  EXPECT_EQ(two.answers, (Texts{"a", "b"}));
  ASSERT_EQ(two.known_errors.size(), 1U);
  EXPECT_EQ(two.known_errors[0].answers, Texts{"y"});
  EXPECT_DOUBLE_EQ(two.known_errors[0].credit, -1);
  EXPECT_EQ(two.known_errors[0].text, "Never.");
}

TEST(ImportGift, EscapesFormatsAndMathematicsAreRead) {
  const Imported all = Gift(
      "::a:: Which equals 5? {~ \\= 2 + 2 = \\= 2 + 3}\n\n"
      "::b:: [html]<p>How much is <b>\\\\(x\\\\)</b>?</p>{#1}\n\n"
      "::c:: Set \\{1\\}, name it\\: {=one}\n");
  EXPECT_EQ(all.Refusal(), "");
  EXPECT_EQ(all.Question("a").answers, Texts{"= 2 + 3"});
  EXPECT_EQ(all.Question("b").text, "How much is **$$x$$**?");
  EXPECT_EQ(all.Question("c").text, "Set {1}, name it:");
}

TEST(ImportGift, CategoriesAreTopicsAndDescriptionsMaterial) {
  const Imported all = Gift(
      "$CATEGORY: top/Sums\n\nSums add.\n\n1+1? {#2}\n\n$CATEGORY: top/Words\n\nSay a. {=a}\n");
  ASSERT_EQ(all.read.course.topics.size(), 2U);
  EXPECT_EQ(all.read.course.topics[0].title, "Sums");
  EXPECT_EQ(all.read.course.topics[0].id.value, "sums");
  EXPECT_EQ(all.read.course.topics[0].material, Texts{"Sums add."});
  EXPECT_EQ(all.read.course.topics[1].title, "Words");
}

TEST(ImportGift, WhatIsNotCarriedIsRefusedByItsName) {
  const std::vector<std::pair<const char*, const char*>> items = {
      {"Match. {=a -> b =c -> d}", "matching"},
      {"Write. {}", "an essay"},
      {"When? {#=1822:0 =%50%1822:2}", "a part of the marks for numbers within another tolerance"},
      {"Which? {~%50%a ~%50%b ~c}",
       "wrong choices that cost nothing: marking all of them has full marks"},
      {"Which? {~%70%a ~%30%b ~%-100%c}", "right choices of different weight"},
      {"Which? {=a ~%-25%b}", "a wrong choice that takes marks from the whole"},
      {"Say. {=a*b}", "the wildcard * in an answer"},
      {"One {=a} and two {=b}.", "more than one part in braces"},
      {"Open {=a", "a { without its }"},
      {"See <img src=x> {=a}", "<img>: a picture"},
      {"How many? {#many}", "\"many\" is not a number"},
      {"Which? {~a ~b}", "no choice is right"},
  };
  for (const auto& [item, why] : items) {
    const Imported all = Gift(std::string(item) + "\n\nGood? {=yes}\n");
    EXPECT_EQ(all.Refusal(), why) << item;
    EXPECT_EQ(all.Questions(), 1U) << item;
  }
}

TEST(ImportGift, ARefusalHasItsLineAndItsName) {
  const Imported all = Gift("Good? {=yes}\n\n// comment\n::bad one::\nWhat? {}\n");
  ASSERT_EQ(all.read.refusals.size(), 1U);
  EXPECT_EQ(all.read.refusals[0].line, 4);
  EXPECT_EQ(all.read.refusals[0].item, "bad one");
}

TEST(ImportGift, AFormatWithoutItsEndIsText) {
  const Imported all = Gift("[html\n\nGood? {=yes}\n");
  EXPECT_EQ(all.Refusal(), "");
  EXPECT_EQ(all.Questions(), 1U);
}

}  // namespace
}  // namespace lyceum::tools
