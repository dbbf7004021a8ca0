// What a call costs, whatever else the machine does: bounds on work are held against the processor time of the thread.
#pragma once

#include <time.h>

#include <chrono>

namespace lyceum::grading {

// The sanitizers make the same work cost some ten times more.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kSanitized = 10;
#else
inline constexpr int kSanitized = 1;
#endif

class CpuTime {
 public:
  // Since this was made. Of the thread that asks.
  std::chrono::nanoseconds passed() const { return Now() - begin_; }

 private:
  static std::chrono::nanoseconds Now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
  const std::chrono::nanoseconds begin_ = Now();
};

}  // namespace lyceum::grading
