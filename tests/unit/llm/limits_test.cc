// The limits of a provider and the budget of a user.
#include <gtest/gtest.h>

#include <string>

#include "llm/budget.h"
#include "llm/limiter.h"

namespace lyceum::llm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Deadline kNow{std::chrono::hours(5)};
constexpr int64_t kNoonMs = 20'000LL * 86'400'000 + 43'200'000;
constexpr int64_t kDayMs = 86'400'000;

TEST(LimiterTest, ConcurrencyIsGivenBack) {
  Limiter limiter({2, 0, 0}, kNow);
  EXPECT_FALSE(limiter.Enter(1, kNow));
  EXPECT_FALSE(limiter.Enter(1, kNow));
  EXPECT_TRUE(limiter.Enter(1, kNow));
  limiter.Leave(1, 1);
  EXPECT_FALSE(limiter.Enter(1, kNow));
}

TEST(LimiterTest, RequestsComeBackEvenly) {
  Limiter limiter({0, 60, 0}, kNow);
  for (int i = 0; i < 60; ++i) EXPECT_FALSE(limiter.Enter(1, kNow)) << i;
  const auto again = limiter.Enter(1, kNow);
  ASSERT_TRUE(again);
  EXPECT_GE(*again - kNow, seconds(1));
  EXPECT_LE(*again - kNow, milliseconds(1'010));
  EXPECT_FALSE(limiter.Enter(1, *again));
  EXPECT_TRUE(limiter.Enter(1, *again));
}

TEST(LimiterTest, TokensAreSettledWithTheTruth) {
  Limiter limiter({0, 0, 1'000}, kNow);
  EXPECT_FALSE(limiter.Enter(900, kNow));
  EXPECT_TRUE(limiter.Enter(900, kNow));
  limiter.Leave(900, 50);
  EXPECT_FALSE(limiter.Enter(900, kNow));
  limiter.Leave(900, 3'000);  // Far more than was guessed: a debt of two minutes.
  const auto again = limiter.Enter(10, kNow);
  ASSERT_TRUE(again);
  EXPECT_GT(*again - kNow, std::chrono::minutes(2));
}

TEST(LimiterTest, AGuessLargerThanTheBucketPassesAFullOne) {
  Limiter limiter({0, 0, 100}, kNow);
  EXPECT_FALSE(limiter.Enter(5'000, kNow));
  EXPECT_TRUE(limiter.Enter(1, kNow));
}

TEST(LimiterTest, NoLimitsLetEverythingPass) {
  Limiter limiter({0, 0, 0}, kNow);
  for (int i = 0; i < 10'000; ++i) ASSERT_FALSE(limiter.Enter(1'000'000, kNow));
}

TEST(BudgetTest, ReservedTokensAreNotGivenTwice) {
  Budget budget(100);
  const auto first = budget.Reserve("ada", 60, kNoonMs);
  ASSERT_TRUE(first);
  EXPECT_FALSE(budget.Reserve("ada", 60, kNoonMs));
  EXPECT_TRUE(budget.Reserve("bob", 60, kNoonMs));
  budget.Settle(*first, 10);
  EXPECT_TRUE(budget.Reserve("ada", 60, kNoonMs));
}

TEST(BudgetTest, TheNextDayBeginsAnew) {
  Budget budget(100);
  const auto first = budget.Reserve("ada", 100, kNoonMs);
  budget.Settle(*first, 100);
  EXPECT_FALSE(budget.Reserve("ada", 1, kNoonMs));
  EXPECT_TRUE(budget.Reserve("ada", 100, kNoonMs + kDayMs));
}

TEST(BudgetTest, WhatWasReservedYesterdayIsNotUsedToday) {
  Budget budget(100);
  const auto late = budget.Reserve("ada", 50, kNoonMs);
  const auto today = budget.Reserve("ada", 50, kNoonMs + kDayMs);
  ASSERT_TRUE(today);
  budget.Settle(*late, 50);
  EXPECT_TRUE(budget.Reserve("ada", 50, kNoonMs + kDayMs));
}

TEST(BudgetTest, UsingMoreThanWasReservedStopsTheUser) {
  Budget budget(100);
  budget.Settle(*budget.Reserve("ada", 10, kNoonMs), 500);
  EXPECT_FALSE(budget.Reserve("ada", 1, kNoonMs));
}

TEST(BudgetTest, UsersAreBoundedAndWhoHasAReservationIsNotForgotten) {
  Budget budget(100, 2);
  const auto ada = budget.Reserve("ada", 90, kNoonMs);
  budget.Settle(*budget.Reserve("bob", 90, kNoonMs), 90);
  budget.Settle(*budget.Reserve("cyd", 90, kNoonMs), 90);
  EXPECT_EQ(budget.users(), 2u);
  EXPECT_FALSE(budget.Reserve("ada", 90, kNoonMs));
  budget.Settle(*ada, 90);
  EXPECT_FALSE(budget.Reserve("ada", 90, kNoonMs));
}

TEST(BudgetTest, ATableFullOfReservationsRefusesAnother) {
  Budget budget(100, 1);
  const auto ada = budget.Reserve("ada", 1, kNoonMs);
  EXPECT_FALSE(budget.Reserve("bob", 1, kNoonMs));
  budget.Settle(*ada, 1);
  EXPECT_TRUE(budget.Reserve("bob", 1, kNoonMs));
}

TEST(BudgetTest, ZeroIsNoBudget) {
  Budget budget(0);
  EXPECT_TRUE(budget.Reserve("ada", 1'000'000'000'000, kNoonMs));
  EXPECT_EQ(budget.users(), 0u);
}

}  // namespace
}  // namespace lyceum::llm
