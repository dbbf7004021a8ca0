// Latencies: how long many things took, and the table's figures of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lyceum::load {

class Latencies {
 public:
  static constexpr size_t kSamplesMax = 16'000'000;  // 64 MB; what comes after is not kept.

  void Add(int64_t us);
  size_t count() const { return samples_.size(); }
  // In milliseconds; `share` from 0 to 1. 0 where there is nothing. Sorts on the first call.
  double AtMs(double share);

 private:
  std::vector<uint32_t> samples_;  // Microseconds.
  bool sorted_ = false;
};

}  // namespace lyceum::load
