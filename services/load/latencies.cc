#include "load/latencies.h"

#include <algorithm>
#include <cmath>

namespace lyceum::load {

void Latencies::Add(int64_t us) {
  if (samples_.size() >= kSamplesMax) return;
  samples_.push_back(static_cast<uint32_t>(std::clamp<int64_t>(us, 0, UINT32_MAX)));
  sorted_ = false;
}

double Latencies::AtMs(double share) {
  if (samples_.empty()) return 0;
  if (!sorted_) std::sort(samples_.begin(), samples_.end());
  sorted_ = true;
  // The smallest sample that at least this share of all samples do not exceed.
  const double rank = std::ceil(share * static_cast<double>(samples_.size()));
  const auto index = static_cast<size_t>(std::max(rank, 1.0)) - 1;
  return samples_[std::min(index, samples_.size() - 1)] / 1000.0;
}

}  // namespace lyceum::load
