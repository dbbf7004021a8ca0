#include "cli/pair_lines.h"

#include <gtest/gtest.h>

#include <sstream>

namespace lyceum::cli {
namespace {

const char* const kLine =
    R"({"id":"a","answer_kind":"numeric","reference_answers":["3"],"student_answer":"4"})";

TEST(PairLines, ALineIsAPair) {
  const auto line = ParsePairLine(
      R"({"id":"a","answer_kind":"interval_or_tuple","reference_answers":["[1,2]"],"choices":null,)"
      R"("student_answer":"[1,3]","question":"q","correct":false,"module":7})");
  ASSERT_TRUE(line) << line.error().text;
  EXPECT_EQ(line->id, "a");
  EXPECT_EQ(line->kind, "interval_or_tuple");
  EXPECT_EQ(line->pair.kind, grading::Kind::kInterval);
  EXPECT_EQ(line->pair.references, std::vector<std::string>{"[1,2]"});
  EXPECT_EQ(line->pair.answer, "[1,3]");
  EXPECT_EQ(line->pair.question, "q");
  EXPECT_EQ(line->correct, false);
  EXPECT_EQ(ParsePairLine(kLine)->correct, std::nullopt);
}

TEST(PairLines, WhatIsMissingOrOfAnotherTypeIsRefused) {
  const std::string good = kLine;
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return ParsePairLine(text);
  };
  EXPECT_FALSE(with("\"id\"", "\"di\""));
  EXPECT_FALSE(with("\"a\"", "7"));
  EXPECT_FALSE(with("numeric", "poem"));
  EXPECT_FALSE(with("[\"3\"]", "[]"));
  EXPECT_FALSE(with("[\"3\"]", "[3]"));
  EXPECT_FALSE(with("[\"3\"]", "\"3\""));
  EXPECT_FALSE(with("\"4\"", "4"));
  EXPECT_FALSE(with("\"4\"", "\"4\",\"correct\":\"yes\""));
  EXPECT_FALSE(with("\"4\"", "\"4\",\"question\":[]"));
  EXPECT_FALSE(with("\"4\"", "\"4\",\"choices\":[1]"));
  EXPECT_FALSE(ParsePairLine("[]"));
  EXPECT_FALSE(ParsePairLine("{"));
}

TEST(PairLines, ErrorsNameTheLine) {
  std::istringstream from(std::string(kLine) + "\n\n  \r\n{\n" + kLine);
  size_t number = 0;
  const auto first = ReadPairLine(from, &number);
  ASSERT_TRUE(first && first->has_value());
  const auto second = ReadPairLine(from, &number);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().text, "line 4: not a JSON object");
  const auto third = ReadPairLine(from, &number);
  ASSERT_TRUE(third && third->has_value());
  const auto end = ReadPairLine(from, &number);
  ASSERT_TRUE(end);
  EXPECT_FALSE(end->has_value());
}

TEST(PairLines, ALineHasABound) {
  std::istringstream from(std::string(kPairLineBytesMax + 1, ' ') + "\n" + kLine);
  size_t number = 0;
  EXPECT_FALSE(ReadPairLine(from, &number));
  EXPECT_EQ(number, 1U);
}

}  // namespace
}  // namespace lyceum::cli
