// The span of a tool that runs: `execute_tool <tool>`.
#pragma once

#include "base/trace.h"
#include "toolhost/toolbox.h"

namespace lyceum::toolhost {

// What the tool asks for, and its result, have this span as their parent: request->trace is its own from here on.
Span BeginToolSpan(Tracer& tracer, envelope::ToolRequest* request);
void EndToolSpan(Tracer& tracer, Span span, const ToolAnswer& answer);

}  // namespace lyceum::toolhost
