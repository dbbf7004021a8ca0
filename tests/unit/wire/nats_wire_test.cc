#include "wire/nats_wire.h"

#include "log_contract.h"
#include "nats_world.h"

namespace lyceum::wire {
namespace {

INSTANTIATE_WIRE_CONTRACT(Nats, MakeNatsWorld);

}  // namespace
}  // namespace lyceum::wire
