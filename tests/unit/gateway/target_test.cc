#include "gateway/target.h"

#include <gtest/gtest.h>

namespace lyceum::gateway {
namespace {

TEST(TargetTest, SegmentsAndValuesAreDecoded) {
  const auto target = ParseTarget("/v1/sessions/%C3%A4d%C3%A4/events?after=3&ticket=a%2Bb&x");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, (std::vector<std::string>{"v1", "sessions", "ädä", "events"}));
  EXPECT_EQ(target->QueryText("after"), "3");
  EXPECT_EQ(target->QueryText("ticket"), "a+b");
  EXPECT_EQ(target->QueryText("other"), "");
}

TEST(TargetTest, WhatIsNotAPathIsRefused) {
  for (const char* bad :
       {"", "x", "http://a/b", "/a//b", "/a/", "/..", "/a/../b", "/%2e%2e/a", "/a/.", "/a%2fb",
        "/a%", "/a%1", "/a%zz", "/a%00b", "/a%0d%0ab", "/%ff", "*", "/1/2/3/4/5/6/7/8/9"}) {
    EXPECT_FALSE(ParseTarget(bad)) << bad;
  }
  EXPECT_TRUE(ParseTarget("/"));
}

TEST(TargetTest, NumbersAreWholeAndFit) {
  EXPECT_EQ(ParseNumber("0"), 0u);
  EXPECT_EQ(ParseNumber("4294967295"), 4294967295u);
  for (const char* bad : {"", "-1", "+1", "1 ", "4294967296", "0x1", "1.0"}) {
    EXPECT_FALSE(ParseNumber(bad)) << bad;
  }
}

}  // namespace
}  // namespace lyceum::gateway
