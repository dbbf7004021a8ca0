// What the programs that measure make of what they have measured.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/clock.h"

namespace lyceum::bench {

inline double SecondsSince(Deadline begun) {
  return std::chrono::duration<double>(Steady::now() - begun).count();
}

// Of at least one value.
inline double Quantile(std::vector<double> values, double q) {
  const double rank = q * static_cast<double>(values.size());
  const size_t at = std::min(values.size() - 1, static_cast<size_t>(rank));
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(at), values.end());
  return values[at];
}

}  // namespace lyceum::bench
