// What the dispatcher says on behalf of a tool whose call has failed.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/ids.h"
#include "dispatch/dispatch_table.h"
#include "tutor/call.h"
#include "tutor/event.h"

namespace lyceum::dispatch {

std::string_view CodeOf(Failure why);  // lost deadline unavailable too_large bad_result

// The tool_result that ends the call, with the id `<call>-error`: the same however often it is
// made.
tutor::Event ErrorEvent(const CallId& call, tutor::Tool tool, uint32_t attempt, Failure why);

}  // namespace lyceum::dispatch
