#include "llm/schema.h"

#include <gtest/gtest.h>

namespace lyceum::llm {
namespace {

constexpr std::string_view kSchema = R"({
  "type": "object",
  "properties": {
    "verdict": {"type": "string", "enum": ["correct", "incorrect"]},
    "confidence": {"type": "number"},
    "steps": {"type": "array", "items": {"type": "string"}}
  },
  "required": ["verdict", "confidence"],
  "additionalProperties": false
})";

std::string Problems(std::string_view answer) {
  auto schema = Schema::Parse(kSchema);
  if (!schema) return schema.error().text;
  return schema->Fit(answer).problem;
}

TEST(Schema, AnAnswerThatFitsHasNoProblem) {
  EXPECT_EQ(Problems(R"({"verdict":"correct","confidence":0.5,"steps":["a"]})"), "");
  EXPECT_EQ(Problems(" {\"verdict\":\"correct\",\"confidence\":1}\n"), "");
}

TEST(Schema, AFenceAroundItIsTolerated) {
  EXPECT_EQ(Problems("```json\n{\"verdict\":\"correct\",\"confidence\":1}\n```"), "");
  EXPECT_EQ(Problems("\n```\n{\"verdict\":\"correct\",\"confidence\":1}```\n"), "");
  EXPECT_NE(Problems("```json\n```"), "");
}

TEST(Schema, WhatIsWrongIsSaidInWords) {
  EXPECT_NE(Problems(R"({"confidence":1})").find("verdict"), std::string::npos);
  EXPECT_NE(Problems(R"({"verdict":"maybe","confidence":1})").find("verdict"), std::string::npos);
  EXPECT_NE(Problems(R"({"verdict":"correct","confidence":"sure"})").find("confidence"),
            std::string::npos);
  EXPECT_NE(Problems("[1]"), "");
  EXPECT_NE(Problems(""), "");
  EXPECT_NE(Problems("{\"verdict\":"), "");
  EXPECT_LT(Problems(R"({"verdict":")" + std::string(100'000, 'x') + "\"}").size(), 1200U);
}

TEST(Schema, WhatIsTooLargeOrTooDeepIsNotParsed) {
  EXPECT_EQ(Problems(std::string(1000, '[')), "The JSON is nested too deep.");
  EXPECT_EQ(Problems("\"" + std::string(kAnswerJsonBytesMax, 'x') + "\""),
            "The answer is too long.");
  EXPECT_NE(Problems("\"[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\""), "The JSON is nested too deep.")
      << "brackets in a string do not nest";
}

TEST(Schema, WhatIsNoSchemaIsRefused) {
  EXPECT_FALSE(Schema::Parse("[]"));
  EXPECT_FALSE(Schema::Parse("{"));
  EXPECT_FALSE(Schema::Parse(R"({"type":7})"));
}

}  // namespace
}  // namespace lyceum::llm
