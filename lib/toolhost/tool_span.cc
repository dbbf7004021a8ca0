#include "toolhost/tool_span.h"

#include <string>
#include <utility>

#include "base/span_names.h"
#include "tutor/names.h"

namespace lyceum::toolhost {

Span BeginToolSpan(Tracer& tracer, envelope::ToolRequest* request) {
  const std::string operation(span_names::kExecuteTool);
  const std::string tool(tutor::Name(request->tool));
  Span span =
      Tracer::Begin(tracer.Under(request->trace), SpanKind::kInternal, operation + " " + tool);
  span.attributes = {{span_names::kOperation, operation},
                     {span_names::kToolName, tool},
                     {span_names::kToolCall, request->id.value},
                     {span_names::kAttempt, int64_t{request->attempt}}};
  request->trace = Traceparent(span.context);
  return span;
}

void EndToolSpan(Tracer& tracer, Span span, const ToolAnswer& answer) {
  span.attributes.emplace_back(span_names::kDegraded, answer.degraded);
  if (const auto* error = std::get_if<tutor::ToolError>(&answer.outcome)) {
    span.error = ErrorWord(error->code);
  }
  tracer.End(std::move(span));
}

}  // namespace lyceum::toolhost
