#include "shard/server_time.h"

#include <algorithm>

namespace lyceum::shard {

void ServerTime::OnRecord(int64_t record_time_ms, bool live) {
  const int64_t steady = clock_->SteadyMs();
  // A window ends when a live record comes after it: a quiet log forgets nothing.
  if (live && (!live_ || steady >= window_ends_ms_)) {
    previous_ = live_ ? current_ : kNone;
    current_ = kNone;
    live_ = true;
    window_ends_ms_ = steady + kWindowMs;
  }
  current_ = std::max(current_, record_time_ms - steady);
}

int64_t ServerTime::NowMs() const {
  const int64_t bound = std::max(current_, previous_);
  const int64_t server = bound == kNone ? kNone : clock_->SteadyMs() + bound;
  return live_ ? server : std::max(server, clock_->UnixMs());
}

int64_t ServerTime::OffsetMs() const { return live_ ? clock_->UnixMs() - NowMs() : 0; }

}  // namespace lyceum::shard
