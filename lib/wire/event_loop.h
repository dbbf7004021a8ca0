// EventLoop: file descriptors, and tasks from other threads, on one thread (epoll and an eventfd).
//
// RunOnce is called by one thread, the loop's own; so are Add, Modify and Remove, also inside a
// callback. Post and Wake may be called by any thread. There are no timers here: the caller knows
// its deadlines and bounds the wait by them. One RunOnce handles at most kEventsMax descriptors and
// kTasksMax tasks; what is left over comes with the next one, which then does not wait.
//
// A process that has no descriptor left for a loop ends in a CHECK: it cannot start.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/executor.h"

namespace lyceum::wire {

class EventLoop final : public Executor {
 public:
  static constexpr int kEventsMax = 64;
  static constexpr size_t kTasksMax = 1024;

  // EPOLLIN, EPOLLOUT and so on: what is ready.
  using Callback = std::function<void(uint32_t events)>;

  EventLoop();
  ~EventLoop() override;  // What is posted and did not run is dropped.
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Level triggered. The descriptor stays the caller's; it is not watched yet. False: the system
  // refuses to watch it (closed already, or no room).
  [[nodiscard]] bool Add(int fd, uint32_t events, Callback callback);
  // Of a watched descriptor.
  void Modify(int fd, uint32_t events);
  // Its callback is not called again, also not for what is ready already. One that is not watched,
  // or closed meanwhile, is not an error.
  void Remove(int fd);

  void Post(std::function<void()> task) override;
  // The RunOnce that waits, or else the next one, does not wait.
  void Wake();

  // Waits at most so long for something to do (0: only looks; negative: without end), does it, and
  // returns.
  void RunOnce(int64_t wait_ms_max);

  // For another loop that waits instead of this one: it calls Arm, and where that says that there is nothing to
  // do yet, waits until fd() is readable (level triggered), and then calls RunOnce(0).
  int fd() const { return epoll_; }
  [[nodiscard]] bool Arm() { return MayWait(); }

 private:
  struct Watch {
    uint32_t generation;
    Callback callback;
  };

  bool MayWait();
  void RunTasks();
  void Signal();

  const int epoll_;
  const int event_;
  uint32_t last_generation_ = 0;
  std::unordered_map<int, std::unique_ptr<Watch>> watches_;
  std::vector<std::unique_ptr<Watch>> removed_;  // May be running: freed after the callbacks.

  std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;  // Guarded by mutex_.
  bool woken_ = false;                       // Guarded: the next wait is none.
  bool waiting_ = false;                     // Guarded: the eventfd has to be written.
};

}  // namespace lyceum::wire
