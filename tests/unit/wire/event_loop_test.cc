#include "wire/event_loop.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <thread>

#include "base/clock.h"

namespace lyceum::wire {
namespace {

// A descriptor that is readable when told.
class Bell {
 public:
  Bell() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Bell() { close(fd_); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  int fd() const { return fd_; }
  void Ring() const {
    const uint64_t one = 1;
    EXPECT_EQ(write(fd_, &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
  }
  void Hush() const {
    uint64_t value = 0;
    EXPECT_EQ(read(fd_, &value, sizeof(value)), static_cast<ssize_t>(sizeof(value)));
  }

 private:
  const int fd_;
};

TEST(EventLoop, CallsBackWhatIsReadyAndNothingElse) {
  EventLoop loop;
  Bell ready, idle;
  int calls = 0;
  ASSERT_TRUE(loop.Add(ready.fd(), EPOLLIN, [&](uint32_t events) {
    EXPECT_TRUE(events & EPOLLIN);
    ready.Hush();
    ++calls;
  }));
  ASSERT_TRUE(loop.Add(idle.fd(), EPOLLIN, [&](uint32_t) { ADD_FAILURE(); }));
  loop.RunOnce(0);
  EXPECT_EQ(calls, 0);
  ready.Ring();
  loop.RunOnce(1000);
  EXPECT_EQ(calls, 1);
  loop.RunOnce(0);
  EXPECT_EQ(calls, 1);
}

TEST(EventLoop, WaitsAtMostSoLong) {
  EventLoop loop;
  const auto begin = Steady::now();
  loop.RunOnce(30);
  EXPECT_GE(Steady::now() - begin, std::chrono::milliseconds(29));
}

TEST(EventLoop, AClosedDescriptorIsNotWatched) {
  EventLoop loop;
  const int fd = eventfd(0, 0);
  close(fd);
  EXPECT_FALSE(loop.Add(fd, EPOLLIN, [](uint32_t) {}));
  loop.Remove(fd);
}

TEST(EventLoop, ACallbackMayRemoveItselfAndWhatIsReadyToo) {
  EventLoop loop;
  Bell a, b;
  int calls = 0;
  const auto once = [&](uint32_t) {
    ++calls;
    loop.Remove(a.fd());
    loop.Remove(b.fd());
  };
  ASSERT_TRUE(loop.Add(a.fd(), EPOLLIN, once));
  ASSERT_TRUE(loop.Add(b.fd(), EPOLLIN, once));
  a.Ring();
  b.Ring();
  loop.RunOnce(1000);
  loop.RunOnce(0);
  EXPECT_EQ(calls, 1);
}

// The event that is left over from the first must not reach the second.
TEST(EventLoop, ADescriptorThatIsAddedAgainGetsNoOldEvent) {
  EventLoop loop;
  Bell a, b;
  int first = 0, second = 0;
  const auto replace = [&](const Bell& other) {
    return [&](uint32_t) {
      ++first;
      loop.Remove(other.fd());
      other.Hush();
      EXPECT_TRUE(loop.Add(other.fd(), EPOLLIN, [&](uint32_t) { ++second; }));
    };
  };
  ASSERT_TRUE(loop.Add(a.fd(), EPOLLIN, replace(b)));
  ASSERT_TRUE(loop.Add(b.fd(), EPOLLIN, replace(a)));
  a.Ring();
  b.Ring();
  loop.RunOnce(1000);
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 0);
}

TEST(EventLoop, ModifyChangesWhatIsWaitedFor) {
  EventLoop loop;
  Bell bell;
  uint32_t seen = 0;
  ASSERT_TRUE(loop.Add(bell.fd(), EPOLLIN, [&](uint32_t events) { seen |= events; }));
  loop.RunOnce(0);
  EXPECT_EQ(seen, 0u);
  loop.Modify(bell.fd(), EPOLLIN | EPOLLOUT);
  loop.RunOnce(0);
  EXPECT_EQ(seen, static_cast<uint32_t>(EPOLLOUT));
}

TEST(EventLoop, WhatManyThreadsPostRunsOnceAndInTheOrderOfEach) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 5000;
  EventLoop loop;
  std::vector<std::vector<int>> got(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) loop.Post([&got, t, i] { got[t].push_back(i); });
    });
  }
  const Deadline deadline = In(std::chrono::seconds(20));
  const auto all = [&] {
    return std::all_of(got.begin(), got.end(), [](const auto& g) { return g.size() == kTasks; });
  };
  while (!all() && LeftMs(deadline) > 0) loop.RunOnce(1000);
  for (std::thread& thread : threads) thread.join();
  loop.RunOnce(0);
  for (const auto& g : got) {
    EXPECT_EQ(g.size(), size_t{kTasks});
    EXPECT_TRUE(std::is_sorted(g.begin(), g.end()));
  }
}

TEST(EventLoop, WakeAndPostEndAWait) {
  EventLoop loop;
  for (const bool wake : {true, false}) {
    std::thread other([&] { wake ? loop.Wake() : loop.Post([] {}); });
    const auto begin = Steady::now();
    loop.RunOnce(20'000);
    EXPECT_LT(Steady::now() - begin, std::chrono::seconds(10));
    other.join();
  }
}

TEST(EventLoop, ATaskThatIsPostedByATaskRunsWithTheNextRunOnceWhichDoesNotWait) {
  EventLoop loop;
  bool ran = false;
  loop.Post([&] { loop.Post([&] { ran = true; }); });
  loop.RunOnce(20'000);
  EXPECT_FALSE(ran);
  const auto begin = Steady::now();
  loop.RunOnce(20'000);
  EXPECT_TRUE(ran);
  EXPECT_LT(Steady::now() - begin, std::chrono::seconds(10));
}

TEST(EventLoop, AnotherLoopMayWaitInsteadOfIt) {
  EventLoop loop;
  const auto readable = [&] {
    pollfd ready{loop.fd(), POLLIN, 0};
    return poll(&ready, 1, 0) == 1;
  };
  ASSERT_TRUE(loop.Arm());
  EXPECT_FALSE(readable());
  bool ran = false;
  std::thread([&] { loop.Post([&] { ran = true; }); }).join();
  EXPECT_TRUE(readable());
  EXPECT_FALSE(loop.Arm());  // There is something to do: no wait.
  loop.RunOnce(0);
  EXPECT_TRUE(ran);
  ASSERT_TRUE(loop.Arm());
  EXPECT_FALSE(readable());
  Bell bell;
  ASSERT_TRUE(loop.Add(bell.fd(), EPOLLIN, [&](uint32_t) { bell.Hush(); }));
  bell.Ring();
  EXPECT_TRUE(readable());
  loop.RunOnce(0);
  EXPECT_FALSE(readable());
}

TEST(EventLoop, OneRunOnceIsBounded) {
  EventLoop loop;
  size_t ran = 0;
  for (size_t i = 0; i < 2 * EventLoop::kTasksMax + 1; ++i) loop.Post([&] { ++ran; });
  loop.RunOnce(0);
  EXPECT_EQ(ran, EventLoop::kTasksMax);
  loop.RunOnce(20'000);
  loop.RunOnce(20'000);
  EXPECT_EQ(ran, 2 * EventLoop::kTasksMax + 1);
}

TEST(EventLoop, WhatDidNotRunIsDroppedWithIt) {
  const auto held = std::make_shared<int>();
  {
    EventLoop loop;
    loop.Post([held] { ADD_FAILURE(); });
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace lyceum::wire
