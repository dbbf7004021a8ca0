// The seed of a randomised test: LYCEUM_SEED where it is set, else a fresh one. Printed on standard
// error.
#pragma once

#include <cstdint>

namespace lyceum::test {

uint64_t Seed();

}  // namespace lyceum::test
