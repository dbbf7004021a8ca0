// Measures: how long a shard takes, and why it refuses, for operators. Written by the shard's
// thread, read by any.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/histogram.h"
#include "shard/fold.h"
#include "tutor/call.h"

namespace lyceum::shard {

// What came of a tool's call, as the session was told: its answer, the tool's own error, or an error
// of the dispatcher's, where no worker brought a result in time.
enum class CallEnd { kOk, kError, kFailed };
inline constexpr size_t kCallEndCount = 3;

struct Measures {
  Histogram turn;  // From a learner's event in the log to what the session says of it in the end.
  Histogram fold;  // One record.
  Histogram checkpoint;  // From its first row to its last in the store.
  std::array<std::atomic<uint64_t>, kRefusalCount> refused{};  // By Refusal.
  std::array<std::array<std::atomic<uint64_t>, kCallEndCount>, tutor::kToolCount> results{};

  void AddFold(std::chrono::steady_clock::duration took) {
    fold.AddUs(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  }
};

}  // namespace lyceum::shard
