// The span of one request to a provider: `chat <model>`.
#pragma once

#include "base/trace.h"
#include "llm/attempt.h"
#include "llm/client.h"

namespace lyceum::llm {

Span BeginChat(Tracer& tracer, std::string_view trace, const Provider& provider,
               const Attempt& attempt);
void EndChat(Tracer& tracer, Span span, const AttemptEnd& end, const Attempt& attempt);

}  // namespace lyceum::llm
