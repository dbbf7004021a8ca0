#include "base/watchdog.h"

#include <gtest/gtest.h>

#include <atomic>

#include "support/eventually.h"

namespace lyceum {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kLooks = 3;

struct Counted {
  std::atomic<int> first = 0, second = 0;  // Calls, by loop.
  std::atomic<int> begun = 0, longest = 0;
  Watchdog::Stuck Stuck() {
    return [this](size_t loop, int looks) {
      ++(loop == 0 ? first : second);
      if (looks == kLooks) ++begun;
      longest = looks;
    };
  }
};

TEST(Watchdog, ALoopThatMakesNoTurnIsStuckUntilItMakesOne) {
  Counted stuck;
  Watchdog watchdog(milliseconds(5), kLooks, 1, stuck.Stuck());
  watchdog.Turned();
  EXPECT_TRUE(test::Eventually(seconds(10), [&] { return stuck.longest >= kLooks + 2; }));
  EXPECT_EQ(stuck.begun, 1);
  watchdog.Turned();
  EXPECT_TRUE(test::Eventually(seconds(10), [&] { return stuck.begun == 2; })) << "stuck again";
}

TEST(Watchdog, ALoopThatTurnsIsNotStuck) {
  Counted stuck;
  Watchdog watchdog(milliseconds(50), 4, 1, stuck.Stuck());
  const Deadline end = In(milliseconds(400));
  test::Eventually(seconds(10), [&] {
    watchdog.Turned();
    return Steady::now() >= end;
  });
  EXPECT_EQ(stuck.first, 0);
}

TEST(Watchdog, EachLoopIsWatchedFromItsFirstTurnUntilItLeaves) {
  Counted stuck;
  Watchdog watchdog(milliseconds(5), kLooks, 2, stuck.Stuck());
  watchdog.Turned(1);
  EXPECT_TRUE(test::Eventually(seconds(10), [&] { return stuck.second > 0; }));
  EXPECT_EQ(stuck.first, 0) << "it has not begun";
  watchdog.Leave(1);
  test::PassTime(milliseconds(20));
  const int before = stuck.second;
  test::PassTime(milliseconds(50));
  EXPECT_EQ(stuck.second, before);
}

}  // namespace
}  // namespace lyceum
