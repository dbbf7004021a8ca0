#include "llm/text_joiner.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lyceum::llm {
namespace {

const std::string kFace = "\xf0\x9f\x98\x80";

// What texts of JSON say together; "bad" at the end where they are none.
std::string Joined(const std::vector<std::string>& marked) {
  TextJoiner joiner;
  std::string text;
  for (const std::string& each : marked) {
    if (!joiner.Add(Marked(each), &text)) return text + "bad";
  }
  return text;
}

TEST(TextJoiner, WhatIsWholeIsAsItIs) {
  EXPECT_EQ(Marked("{\"a\":\"\\ud83d\\ude00 \\\\ud83d \\u00bd\"}"),
            "{\"a\":\"\\ud83d\\ude00 \\\\ud83d \\u00bd\"}");
  EXPECT_EQ(Joined({"a", "\xc2\xbd", kFace}), "a\xc2\xbd" + kFace);
}

TEST(TextJoiner, BytesOfACharacterFindEachOther) {
  EXPECT_EQ(Joined({"a\xc2", "\xbd", "b"}),
            "a\xc2\xbd"
            "b");
  EXPECT_EQ(Joined({"\xf0", "\x9f", "\x98", "\x80"}), kFace);
  EXPECT_EQ(Joined({"\xf0\x9f", "\x98\x80!"}), kFace + "!");
}

TEST(TextJoiner, HalvesOfAPairFindEachOther) {
  EXPECT_EQ(Joined({"a\\ud83d", "\\ude00z"}), "a" + kFace + "z");
  EXPECT_EQ(Joined({"\xed\xa0\xbd", "\xed\xb8\x80"}), kFace) << "as bytes";
  EXPECT_EQ(Joined({"\\ud83d\\ud83d", "\\ude00"}), kFace);
}

TEST(TextJoiner, HalfAPairAloneMeansNothing) {
  EXPECT_EQ(Joined({"a\\ud83d", "b"}), "ab");
  EXPECT_EQ(Joined({"\\ude00", "b"}), "b");
  EXPECT_EQ(Joined({"a\\ud83d"}), "a");
  EXPECT_EQ(Joined({"a\xc2"}), "a") << "nor half a character at the end";
}

TEST(TextJoiner, WhatBecomesNoCharacterIsNoText) {
  EXPECT_EQ(Joined({"a\xff"}), "abad");
  EXPECT_EQ(Joined({"a\xc2", "b"}), "abad");
  EXPECT_EQ(Joined({"\x80"}), "bad");
}

}  // namespace
}  // namespace lyceum::llm
