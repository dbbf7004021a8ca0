#include "store/timer_floor.h"

#include <gtest/gtest.h>

namespace lyceum::store {
namespace {

TEST(TimerFloor, RisesToTheFirstRowOfAScan) {
  TimerFloor floor;
  floor.Begin(1).Found(500);
  EXPECT_EQ(floor.Begin(1).floor_ms(), 500);
  EXPECT_EQ(floor.Begin(2).floor_ms(), 0);
}

TEST(TimerFloor, AnEarlierPutLowersIt) {
  TimerFloor floor;
  floor.Begin(1).Found(500);
  floor.Put(1, 300);
  EXPECT_EQ(floor.Begin(1).floor_ms(), 300);
  floor.Put(1, 400);
  EXPECT_EQ(floor.Begin(1).floor_ms(), 300);
}

TEST(TimerFloor, APutDuringAScanIsNotPassedBy) {
  TimerFloor floor;
  floor.Begin(1).Found(500);
  {
    auto scan = floor.Begin(1);
    floor.Put(1, 200);
    scan.Found(900);
  }
  EXPECT_EQ(floor.Begin(1).floor_ms(), 200);
}

TEST(TimerFloor, AScanThatFailedLeavesItWhereItWas) {
  TimerFloor floor;
  floor.Begin(1).Found(500);
  { auto scan = floor.Begin(1); }
  EXPECT_EQ(floor.Begin(1).floor_ms(), 500);
}

}  // namespace
}  // namespace lyceum::store
