#include "llm/gate.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace lyceum::llm {
namespace {

Breaker::Settings BreakerOf(const Provider& provider) {
  Breaker::Settings settings;
  settings.rest = provider.breaker_open;
  return settings;
}

}  // namespace

Gate::Gate(const Provider& provider)
    : name_(provider.name),
      breaker_(BreakerOf(provider)),
      limiter_(provider.limits, Steady::now()) {
  counters_.provider = name_;
}

std::variant<Gate::Pass, Gate::Refusal> Gate::Enter(uint32_t tokens,
                                                    std::optional<Deadline> wait_until,
                                                    std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    const Deadline now = Steady::now();
    const std::optional<Breaker::Ticket> ticket = breaker_.Begin(now);
    if (!ticket) return Refusal::kBreaker;
    const std::optional<Deadline> again = limiter_.Enter(tokens, now);
    if (!again) {
      ++counters_.running;
      return Pass{*ticket, tokens};
    }
    breaker_.End(*ticket, Breaker::Outcome::kNothing, now);
    if (!wait_until || now >= *wait_until || stop.stop_requested()) return Refusal::kRoom;
    // Woken by whoever leaves, by the bucket, by the stop, or by the end of patience.
    const uint64_t attempts = counters_.attempts;
    left_.wait_until(lock, stop, std::min(*again, *wait_until),
                     [&] { return counters_.attempts != attempts; });
  }
}

void Gate::Leave(const Pass& pass, Breaker::Outcome outcome, const Attempt& attempt,
                 uint32_t tokens_used) {
  bool opened = false;
  {
    std::lock_guard lock(mutex_);
    limiter_.Leave(pass.tokens, tokens_used);
    const uint64_t before = breaker_.opened();
    breaker_.End(pass.ticket, outcome, Steady::now());
    opened = breaker_.opened() != before;
    --counters_.running;
    CountLocked(attempt);
  }
  left_.notify_all();
  if (opened) {
    LogWarn("language model provider is given a rest",
            {{"provider", name_}, {"outcome", attempt.outcome}});
  }
}

void Gate::Count(const Attempt& attempt) {
  std::lock_guard lock(mutex_);
  CountLocked(attempt);
}

void Gate::CountLocked(const Attempt& attempt) {
  ++counters_.attempts;
  ++(attempt.outcome == "ok" ? counters_.ok : counters_.failed);
  if (attempt.reason == "retry") ++counters_.retries;
  if (attempt.reason == "fallback") ++counters_.fallbacks;
  if (attempt.reason == "repair") ++counters_.repairs;
  counters_.input_tokens += attempt.usage.input_tokens;
  counters_.output_tokens += attempt.usage.output_tokens;
  counters_.cached_tokens += attempt.usage.cached_tokens;
  counters_.latency_ms += attempt.latency_ms;
  counters_.first_text_ms += attempt.first_text_ms;
}

Client::Counters Gate::counters() const {
  std::lock_guard lock(mutex_);
  Client::Counters counters = counters_;
  counters.breaker_opened = breaker_.opened();
  return counters;
}

}  // namespace lyceum::llm
