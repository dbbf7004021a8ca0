// Watchdog: a thread that tells when a loop makes no turn any more.
//
// The loop calls Turned once a turn, and makes one at least every `tick`. The watchdog looks once a
// tick; after `ticks_max` looks in a row that saw no turn it calls `stuck`, once, from its own
// thread. It counts looks and not time: a process that was stopped and goes on (SIGCONT) is not
// stuck.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace lyceum::toolhost {

class Watchdog {
 public:
  Watchdog(std::chrono::milliseconds tick, int ticks_max, std::function<void()> stuck);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void Turned() { turns_.fetch_add(1, std::memory_order_relaxed); }

 private:
  void Run();

  const std::chrono::milliseconds tick_;
  const int ticks_max_;
  const std::function<void()> stuck_;
  std::atomic<uint64_t> turns_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // Guarded by mutex_.
  std::thread thread_;
};

}  // namespace lyceum::toolhost
