// Random: where a shell gets its jitter and its seeds from. The pure core never sees it.
//
// A simulation gives every component one that follows from the simulation's seed.
#pragma once

#include <cstdint>
#include <random>

namespace lyceum {

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t Next() = 0;  // Every value of 64 bits is as likely as any other.
};

// Seeded once: by the system, or by a number, which then gives the same sequence on every machine.
class SeededRandom final : public Random {
 public:
  SeededRandom() : engine_((uint64_t{std::random_device{}()} << 32) ^ std::random_device{}()) {}
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  uint64_t Next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace lyceum
