// Private to this library: what JetStream gives, as a StoredMessage.
#pragma once

#include "wire/handles.h"
#include "wire/jetstream.h"

namespace lyceum::wire {

// A message that js_GetMsg or js_GetLastMsg gave.
StoredMessage FromStored(natsMsg* msg);

}  // namespace lyceum::wire
