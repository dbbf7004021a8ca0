#include "llm/limiter.h"

#include <algorithm>
#include <chrono>

#include "base/check.h"

namespace lyceum::llm {
namespace {

using Minutes = std::chrono::duration<double, std::ratio<60>>;

// When only the end of another request makes room.
constexpr std::chrono::hours kWhenSomebodyLeaves{1};

}  // namespace

void Limiter::Bucket::Fill(double minutes) { level = std::min(limit, level + limit * minutes); }

double Limiter::Bucket::MinutesUntil(double wanted) const {
  if (limit == 0) return 0;
  return std::max(0.0, (std::min(wanted, limit) - level) / limit);
}

Limiter::Limiter(const Limits& limits, Deadline now)
    : concurrency_(limits.concurrency), filled_at_(now) {
  requests_.limit = requests_.level = limits.requests_per_min;
  tokens_.limit = tokens_.level = limits.tokens_per_min;
}

std::optional<Deadline> Limiter::Enter(uint32_t tokens, Deadline now) {
  if (now > filled_at_) {
    const double minutes = Minutes(now - filled_at_).count();
    requests_.Fill(minutes);
    tokens_.Fill(minutes);
    filled_at_ = now;
  }
  if (concurrency_ > 0 && running_ >= concurrency_) return now + kWhenSomebodyLeaves;
  const double minutes = std::max(requests_.MinutesUntil(1), tokens_.MinutesUntil(tokens));
  if (minutes > 0) {
    // A millisecond more, so that the bucket is surely as full then.
    return now + std::chrono::duration_cast<Steady::duration>(Minutes(minutes)) +
           std::chrono::milliseconds(1);
  }
  ++running_;
  if (requests_.limit > 0) requests_.level -= 1;
  if (tokens_.limit > 0) tokens_.level -= tokens;
  return std::nullopt;
}

void Limiter::Leave(uint32_t tokens, uint32_t tokens_used) {
  CHECK(running_ > 0);
  --running_;
  if (tokens_.limit == 0) return;
  tokens_.level += static_cast<double>(tokens) - static_cast<double>(tokens_used);
  tokens_.level = std::min(tokens_.level, tokens_.limit);
}

}  // namespace lyceum::llm
