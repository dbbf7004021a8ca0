// The two clocks of the shell. The pure core never sees either.
#pragma once

#include <chrono>
#include <cstdint>

namespace lyceum {

// Unix time in milliseconds, UTC: for what people or other machines read.
inline int64_t UnixMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

// For every deadline and interval inside one process.
using Steady = std::chrono::steady_clock;
using Deadline = Steady::time_point;

inline Deadline In(std::chrono::milliseconds wait) { return Steady::now() + wait; }

// What is left until the deadline, in whole milliseconds, never negative.
inline int64_t LeftMs(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()).count();
  return left > 0 ? left : 0;
}

// The same two clocks as a door, for what is also run in a simulation.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t SteadyMs() const = 0;  // Never goes back. Of this process alone.
  virtual int64_t UnixMs() const = 0;    // May be wrong, and may jump.
};

class SystemClock final : public Clock {
 public:
  int64_t SteadyMs() const override {
    using namespace std::chrono;
    return duration_cast<milliseconds>(Steady::now().time_since_epoch()).count();
  }
  int64_t UnixMs() const override { return ::lyceum::UnixMs(); }
};

}  // namespace lyceum
