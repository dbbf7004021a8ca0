#include "llm/breaker.h"

#include <algorithm>

namespace lyceum::llm {

std::optional<Breaker::Ticket> Breaker::Begin(Deadline now) {
  if (state_ == State::kOpen && now >= rest_until_) {
    state_ = State::kHalfOpen;
    ++era_;
  }
  if (state_ == State::kClosed) return Ticket{era_, false};
  if (state_ == State::kOpen || probing_) return std::nullopt;
  probing_ = true;
  return Ticket{era_, true};
}

void Breaker::End(const Ticket& ticket, Outcome outcome, Deadline now) {
  if (ticket.era != era_) return;
  if (ticket.probe) probing_ = false;
  switch (outcome) {
    case Outcome::kNothing:
      return;
    case Outcome::kWrong:
      return Open(now);
    case Outcome::kBad:
      if (ticket.probe) return Open(now);
      ++consecutive_;
      Count(false, now);
      if (consecutive_ >= settings_.consecutive_max || ShareIsBad(now)) Open(now);
      return;
    case Outcome::kGood:
      consecutive_ = 0;
      if (ticket.probe) {
        state_ = State::kClosed;
        ++era_;
        slots_ = {};
      }
      Count(true, now);
      return;
  }
}

void Breaker::Open(Deadline now) {
  state_ = State::kOpen;
  ++era_;
  ++opened_;
  rest_until_ = now + settings_.rest;
  probing_ = false;
  consecutive_ = 0;
}

int64_t Breaker::SlotNumber(Deadline now) const {
  const auto slice = std::max<Steady::duration>(settings_.window / kSlots, Steady::duration(1));
  return now.time_since_epoch() / slice;
}

void Breaker::Count(bool good, Deadline now) {
  const int64_t number = SlotNumber(now);
  Slot& slot = slots_[static_cast<size_t>(number) % kSlots];
  if (slot.number != number) slot = {number, 0, 0};
  ++(good ? slot.good : slot.bad);
}

bool Breaker::ShareIsBad(Deadline now) const {
  const int64_t number = SlotNumber(now);
  uint64_t good = 0, bad = 0;
  for (const Slot& slot : slots_) {
    if (slot.number <= number - static_cast<int64_t>(kSlots)) continue;
    good += slot.good;
    bad += slot.bad;
  }
  const uint64_t all = good + bad;
  return all >= settings_.calls_min &&
         static_cast<double>(bad) >= settings_.share_max * static_cast<double>(all);
}

}  // namespace lyceum::llm
