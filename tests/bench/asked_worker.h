// A tool worker under measure, real or bare: kept busy with a number of calls at once.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace lyceum::bench {

// Of the window alone, and of the worker's process alone.
struct Load {
  double wall_s = 0;
  double cpu_s = 0;
  uint64_t answered = 0;
  uint64_t deltas = 0;
  double in_flight = 0;  // The mean, at each answer.

  double CallUs() const;
  double CpuPercent() const { return 100 * cpu_s / wall_s; }
};

// One thread calls it. Throws where the worker is silent.
class AskedWorker {
 public:
  virtual ~AskedWorker() = default;
  virtual pid_t pid() const = 0;

  // Keeps so many calls in flight, each followed by another as soon as its text is whole; they
  // begin evenly over `spread`. Measures `window` after `warm_up`, and waits for the last.
  Load Keep(size_t in_flight, std::chrono::milliseconds spread, std::chrono::milliseconds warm_up,
            std::chrono::milliseconds window);

 protected:
  struct Heard {
    bool delta = false;
    bool whole = false;  // That call has said it all.
  };
  virtual void Ask() = 0;
  // The next message, and what it means. Empty: none came.
  virtual std::optional<Heard> HearUntil(Deadline deadline) = 0;
  virtual size_t in_flight() const = 0;
  Heard Hear();

 private:
  double CpuSeconds() const;
};

}  // namespace lyceum::bench
