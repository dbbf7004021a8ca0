// Limiter: how much of one provider is used at once and in a minute. Pure: time is given in.
//
// Requests and tokens of a minute are buckets: as large as the limit, filled evenly, full at the
// begin. Tokens are taken by a guess and settled with the truth, which may leave the bucket in
// debt. A guess larger than the bucket passes when the bucket is full.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "llm/config.h"

namespace lyceum::llm {

class Limiter {
 public:
  Limiter(const Limits& limits, Deadline now);

  // Nothing: taken; each must be given back, once, to Leave. Else when to try again: at that time,
  // or when somebody leaves.
  std::optional<Deadline> Enter(uint32_t tokens, Deadline now);
  void Leave(uint32_t tokens, uint32_t tokens_used);

  size_t running() const { return running_; }

 private:
  struct Bucket {
    double limit = 0;  // 0: none.
    double level = 0;
    void Fill(double minutes);
    double MinutesUntil(double wanted) const;
  };

  const size_t concurrency_;
  size_t running_ = 0;
  Bucket requests_;
  Bucket tokens_;
  Deadline filled_at_;
};

}  // namespace lyceum::llm
