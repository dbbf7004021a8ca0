#include "wire/memory_broker.h"

#include <gtest/gtest.h>

#include "memory_world.h"

namespace lyceum::wire {
namespace {
INSTANTIATE_TEST_SUITE_P(Memory, WireContract, testing::Values(MakeMemoryWorld));
}  // namespace
}  // namespace lyceum::wire
