// Gate: the door to one provider: its breaker, its limits and its counters. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "base/clock.h"
#include "llm/breaker.h"
#include "llm/client.h"
#include "llm/limiter.h"

namespace lyceum::llm {

class Gate {
 public:
  explicit Gate(const Provider& provider);

  // To be given back, once, by Leave.
  struct Pass {
    Breaker::Ticket ticket;
    uint32_t tokens = 0;  // Reserved.
  };
  enum class Refusal { kBreaker, kRoom };

  // At once, or with `wait_until`: waits for room until then, but never for the breaker.
  std::variant<Pass, Refusal> Enter(uint32_t tokens, std::optional<Deadline> wait_until,
                                    std::stop_token stop);
  // What came of it. `tokens_used`: of the limit per minute.
  void Leave(const Pass& pass, Breaker::Outcome outcome, const Attempt& attempt,
             uint32_t tokens_used);

  // Past the breaker and the limits: the counters alone.
  void Count(const Attempt& attempt);

  Client::Counters counters() const;

 private:
  void CountLocked(const Attempt& attempt);

  const std::string name_;
  mutable std::mutex mutex_;
  std::condition_variable_any left_;
  Breaker breaker_;
  Limiter limiter_;
  Client::Counters counters_;
};

}  // namespace lyceum::llm
