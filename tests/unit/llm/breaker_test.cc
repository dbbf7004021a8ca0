#include "llm/breaker.h"

#include <gtest/gtest.h>

namespace lyceum::llm {
namespace {

using std::chrono::milliseconds;
using Outcome = Breaker::Outcome;

class BreakerTest : public ::testing::Test {
 protected:
  bool Passes() { return breaker_.Begin(now_).has_value(); }
  void Call(Outcome outcome) {
    const auto ticket = breaker_.Begin(now_);
    ASSERT_TRUE(ticket.has_value());
    breaker_.End(*ticket, outcome, now_);
  }
  void Pass(int64_t ms) { now_ += milliseconds(ms); }

  Deadline now_ = Deadline(std::chrono::hours(5));
  Breaker breaker_{Breaker::Settings{}};
};

TEST_F(BreakerTest, FiveFailuresInARowOpenIt) {
  for (int i = 0; i < 4; ++i) Call(Outcome::kBad);
  Call(Outcome::kGood);
  for (int i = 0; i < 4; ++i) Call(Outcome::kBad);
  EXPECT_FALSE(breaker_.open());
  Call(Outcome::kBad);
  EXPECT_TRUE(breaker_.open());
  EXPECT_FALSE(Passes());
  EXPECT_EQ(breaker_.opened(), 1u);
}

TEST_F(BreakerTest, HalfOfTenInTheWindowOpenIt) {
  for (int i = 0; i < 4; ++i) {
    Call(Outcome::kBad);
    Call(Outcome::kGood);
  }
  Call(Outcome::kGood);
  EXPECT_FALSE(breaker_.open());
  Call(Outcome::kBad);
  EXPECT_TRUE(breaker_.open());
}

TEST_F(BreakerTest, FailuresLongAgoDoNotCount) {
  for (int i = 0; i < 4; ++i) {
    Call(Outcome::kBad);
    Call(Outcome::kGood);
  }
  Pass(31'000);
  Call(Outcome::kGood);
  Call(Outcome::kBad);
  EXPECT_FALSE(breaker_.open());
}

TEST_F(BreakerTest, AWrongConfigurationOpensItAtOnce) {
  Call(Outcome::kWrong);
  EXPECT_TRUE(breaker_.open());
}

TEST_F(BreakerTest, OurOwnMistakesDoNotCount) {
  for (int i = 0; i < 100; ++i) Call(Outcome::kNothing);
  EXPECT_FALSE(breaker_.open());
}

TEST_F(BreakerTest, OneProbeAfterTheRestClosesIt) {
  Call(Outcome::kWrong);
  Pass(14'999);
  EXPECT_FALSE(Passes());
  Pass(1);
  const auto probe = breaker_.Begin(now_);
  ASSERT_TRUE(probe.has_value());
  EXPECT_TRUE(probe->probe);
  EXPECT_FALSE(Passes());
  breaker_.End(*probe, Outcome::kGood, now_);
  EXPECT_FALSE(breaker_.open());
  EXPECT_TRUE(Passes());
}

TEST_F(BreakerTest, AFailedProbeOpensItAgain) {
  Call(Outcome::kWrong);
  Pass(15'000);
  Call(Outcome::kBad);
  EXPECT_TRUE(breaker_.open());
  EXPECT_FALSE(Passes());
  EXPECT_EQ(breaker_.opened(), 2u);
  Pass(15'000);
  EXPECT_TRUE(Passes());
}

TEST_F(BreakerTest, AProbeThatSaysNothingLetsTheNextOnePass) {
  Call(Outcome::kWrong);
  Pass(15'000);
  Call(Outcome::kNothing);
  EXPECT_TRUE(breaker_.open());
  Call(Outcome::kGood);
  EXPECT_FALSE(breaker_.open());
}

TEST_F(BreakerTest, WhatBeganBeforeItOpenedDoesNotCloseIt) {
  const auto early = breaker_.Begin(now_);
  Call(Outcome::kWrong);
  Pass(15'000);
  const auto probe = breaker_.Begin(now_);
  breaker_.End(*early, Outcome::kGood, now_);
  EXPECT_TRUE(breaker_.open());
  EXPECT_FALSE(Passes());
  breaker_.End(*probe, Outcome::kBad, now_);
  EXPECT_TRUE(breaker_.open());
}

TEST_F(BreakerTest, WhatBeganBeforeItOpenedDoesNotCountAfterItHasClosed) {
  const auto early = breaker_.Begin(now_);
  const auto other = breaker_.Begin(now_);
  Call(Outcome::kWrong);
  Pass(15'000);
  Call(Outcome::kGood);
  breaker_.End(*early, Outcome::kWrong, now_);
  breaker_.End(*other, Outcome::kBad, now_);
  EXPECT_FALSE(breaker_.open());
}

}  // namespace
}  // namespace lyceum::llm
