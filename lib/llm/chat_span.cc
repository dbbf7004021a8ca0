#include "llm/chat_span.h"

#include <utility>

#include "base/span_names.h"

namespace lyceum::llm {

Span BeginChat(Tracer& tracer, std::string_view trace, const Provider& provider,
               const Attempt& attempt) {
  Span span = Tracer::Begin(tracer.Under(trace), SpanKind::kClient,
                            std::string(span_names::kChat) + " " + attempt.model);
  const char* const spoken = provider.api == Api::kAnthropic ? "anthropic" : "openai";
  span.attributes = {{span_names::kOperation, std::string(span_names::kChat)},
                     {span_names::kProvider, std::string(spoken)},
                     {span_names::kProviderEntry, provider.name},
                     {span_names::kRequestModel, attempt.model},
                     {span_names::kReason, attempt.reason}};
  return span;
}

void EndChat(Tracer& tracer, Span span, const AttemptEnd& end, const Attempt& attempt) {
  if (!end.model.empty()) span.attributes.emplace_back(span_names::kResponseModel, end.model);
  if (end.cost_known) {
    span.attributes.emplace_back(span_names::kInputTokens, int64_t{end.cost.input_tokens});
    span.attributes.emplace_back(span_names::kOutputTokens, int64_t{end.cost.output_tokens});
  }
  if (attempt.outcome != "ok") span.error = ErrorWord(attempt.outcome);
  tracer.End(std::move(span));
}

}  // namespace lyceum::llm
