#include "toolhost/watchdog.h"

#include <gtest/gtest.h>

#include <atomic>

#include "support/eventually.h"

namespace lyceum::toolhost {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Watchdog, ALoopThatMakesNoTurnIsStuckOnce) {
  std::atomic<int> stuck = 0;
  Watchdog watchdog(milliseconds(5), 3, [&] { ++stuck; });
  EXPECT_TRUE(test::Eventually(seconds(10), [&] { return stuck == 1; }));
  test::PassTime(milliseconds(100));
  EXPECT_EQ(stuck, 1);
  watchdog.Turned();
  EXPECT_TRUE(test::Eventually(seconds(10), [&] { return stuck == 2; })) << "stuck again";
}

TEST(Watchdog, ALoopThatTurnsIsNotStuck) {
  std::atomic<int> stuck = 0;
  Watchdog watchdog(milliseconds(50), 4, [&] { ++stuck; });
  const Deadline end = In(milliseconds(400));
  test::Eventually(seconds(10), [&] {
    watchdog.Turned();
    return Steady::now() >= end;
  });
  EXPECT_EQ(stuck, 0);
}

}  // namespace
}  // namespace lyceum::toolhost
