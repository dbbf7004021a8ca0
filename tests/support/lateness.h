// Lateness: how late this machine wakes a thread that waits, at most, while it lives. A test of delays
// subtracts it: a busy machine is nobody's fault.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace lyceum::test {

class Lateness {
 public:
  Lateness();
  ~Lateness();
  Lateness(const Lateness&) = delete;
  Lateness& operator=(const Lateness&) = delete;

  int64_t ms_max() const { return ms_max_; }

 private:
  void Run();

  std::atomic<int64_t> ms_max_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // Guarded by mutex_.
  std::thread thread_;
};

}  // namespace lyceum::test
