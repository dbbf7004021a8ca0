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

// A wait for somebody to leave, or for a time, without the lock.
class Gate::Wait {
 public:
  Wait(Gate* gate, std::unique_lock<std::mutex>* lock, Deadline until)
      : gate_(gate), lock_(lock), until_(until), number_(gate->timers_->NewNumber()) {}

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> task) {
    // The task goes on as soon as it has the lock: this may be gone from then on.
    Gate& gate = *gate_;
    const std::unique_lock<std::mutex> lock = std::move(*lock_);
    const uint64_t number = number_;
    gate.waiting_.push_back(number);
    gate.timers_->Add(number, until_, task);
  }
  // With the lock again.
  void await_resume() {
    *lock_ = std::unique_lock(gate_->mutex_);
    std::erase(gate_->waiting_, number_);
  }

 private:
  Gate* const gate_;
  std::unique_lock<std::mutex>* const lock_;
  const Deadline until_;
  const uint64_t number_;
};

struct Gate::StopNow {
  void operator()() const {
    const std::lock_guard lock(gate->mutex_);
    gate->WakeAll();
  }
  Gate* gate;
};

Gate::Gate(const Provider& provider, Timers* timers)
    : name_(provider.name),
      timers_(timers),
      breaker_(BreakerOf(provider)),
      limiter_(provider.limits, Steady::now()),
      quirks_(provider.quirks) {
  counters_.provider = name_;
}

void Gate::WakeAll() {
  for (const uint64_t number : std::exchange(waiting_, {})) timers_->Hasten(number);
}

Task<Gate::Entered> Gate::Enter(uint32_t tokens, std::optional<Deadline> wait_until,
                                std::stop_token stop) {
  std::optional<std::stop_callback<StopNow>> stopped;
  std::unique_lock lock(mutex_);
  while (true) {
    const Deadline now = Steady::now();
    const std::optional<Breaker::Ticket> ticket = breaker_.Begin(now);
    if (!ticket) co_return Refusal::kBreaker;
    const std::optional<Deadline> again = limiter_.Enter(tokens, now);
    if (!again) {
      ++counters_.running;
      co_return Pass{*ticket, tokens};
    }
    breaker_.End(*ticket, Breaker::Outcome::kNothing, now);
    if (!wait_until || now >= *wait_until || stop.stop_requested()) co_return Refusal::kRoom;
    if (!stopped) {
      // It takes the lock, perhaps at once; and something may change until it is held again.
      lock.unlock();
      stopped.emplace(stop, StopNow{this});
      lock.lock();
      continue;
    }
    // Woken by whoever leaves, by the bucket, by the stop, or by the end of patience.
    Wait wait(this, &lock, std::min(*again, *wait_until));
    co_await wait;
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
    WakeAll();
  }
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
  if (attempt.outcome == "ok") counters_.latency.AddUs(int64_t{attempt.latency_ms} * 1000);
  if (attempt.first_text_ms > 0) {
    counters_.first_text.AddUs(int64_t{attempt.first_text_ms} * 1000);
  }
}

Quirks Gate::quirks() const {
  std::lock_guard lock(mutex_);
  return quirks_;
}

void Gate::Learn(const Quirks& milder) {
  {
    std::lock_guard lock(mutex_);
    if (quirks_ == milder) return;
    quirks_ = milder;
  }
  LogInfo(
      "language model provider is asked more mildly from now on: it refuses what its quirks say",
      {{"provider", name_},
       {"schema", Name(milder.schema)},
       {"max_tokens_field", milder.max_tokens_field},
       {"stream_usage", milder.stream_usage}});
}

Client::Counters Gate::counters() const {
  std::lock_guard lock(mutex_);
  Client::Counters counters = counters_;
  counters.breaker_opened = breaker_.opened();
  return counters;
}

}  // namespace lyceum::llm
