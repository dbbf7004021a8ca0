// Histogram: how many durations fell under each of some fixed bounds, and their sum.
//
// One thread adds, any thread reads: a plain load and store each, no lock and no allocation. What is
// read while another thread adds is off by that one at most.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace lyceum {

class Histogram {
 public:
  // Upper bounds in microseconds, inclusive; what is longer lies in the last bucket, which has none.
  static constexpr std::array<int64_t, 19> kBoundsUs = {
      50,        100,       250,        500,        1'000,     2'500,   5'000,
      10'000,    25'000,    50'000,     100'000,    250'000,   500'000, 1'000'000,
      2'500'000, 5'000'000, 10'000'000, 30'000'000, 90'000'000};
  static constexpr size_t kBuckets = kBoundsUs.size() + 1;

  struct Values {
    std::array<uint64_t, kBuckets> counts{};  // Each bucket's own, not those below it.
    uint64_t sum_us = 0;

    void AddUs(int64_t us) {
      us = std::max<int64_t>(us, 0);
      ++counts[BucketOf(us)];
      sum_us += static_cast<uint64_t>(us);
    }
    uint64_t count() const {
      uint64_t all = 0;
      for (const uint64_t count : counts) all += count;
      return all;
    }
    Values& operator+=(const Values& other) {
      for (size_t i = 0; i < kBuckets; ++i) counts[i] += other.counts[i];
      sum_us += other.sum_us;
      return *this;
    }
  };

  // Less than nothing counts as nothing.
  void AddUs(int64_t us) {
    us = std::max<int64_t>(us, 0);
    Increase(counts_[BucketOf(us)], 1);
    Increase(sum_us_, static_cast<uint64_t>(us));
  }
  void AddMs(int64_t ms) { AddUs(std::min<int64_t>(ms, INT64_MAX / 1000) * 1000); }

  Values values() const {
    Values values;
    for (size_t i = 0; i < kBuckets; ++i) {
      values.counts[i] = counts_[i].load(std::memory_order_relaxed);
    }
    values.sum_us = sum_us_.load(std::memory_order_relaxed);
    return values;
  }

 private:
  static size_t BucketOf(int64_t us) {
    const auto bound = std::lower_bound(kBoundsUs.begin(), kBoundsUs.end(), us);
    return static_cast<size_t>(bound - kBoundsUs.begin());
  }
  static void Increase(std::atomic<uint64_t>& figure, uint64_t by) {
    figure.store(figure.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  std::array<std::atomic<uint64_t>, kBuckets> counts_{};
  std::atomic<uint64_t> sum_us_{0};
};

}  // namespace lyceum
