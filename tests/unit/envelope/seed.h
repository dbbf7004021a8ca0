// The seed of a randomised test: LYCEUM_SEED where it is set, else a fresh one.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

namespace lyceum::envelope {

inline uint64_t Seed() {
  const char* text = std::getenv("LYCEUM_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
}

}  // namespace lyceum::envelope
