#include "tools/passages.h"

#include <gtest/gtest.h>

namespace lyceum::tools {
namespace {

const std::string kPadding =
    " This sentence says nothing in particular, but it makes the paragraph long enough to stand on "
    "its own, so that the next paragraph becomes a passage by itself and is ranked by itself as "
    "well, "
    "whatever else the segment may hold.";

std::string Paragraph(const std::string& text) { return text + kPadding; }

TEST(Passages, TheParagraphAboutTheAskedWordComesFirst) {
  const Passages passages({"Fractions\n\n" + Paragraph("The numerator stands above the line.") +
                               "\n\n" + Paragraph("The denominator stands below the line."),
                           "Percent\n\n" + Paragraph("Percent means of a hundred.")});
  ASSERT_EQ(passages.size(), 3U);
  const auto found = passages.Rank("What is a denominator?", 3);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(passages.text(found[0].passage).find("denominator"), std::string::npos);
  EXPECT_EQ(passages.title(found[0].passage), "Fractions");
  EXPECT_DOUBLE_EQ(found[0].coverage, 1);
}

TEST(Passages, ARareWordWeighsMoreThanACommonOne) {
  const Passages passages({Paragraph("apples and pears"), Paragraph("apples and plums"),
                           Paragraph("apples and apples and apples")});
  const auto found = passages.Rank("apples plums", 3);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_NE(passages.text(found[0].passage).find("plums"), std::string::npos);
}

TEST(Passages, AQueryOfUnknownOrStopWordsFindsNothing) {
  const Passages passages({Paragraph("The numerator stands above the line.")});
  EXPECT_TRUE(passages.Rank("why is that so?", 3).empty());
  EXPECT_TRUE(passages.Rank("football", 3).empty());
  EXPECT_TRUE(passages.Rank("", 3).empty());
  EXPECT_TRUE(Passages({}).Rank("numerator", 3).empty());
}

TEST(Passages, CoverageFallsWithWordsThatAreNotThere) {
  const Passages passages({Paragraph("The numerator stands above the line.")});
  const auto found = passages.Rank("numerator of the moon landing", 1);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_LT(found[0].coverage, 0.3);
}

TEST(Passages, ContextDecidesBetweenEquals) {
  const Passages passages(
      {Paragraph("Sign rules: subtract integers."), Paragraph("Sign rules: multiply fractions.")});
  const auto found = passages.Rank("sign rules", 2, "How do you multiply 2/3 by 4?");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_NE(passages.text(found[0].passage).find("multiply"), std::string::npos);
}

TEST(Passages, WordsOfTheSubjectAreFoundWhereTheyStandAlone) {
  const Passages passages({Paragraph("The mean is the sum by the count."),
                           Paragraph("Work is force times distance."),
                           Paragraph("The operator or is true where one side is.")});
  const auto first = [&](const char* query) {
    const auto found = passages.Rank(query, 1);
    return found.empty() ? std::string() : passages.text(found[0].passage).substr(0, 8);
  };
  EXPECT_EQ(first("what is the mean"), "The mean");
  EXPECT_EQ(first("what does mean mean?"), "The mean");
  EXPECT_EQ(first("what is work?"), "Work is ");
  EXPECT_EQ(first("what does or do"), "The oper");
}

TEST(Passages, WhatXIsStandsBeforeWhereXIsUsed) {
  const Passages passages({Paragraph("Take the numerator, the numerator and the numerator again."),
                           Paragraph("The upper number is the numerator.")});
  const auto found = passages.Rank("what is a numerator?", 2);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].passage, 1U);
  EXPECT_TRUE(found[0].defines);
  EXPECT_EQ(passages.Rank("where does the numerator go to", 1)[0].passage, 0U);
}

TEST(Passages, TheContextNeverBeatsWhatWasAsked) {
  const Passages passages({Paragraph("A rhombus has four sides."),
                           Paragraph("Apples, pears, plums and cherries: apples.")});
  const auto found = passages.Rank("rhombus", 2, "apples pears plums cherries apples pears");
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].passage, 0U);
}

TEST(Passages, TitlesWeigh) {
  const Passages passages({"Fractions\n\n" + Paragraph("Percent is a fraction, one of a hundred."),
                           "Percent\n\n" + Paragraph("It means of a hundred.")});
  EXPECT_EQ(passages.title(passages.Rank("show me percent", 1)[0].passage), "Percent");
}

TEST(Asked, IsUnderstoodUnderAllNames) {
  const Synonyms synonyms = {{"bottom number", "denominator"}, {"take away", "subtract"}};
  const Asked asked = ReadAsked("so what is the bottom number of it?", synonyms);
  ASSERT_EQ(asked.concepts.size(), 1U);
  EXPECT_EQ(asked.concepts[0].names, (std::vector<Phrase>{{"bottom", "number"}, {"denomin"}}));
  EXPECT_EQ(asked.defined, asked.concepts[0].names);
  EXPECT_EQ(ReadAsked("how do I take away?", synonyms).concepts[0].names[1], Phrase{"subtract"});
  for (const char* now : {"why?", "i dont get it", "what does that mean", "how does this work?"}) {
    EXPECT_TRUE(ReadAsked(now).about_now) << now;
  }
  for (const char* defines :
       {"what does slope mean", "whats a slope?", "define slope", "slope?",
        "i dont know what a slope is", "what do you mean by slope", "what is meant by slope"}) {
    EXPECT_EQ(ReadAsked(defines).defined, (std::vector<Phrase>{{"slope"}})) << defines;
  }
}

TEST(Passages, PluralsFindSingulars) {
  EXPECT_EQ(ContentWords("Fractions, properties and classes"),
            (std::vector<std::string>{"fraction", "properti", "class"}));
  EXPECT_EQ(ContentWords("adding added adds"), (std::vector<std::string>{"add", "add", "add"}));
  EXPECT_EQ(ContentWords("3/4 of 2.5 %, 1,000!"),
            (std::vector<std::string>{"3/4", "2.5", "percent", "1,000"}));
  EXPECT_EQ(ContentWords("the DON'T"), std::vector<std::string>{});
}

}  // namespace
}  // namespace lyceum::tools
