#include "support/seed.h"

#include <cstdio>
#include <cstdlib>
#include <random>

namespace lyceum::test {

uint64_t Seed() {
  const char* text = std::getenv("LYCEUM_SEED");
  const uint64_t seed =
      text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : std::random_device{}();
  std::fprintf(stderr, "seed: LYCEUM_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace lyceum::test
