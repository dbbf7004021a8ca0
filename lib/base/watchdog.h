// Watchdog: a thread that tells when a loop makes no turn any more.
//
// A loop calls Turned once a turn, and makes one at least every `tick`; the first call is what has it
// watched, Leave ends that. The watchdog looks once a tick; where `looks_max` looks in a row saw no turn
// of a loop it calls `stuck` from its own thread, at that look and at each that follows until there is a
// turn. It counts looks and not time: a process that was stopped and goes on (SIGCONT) is not stuck.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace lyceum {

class Watchdog {
 public:
  // `looks`: so many saw no turn.
  using Stuck = std::function<void(size_t loop, int looks)>;
  Watchdog(std::chrono::milliseconds tick, int looks_max, size_t loops, Stuck stuck);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // Of one loop only its own thread calls these.
  void Turned(size_t loop = 0);
  void Leave(size_t loop = 0);

 private:
  void Run();

  const std::chrono::milliseconds tick_;
  const int looks_max_;
  const Stuck stuck_;
  std::vector<std::atomic<uint64_t>> turns_;  // 0: not watched.
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // Guarded by mutex_.
  std::thread thread_;
};

}  // namespace lyceum
