// Breaker: keeps calls away from a provider that fails. Pure: time is given in.
//
//   closed     everybody may pass. Opened by failures: consecutive_max in a row, or share_max of at
//              least calls_min in the last `window`, or one that speaks of a wrong configuration
//   open       nobody may pass for `rest`
//   half open  one may pass, as a probe. It closes the breaker, or opens it again
// Invariant: what began before the breaker opened says nothing about whether it closes.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace lyceum::llm {

class Breaker {
 public:
  struct Settings {
    uint32_t consecutive_max = 5;
    uint32_t calls_min = 10;
    double share_max = 0.5;
    std::chrono::milliseconds window{30'000};
    std::chrono::milliseconds rest{15'000};
  };
  explicit Breaker(Settings settings) : settings_(settings) {}

  // Each must be given back, once, to End.
  struct Ticket {
    uint64_t era = 0;
    bool probe = false;
  };
  std::optional<Ticket> Begin(Deadline now);

  enum class Outcome {
    kGood,
    kBad,
    kWrong,    // Key, model or address: it does not help to ask again soon.
    kNothing,  // Says nothing about the provider: our own request, the caller went away.
  };
  void End(const Ticket& ticket, Outcome outcome, Deadline now);

  bool open() const { return state_ != State::kClosed; }
  uint64_t opened() const { return opened_; }  // How many times.

 private:
  enum class State { kClosed, kOpen, kHalfOpen };
  struct Slot {
    int64_t number = -1;  // Of the slice of time it counts.
    uint32_t good = 0, bad = 0;
  };
  static constexpr size_t kSlots = 10;

  void Open(Deadline now);
  void Count(bool good, Deadline now);
  bool ShareIsBad(Deadline now) const;
  int64_t SlotNumber(Deadline now) const;

  const Settings settings_;
  State state_ = State::kClosed;
  uint64_t era_ = 0;  // Grows with every change of the state.
  Deadline rest_until_{};
  bool probing_ = false;
  uint32_t consecutive_ = 0;
  std::array<Slot, kSlots> slots_;
  uint64_t opened_ = 0;
};

}  // namespace lyceum::llm
