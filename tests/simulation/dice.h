// Dice: the draws of one part of a simulation, from its seed alone.
#pragma once

#include <cstdint>

#include "base/random.h"

namespace lyceum::simulation {

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}
  uint64_t Next() { return random_.Next(); }
  // 0 to below `bound`; 0 where that is 0.
  uint64_t Below(uint64_t bound) { return bound == 0 ? 0 : random_.Next() % bound; }
  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Below(static_cast<uint64_t>(high - low + 1)));
  }
  bool OneIn(uint64_t count) { return Below(count) == 0; }
  Random* random() { return &random_; }

 private:
  SeededRandom random_;
};

}  // namespace lyceum::simulation
