// What the dispatcher says in a tool's stead, and a request as a further attempt.
#pragma once

#include <string>
#include <string_view>

#include "envelope/codec.h"
#include "outbox/dispatch_table.h"
#include "tutor/call.h"
#include "tutor/event.h"

namespace lyceum::outbox {

std::string_view CodeOf(Failure why);  // lost deadline unavailable too_large

// The tool_result that ends the call, with the id `<call>-error`: the same however often it is
// made.
tutor::Event ErrorEvent(const FailCall& failed, tutor::Tool tool);

// The encoded request with this attempt number, in this encoding. CHECK: it could be decoded
// before.
std::string WithAttempt(const std::string& request, uint32_t attempt, envelope::Encoding encoding);

}  // namespace lyceum::outbox
