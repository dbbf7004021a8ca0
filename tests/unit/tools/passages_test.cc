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

TEST(Passages, PluralsFindSingulars) {
  EXPECT_EQ(ContentWords("Fractions, properties and classes"),
            (std::vector<std::string>{"fraction", "property", "class"}));
  EXPECT_EQ(ContentWords("the DON'T"), std::vector<std::string>{});
}

}  // namespace
}  // namespace lyceum::tools
