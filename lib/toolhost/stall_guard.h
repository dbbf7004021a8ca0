// StallGuard: what came while the process stood still (SIGSTOP, a machine that slept) is old.
//
// A loop that makes a turn at least every stall_ms, and finds that it made none for longer, trusts
// nothing that comes until a probe, a message to an inbox of its own sent after the gap, has come
// back: the server hands out one connection's messages in order, so all from before it have come
// by then. Without an echo it trusts again after 5 s. Called on the loop's thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "wire/wire.h"

namespace lyceum::toolhost {

class StallGuard {
 public:
  StallGuard(wire::Wire* wire, const Clock* clock, int64_t stall_ms);

  // What waited on the connection before is gone with it.
  void OnConnection(bool connected);
  // Asked for each message. False: it may be old.
  bool IsFresh();
  // At the end of each turn.
  void Turn();

 private:
  void SendProbe(int64_t now);

  wire::Wire* const wire_;
  const Clock* const clock_;
  const int64_t stall_ms_;
  int64_t last_turn_;      // Steady ms.
  bool doubting_ = false;  // Since a gap, until the probe's echo.
  bool echoed_ = false;
  int64_t doubt_until_ = 0;
  uint64_t probe_ = 0;  // The number of the last one.
  std::string inbox_;
};

}  // namespace lyceum::toolhost
