#include "base/task.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/thread_pool.h"
#include "base/timers.h"

namespace lyceum {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLong{60'000};

Task<int> Now(int value) { co_return value; }

Task<int> Sum(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) sum += co_await Now(1);
  co_return sum;
}

Task<int> OnThread(ThreadPool& pool, int value) {
  co_await pool.Enter();
  co_return value;
}

Task<int> SumOnThreads(ThreadPool& pool, int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) sum += co_await OnThread(pool, 1);
  co_return sum;
}

Task<std::unique_ptr<int>> Owned(ThreadPool* pool) {
  if (pool != nullptr) co_await pool->Enter();
  co_return std::make_unique<int>(7);
}

Task<int> Throwing(ThreadPool* pool) {
  if (pool != nullptr) co_await pool->Enter();
  throw std::runtime_error("of the task");
}

Task<std::string> Caught(ThreadPool* pool) {
  std::string what;
  try {
    const int none = co_await Throwing(pool);
    what = std::to_string(none);
  } catch (const std::runtime_error& error) {
    what = error.what();
  }
  co_return what;
}

TEST(Task, IsItsValue) {
  EXPECT_EQ(Wait(Now(3)), 3);
  EXPECT_EQ(*Wait(Owned(nullptr)), 7);
  ThreadPool pool(1);
  EXPECT_EQ(*Wait(Owned(&pool)), 7);
}

TEST(Task, DoesNotBeginBeforeItIsAwaited) {
  bool begun = false;
  const auto begin = [](bool* flag) -> Task<void> {
    *flag = true;
    co_return;
  };
  {
    Task<void> task = begin(&begun);
    EXPECT_FALSE(begun);
  }
  EXPECT_FALSE(begun);
  Wait(begin(&begun));
  EXPECT_TRUE(begun);
}

TEST(Task, ThrowsWhereItIsAwaited) {
  ThreadPool pool(1);
  EXPECT_EQ(Wait(Caught(nullptr)), "of the task");
  EXPECT_EQ(Wait(Caught(&pool)), "of the task");
  EXPECT_THROW(Wait(Throwing(nullptr)), std::runtime_error);
  EXPECT_THROW(Wait(Throwing(&pool)), std::runtime_error);
}

// A build without optimization calls where an optimized one jumps.
TEST(Task, TakesNoStackForWhatDoesNotWait) { EXPECT_EQ(Wait(Sum(300'000)), 300'000); }

TEST(Task, MeetsItsEndInAnyThread) {
  ThreadPool pool(4);
  std::vector<std::thread> threads;
  std::atomic<int> sum{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { sum += Wait(SumOnThreads(pool, 5'000)); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, 20'000);
}

TEST(Task, ItsFrameIsGoneWhenItsEndIsHeardOf) {
  ThreadPool pool(2);
  struct Guard {
    std::atomic<int>* living;
    ~Guard() { --*living; }
  };
  const auto run = [](ThreadPool& threads, std::shared_ptr<Guard> guard) -> Task<int> {
    co_await threads.Enter();
    co_return guard != nullptr ? 1 : 0;
  };
  for (int i = 0; i < 1'000; ++i) {
    std::atomic<int> living{1};
    auto guard = std::make_shared<Guard>(Guard{&living});
    living = 1;  // The temporary took one away.
    EXPECT_EQ(Wait(run(pool, std::move(guard))), 1);
    ASSERT_EQ(living, 0);
  }
}

TEST(ThreadPool, MakesAThreadForWorkThatNobodyIsFreeFor) {
  ThreadPool pool(3);
  EXPECT_EQ(pool.threads(), 1u);
  EXPECT_EQ(Wait(SumOnThreads(pool, 3)), 3);

  // Four that block: three of them at once.
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0, most = 0, done = 0;
  bool open = false;
  const auto block = [&]() -> Task<void> {
    co_await pool.Enter();
    std::unique_lock lock(mutex);
    most = std::max(most, ++running);
    changed.notify_all();
    changed.wait_for(lock, kLong, [&] { return open; });
    --running;
    ++done;
    changed.notify_all();
  };
  for (int i = 0; i < 4; ++i) Detach(block());
  std::unique_lock lock(mutex);
  EXPECT_TRUE(changed.wait_for(lock, kLong, [&] { return running == 3; }));
  EXPECT_EQ(pool.threads(), 3u);
  open = true;
  changed.notify_all();
  EXPECT_TRUE(changed.wait_for(lock, kLong, [&] { return done == 4; }));
  EXPECT_EQ(most, 3);
}

TEST(ThreadPool, RunsWhatWaitsBeforeItEnds) {
  std::atomic<int> done{0};
  {
    ThreadPool pool(2);
    const auto count = [&]() -> Task<void> {
      co_await pool.Enter();
      ++done;
    };
    for (int i = 0; i < 100; ++i) Detach(count());
  }
  EXPECT_EQ(done, 100);
}

Task<bool> Until(Timers& timers, Deadline due, std::stop_token stop = {}) {
  co_return co_await timers.Until(due, std::move(stop));
}

TEST(Timers, WaitUntilTheTimeHasCome) {
  Timers timers;
  const Deadline due = In(milliseconds(30));
  EXPECT_TRUE(Wait(Until(timers, due)));
  EXPECT_GE(Steady::now(), due);
  EXPECT_TRUE(Wait(Until(timers, Deadline{})));
}

TEST(Timers, AnEarlierOneDoesNotWaitForALaterOne) {
  Timers timers;
  std::stop_source stop;
  std::thread later([&] { EXPECT_FALSE(Wait(Until(timers, In(kLong), stop.get_token()))); });
  EXPECT_TRUE(Wait(Until(timers, In(milliseconds(5)))));
  stop.request_stop();
  later.join();
}

TEST(Timers, AStopEndsAWaitWheneverItComes) {
  Timers timers;
  std::stop_source before;
  before.request_stop();
  EXPECT_FALSE(Wait(Until(timers, In(kLong), before.get_token())));
  for (int i = 0; i < 2'000; ++i) {
    std::stop_source stop;
    std::thread stopping([&] { stop.request_stop(); });
    EXPECT_FALSE(Wait(Until(timers, In(kLong), stop.get_token())));
    stopping.join();
  }
}

// Who has added the wait may not be done with it when it is over.
TEST(Timers, EndAsSoonAsTheLastWaitIsOver) {
  ThreadPool pool(1);
  const auto wait = [&](Timers& timers) -> Task<void> {
    co_await pool.Enter();
    co_await timers.Until(Steady::now() + std::chrono::microseconds(20), {});
  };
  for (int i = 0; i < 2'000; ++i) {
    Timers timers;
    Wait(wait(timers));
  }
}

TEST(ThreadPool, EndsAsSoonAsTheLastTaskIsOver) {
  ThreadPool other(1);
  const auto enter = [&](ThreadPool& pool) -> Task<void> {
    co_await other.Enter();
    co_await pool.Enter();
  };
  for (int i = 0; i < 2'000; ++i) {
    ThreadPool pool(1);
    Wait(enter(pool));
  }
}

}  // namespace
}  // namespace lyceum
