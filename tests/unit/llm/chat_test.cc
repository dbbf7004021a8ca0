#include "llm/chat.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace lyceum::llm {
namespace {

TEST(TokensAtMostTest, IsOnTheHighSideOfFourBytesAToken) {
  const std::string prose = "Cut a cake into four pieces of the same size and take three of them.";
  EXPECT_GE(TokensAtMost(prose), prose.size() / 4);
  EXPECT_LE(TokensAtMost(prose), prose.size());
}

TEST(TokensAtMostTest, CountsEveryByteBeyondAscii) {
  EXPECT_GE(TokensAtMost("\xe5\x88\x86\xe6\x95\xb0"), 6u);
}

TEST(UsageTest, SumsStopAtTheLargestNumber) {
  Usage usage{std::numeric_limits<uint32_t>::max() - 1, 2, 3};
  usage += Usage{5, 6, 7};
  EXPECT_EQ(usage.input_tokens, std::numeric_limits<uint32_t>::max());
  EXPECT_EQ(usage.output_tokens, 8u);
  EXPECT_EQ(usage.cached_tokens, 10u);
}

}  // namespace
}  // namespace lyceum::llm
