#include "gateway/rates.h"

#include <gtest/gtest.h>

#include "gateway/limits.h"

namespace lyceum::gateway {
namespace {

TEST(RatesTest, ABurstAndThenTheRate) {
  Rates rates(60, 5, 100);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(rates.Allow("a", 0));
  EXPECT_FALSE(rates.Allow("a", 0));
  EXPECT_FALSE(rates.Allow("a", 900));
  EXPECT_TRUE(rates.Allow("a", 1'000));
  EXPECT_FALSE(rates.Allow("a", 1'000));
  EXPECT_TRUE(rates.Allow("b", 1'000));
}

TEST(RatesTest, WhoIsUnusedLongestIsForgotten) {
  Rates rates(60, 1, 2);
  EXPECT_TRUE(rates.Allow("a", 0));
  EXPECT_TRUE(rates.Allow("b", 0));
  EXPECT_FALSE(rates.Allow("a", 1));
  EXPECT_TRUE(rates.Allow("c", 2));  // b goes.
  EXPECT_EQ(rates.size(), 2u);
  EXPECT_FALSE(rates.Allow("a", 3));
  EXPECT_TRUE(rates.Allow("b", 4));
}

TEST(TicketsTest, EachIsAnotherAndOpensOnce) {
  Tickets tickets;
  const auto first = tickets.Make("g1", {UserId("ada"), "ada", 1}, 0);
  const auto second = tickets.Make("g1", {UserId("bob"), "bob", 1}, 0);
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
  EXPECT_EQ(first->substr(0, 3), "g1.");
  EXPECT_GE(first->size(), 3u + 32u);
  EXPECT_EQ(tickets.Use(*second, 1)->user, UserId("bob"));
  EXPECT_FALSE(tickets.Use(*second, 1));
  EXPECT_FALSE(tickets.Use("", 1));
  EXPECT_FALSE(tickets.Use(*first, kTicketMs));
}

}  // namespace
}  // namespace lyceum::gateway
