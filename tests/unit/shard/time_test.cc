// The server's clock, and when to look at which session.
#include <gtest/gtest.h>

#include "base/manual_clock.h"
#include "shard/server_time.h"
#include "shard/timers.h"

namespace lyceum::shard {
namespace {

constexpr int64_t kMinuteMs = 60'000;

// --- ServerTime ------------------------------------------------------------------------------------

TEST(ServerTime, BeforeAnyRecordItIsOurClock) {
  ManualClock clock;
  const ServerTime time(&clock);
  clock.AdvanceMs(5);
  EXPECT_EQ(time.NowMs(), clock.UnixMs());
  EXPECT_EQ(time.OffsetMs(), 0);
}

TEST(ServerTime, AnOldRecordIsALowerBoundAndNoMore) {
  ManualClock clock;
  ServerTime time(&clock);
  time.OnRecord(clock.UnixMs() - kMinuteMs, false);
  EXPECT_EQ(time.NowMs(), clock.UnixMs());
  time.OnRecord(clock.UnixMs() + kMinuteMs, false);
  clock.AdvanceMs(7);
  EXPECT_EQ(time.NowMs(), clock.UnixMs() + kMinuteMs);
}

TEST(ServerTime, ALiveRecordCorrectsAClockThatIsAhead) {
  ManualClock clock;
  ServerTime time(&clock);
  time.OnRecord(clock.UnixMs() - 16 * kMinuteMs, true);
  EXPECT_EQ(time.NowMs(), clock.UnixMs() - 16 * kMinuteMs);
  EXPECT_EQ(time.OffsetMs(), 16 * kMinuteMs);
}

TEST(ServerTime, ADelayedRecordDoesNotSetItBack) {
  ManualClock clock;
  ServerTime time(&clock);
  time.OnRecord(clock.UnixMs(), true);
  clock.AdvanceMs(1'000);
  time.OnRecord(clock.UnixMs() - 900, true);
  EXPECT_EQ(time.NowMs(), clock.UnixMs());
}

TEST(ServerTime, AQuietLogForgetsNothing) {
  ManualClock clock;
  ServerTime time(&clock);
  time.OnRecord(clock.UnixMs() - kMinuteMs, true);
  clock.AdvanceMs(600 * kMinuteMs);
  EXPECT_EQ(time.NowMs(), clock.UnixMs() - kMinuteMs);
}

// A server whose clock was set back: what it said before is forgotten within two windows.
TEST(ServerTime, FollowsAServerThatIsSetBack) {
  ManualClock clock;
  ServerTime time(&clock);
  time.OnRecord(clock.UnixMs() + kMinuteMs, true);
  for (int i = 0; i < 3; ++i) {
    clock.AdvanceMs(kMinuteMs);
    time.OnRecord(clock.UnixMs(), true);
  }
  EXPECT_EQ(time.OffsetMs(), 0);
}

// --- Timers ----------------------------------------------------------------------------------------

TEST(Timers, ComeInTheOrderInWhichTheyAreDue) {
  Timers timers;
  for (const int64_t due : {30, 10, 20, 10}) timers.Add({due, 1, "u", "", due});
  EXPECT_EQ(timers.NextMs(), 10);
  std::vector<int64_t> due;
  while (const auto next = timers.Pop(25)) due.push_back(next->at_ms);
  EXPECT_EQ(due, (std::vector<int64_t>{10, 10, 20}));
  EXPECT_EQ(timers.NextMs(), 30);
}

TEST(Timers, NoneIsDueEarly) {
  Timers timers;
  EXPECT_EQ(timers.NextMs(), INT64_MAX);
  timers.Add({10, 1, "u", "", 10});
  EXPECT_FALSE(timers.Pop(9));
  EXPECT_TRUE(timers.Pop(10));
}

TEST(Timers, ADroppedPartitionTakesItsOwnAlone) {
  Timers timers;
  for (int i = 0; i < 100; ++i)
    timers.Add({100 - i, static_cast<store::PartitionId>(i % 3), "u", "", 0});
  timers.Drop(1);
  int64_t last = 0;
  while (const auto due = timers.Pop(1'000)) {
    EXPECT_NE(due->partition, 1);
    EXPECT_GE(due->at_ms, last);
    last = due->at_ms;
  }
}

}  // namespace
}  // namespace lyceum::shard
