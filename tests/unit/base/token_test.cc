// Tokens: whatever an id holds, its token has nothing that a subject or the NATS protocol could
// read.
#include "base/token.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace lyceum {
namespace {

TEST(Token, PlainIdsAreTheirOwnToken) {
  for (const std::string id : {"a", "Ana_1", "0", "-", "_", "user-42"}) {
    const auto token = ToToken(id);
    ASSERT_TRUE(token) << id;
    EXPECT_EQ(*token, id);
    EXPECT_EQ(*FromToken(*token), id);
  }
  EXPECT_EQ(*ToToken(std::string(64, 'a')), std::string(64, 'a'));
}

TEST(Token, AnyOtherIdIsCarriedAndComesBack) {
  const std::string ids[] = {"a.b",
                             "*",
                             ">",
                             "a b",
                             "a\r\nPUB lyceum.in.admin.x 0\r\n\r\n",
                             "\xF0\x9F\xA6\x89",  // An owl.
                             "~abc",
                             "$SYS",
                             "an@x.org",
                             std::string("a\0b", 3),
                             "\t",
                             std::string(65, 'a'),
                             "ana/1",
                             std::string(95, '.')};
  for (const std::string& id : ids) {
    const auto token = ToToken(id);
    ASSERT_TRUE(token) << id;
    EXPECT_EQ((*token)[0], '~');
    EXPECT_LE(token->size(), kTokenMax);
    EXPECT_TRUE(std::all_of(token->begin() + 1, token->end(), [](unsigned char c) {
      return std::isalnum(c) || c == '_' || c == '-';
    })) << *token;
    EXPECT_TRUE(IsToken(*token));
    EXPECT_EQ(*FromToken(*token), id);
  }
}

TEST(Token, RefusesIdsThatNoTokenCanCarry) {
  EXPECT_EQ(ToToken("").error().text, "an id must not be empty");
  EXPECT_EQ(ToToken("\xFF\xFE").error().text, "an id must be UTF-8");
  EXPECT_EQ(ToToken(std::string(96, '.')).error().text, "an id must not be longer than 95 bytes");
  EXPECT_EQ(ToToken("").error().fault, Fault::kReject);
}

TEST(Token, RefusesWhatIsNoToken) {
  const std::string wrong[] = {"",
                               "a.b",
                               "*",
                               ">",
                               "a b",
                               "a\r\n",
                               "~",
                               "~a",
                               "~YQ==",
                               "~YQ ",
                               "~_w",
                               "\xF0\x9F\xA6\x89",
                               std::string(65, 'a'),
                               "~" + std::string(128, 'A')};
  for (const std::string& token : wrong) EXPECT_FALSE(IsToken(token)) << token;
}

// FNV-1a 32: published values, and so what the server's mapping computes.
TEST(Token, PartitionIsFnv1a) {
  EXPECT_EQ(PartitionOf("", 0xFFFFFFFFu), 0x811C9DC5u);
  EXPECT_EQ(PartitionOf("a", 0xFFFFFFFFu), 0xE40C292Cu);
  EXPECT_EQ(PartitionOf("foobar", 0xFFFFFFFFu), 0xBF9CF968u);
  EXPECT_EQ(PartitionOf("foobar", 16), 8u);
}

TEST(Token, Utf8IsCheckedAndCutBetweenCharacters) {
  EXPECT_TRUE(IsUtf8("\xC3\xA9"));
  EXPECT_FALSE(IsUtf8("\xC3"));
  EXPECT_FALSE(IsUtf8("\xED\xA0\x80"));  // A surrogate.
  EXPECT_FALSE(IsUtf8("\xC0\x80"));      // Overlong.
  EXPECT_EQ(CutUtf8("a\xC3\xA9", 2), "a");
  EXPECT_EQ(CutUtf8("a\xC3\xA9", 3), "a\xC3\xA9");
  EXPECT_EQ(CutUtf8("\xF0\x9F\xA6\x89", 3), "");
  EXPECT_EQ(CutUtf8("abc", 0), "");
}

}  // namespace
}  // namespace lyceum
