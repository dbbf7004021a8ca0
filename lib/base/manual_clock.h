// ManualClock: time that goes on only when it is told to. For simulations and tests.
//
// One ManualClock is the time of a whole simulation. A process or a server whose wall clock is
// wrong has an OffsetClock on it: both count the same steady time.
#pragma once

#include <cstdint>

#include "base/check.h"
#include "base/clock.h"

namespace lyceum {

class ManualClock final : public Clock {
 public:
  static constexpr int64_t kStartUnixMs = 1'767'225'600'000;  // 2026-01-01T00:00:00Z

  int64_t SteadyMs() const override { return now_us_ / 1000; }
  int64_t UnixMs() const override { return kStartUnixMs + SteadyMs(); }
  int64_t NowUs() const { return now_us_; }  // Steady, from 0 on.

  void AdvanceMs(int64_t ms) { AdvanceToUs(now_us_ + ms * 1000); }
  void AdvanceToUs(int64_t us) {
    CHECK(us >= now_us_);
    now_us_ = us;
  }

 private:
  int64_t now_us_ = 0;
};

class OffsetClock final : public Clock {
 public:
  // `time` outlives it.
  explicit OffsetClock(const Clock* time, int64_t offset_ms = 0)
      : time_(time), offset_ms_(offset_ms) {}

  int64_t SteadyMs() const override { return time_->SteadyMs(); }
  int64_t UnixMs() const override { return time_->UnixMs() + offset_ms_; }
  // Ahead of the true time, or behind it where it is negative. A change is a jump.
  void SetOffsetMs(int64_t offset_ms) { offset_ms_ = offset_ms; }
  int64_t offset_ms() const { return offset_ms_; }

 private:
  const Clock* time_;
  int64_t offset_ms_;
};

}  // namespace lyceum
