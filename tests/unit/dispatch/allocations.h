// How often this program has called operator new so far.
#pragma once

#include <cstdint>

namespace lyceum::test {

uint64_t Allocations();

}  // namespace lyceum::test
