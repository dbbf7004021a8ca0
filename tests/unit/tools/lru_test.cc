#include "tools/lru.h"

#include <gtest/gtest.h>

namespace lyceum::tools {
namespace {

TEST(Lru, TheOneUsedLeastRecentlyGoesFirst) {
  Lru<int> lru(20);
  lru.Put("a", std::make_shared<int>(1), 10);
  lru.Put("b", std::make_shared<int>(2), 10);
  ASSERT_TRUE(lru.Get("a"));
  lru.Put("c", std::make_shared<int>(3), 10);
  EXPECT_TRUE(lru.Get("a"));
  EXPECT_FALSE(lru.Get("b"));
  EXPECT_EQ(lru.bytes(), 20U);
}

TEST(Lru, WhatIsLargerThanAllOfItIsNotKept) {
  Lru<int> lru(20);
  lru.Put("a", std::make_shared<int>(1), 10);
  lru.Put("b", std::make_shared<int>(2), 21);
  EXPECT_TRUE(lru.Get("a"));
  EXPECT_FALSE(lru.Get("b"));
}

TEST(Lru, PuttingAgainReplaces) {
  Lru<int> lru(20);
  lru.Put("a", std::make_shared<int>(1), 10);
  lru.Put("a", std::make_shared<int>(2), 15);
  EXPECT_EQ(*lru.Get("a"), 2);
  EXPECT_EQ(lru.bytes(), 15U);
}

}  // namespace
}  // namespace lyceum::tools
