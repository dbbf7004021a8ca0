// Gate: the door to one provider: its breaker, its limits and its counters. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "base/timers.h"
#include "llm/breaker.h"
#include "llm/client.h"
#include "llm/limiter.h"

namespace lyceum::llm {

class Gate {
 public:
  Gate(const Provider& provider, Timers* timers);

  // To be given back, once, by Leave.
  struct Pass {
    Breaker::Ticket ticket;
    uint32_t tokens = 0;  // Reserved.
  };
  enum class Refusal { kBreaker, kRoom };

  // At once, or with `wait_until`: waits for room until then, but never for the breaker. Who has
  // waited goes on in the thread of the timers.
  using Entered = std::variant<Pass, Refusal>;
  Task<Entered> Enter(uint32_t tokens, std::optional<Deadline> wait_until, std::stop_token stop);
  // What came of it. `tokens_used`: of the limit per minute.
  void Leave(const Pass& pass, Breaker::Outcome outcome, const Attempt& attempt,
             uint32_t tokens_used);

  // Past the breaker and the limits: the counters alone.
  void Count(const Attempt& attempt);

  Client::Counters counters() const;

  // How the provider is asked: as it is configured, until one that was asked more mildly has
  // answered. Then like that, as long as this lives.
  Quirks quirks() const;
  void Learn(const Quirks& milder);

 private:
  class Wait;
  struct StopNow;
  void CountLocked(const Attempt& attempt);

  // With the lock held: all that wait for room look again.
  void WakeAll();

  const std::string name_;
  Timers* const timers_;
  mutable std::mutex mutex_;
  std::vector<uint64_t>
      waiting_;  // Their numbers among the timers. Guarded by mutex_, as the rest.
  Breaker breaker_;
  Limiter limiter_;
  Client::Counters counters_;
  Quirks quirks_;
};

}  // namespace lyceum::llm
