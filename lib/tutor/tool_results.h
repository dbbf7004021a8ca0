// Table B: what a tool's result does. The session stands in the origin of its call.
#pragma once

#include "tutor/step.h"

namespace lyceum::tutor {

// A result that is not of the call's tool, or that can not be right, is a tool error `bad_result`.
void ApplyResult(Step& step, const Call& call, const ToolReply& reply);

}  // namespace lyceum::tutor
