#include "wire/nats_wire.h"

#include "nats_world.h"

namespace lyceum::wire {
namespace {

INSTANTIATE_TEST_SUITE_P(Nats, WireContract, testing::Values(MakeNatsWorld));

}  // namespace
}  // namespace lyceum::wire
