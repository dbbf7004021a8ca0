// What a stretch of work has cost this process.
#pragma once

#include <sys/resource.h>

#include <ctime>

#include "bench/figures.h"

namespace lyceum::bench {

struct Cost {
  double wall_s = 0;
  double cpu_s = 0;     // Of all threads of the process, user and system.
  double thread_s = 0;  // Of it, of the thread that asked.
  Cost& operator+=(const Cost& more) {
    wall_s += more.wall_s;
    cpu_s += more.cpu_s;
    thread_s += more.thread_s;
    return *this;
  }
};

class CostClock {
 public:
  // From the construction on. Of the calling thread.
  Cost Read() const {
    return {SecondsSince(begun_), ProcessSeconds() - cpu_s_, ThreadSeconds() - thread_s_};
  }

  // CPU time of the calling thread.
  static double ThreadSeconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }

 private:
  static double ProcessSeconds() {
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(use.ru_utime) + seconds(use.ru_stime);
  }

  Deadline begun_ = Steady::now();
  double cpu_s_ = ProcessSeconds();
  double thread_s_ = ThreadSeconds();
};

}  // namespace lyceum::bench
