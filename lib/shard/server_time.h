// ServerTime: the NATS server's clock, estimated: timers and durations go by it, not by our own.
//
// The server stamps every record when it stores it, and every reader when it makes it, so at the moment a record arrives the server's
// clock is at least at that stamp: each record gives a lower bound, and one that is delivered as soon
// as it was stored (a live one) gives it but for the way here. The estimate is the greatest bound of
// the last minutes, carried on by the steady clock. Until a live record was seen it is our own clock,
// where no bound says that this is behind. One thread calls it.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace lyceum::shard {

class ServerTime {
 public:
  static constexpr int64_t kAlarmMs = 2'000;

  explicit ServerTime(const Clock* clock) : clock_(clock) {}

  // `live`: its reader had reached the end of the log before it came.
  void OnRecord(int64_t record_time_ms, bool live);

  int64_t NowMs() const;  // Unix ms, of the server.
  // Our own clock minus the server's; 0 until a live record was seen.
  int64_t OffsetMs() const;

 private:
  static constexpr int64_t kWindowMs = 60'000;
  static constexpr int64_t kNone = INT64_MIN;

  const Clock* clock_;
  // The server's Unix time minus the steady clock, as lower bounds of this window and the one before.
  int64_t current_ = kNone;
  int64_t previous_ = kNone;
  int64_t window_ends_ms_ = 0;  // Steady.
  bool live_ = false;
};

}  // namespace lyceum::shard
