// The contract's name of each kind of event: "start", "message", "tool_result" ...
#pragma once

#include <string_view>

#include "tutor/event.h"

namespace lyceum::envelope {

std::string_view NameOf(const tutor::EventKind& kind);

}  // namespace lyceum::envelope
