#include "envelope/otlp_codec.h"

#include <algorithm>

#include "base/overloaded.h"
#include "base/span_names.h"
#include "base/token.h"
#include "otlp/v1/trace.pb.h"

namespace lyceum::envelope {
namespace {

namespace otlp = ::lyceum::otlp::v1;

constexpr int kStatusError = 2;

std::string BigEndian(uint64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  return bytes;
}

std::string Bounded(std::string_view text) {
  return IsUtf8(text) ? std::string(CutUtf8(text, kSpanTextBytesMax)) : std::string();
}

void Put(std::string_view name, const Span::Value& value, otlp::KeyValue* out) {
  out->set_key(std::string(name));
  otlp::AnyValue* any = out->mutable_value();
  std::visit(Overloaded{[&](int64_t number) { any->set_int_value(number); },
                        [&](bool is) { any->set_bool_value(is); },
                        [&](const std::string& text) { any->set_string_value(Bounded(text)); }},
             value);
}

void Write(const Span& span, otlp::Span* out) {
  const TraceContext& context = span.context;
  out->set_trace_id(BigEndian(context.trace_high) + BigEndian(context.trace_low));
  out->set_span_id(BigEndian(context.span));
  if (span.parent != 0) out->set_parent_span_id(BigEndian(span.parent));
  out->set_name(Bounded(span.name));
  out->set_kind(static_cast<int>(span.kind));
  out->set_start_time_unix_nano(static_cast<uint64_t>(span.begin_ns));
  out->set_end_time_unix_nano(static_cast<uint64_t>(span.end_ns));
  for (const auto& [name, value] : span.attributes) Put(name, value, out->add_attributes());
  out->set_flags(context.sampled ? 1 : 0);
  if (span.error.empty()) return;
  Put(span_names::kErrorType, span.error, out->add_attributes());
  out->mutable_status()->set_code(kStatusError);
}

}  // namespace

std::string EncodeSpans(const SpanSource& source, const std::vector<Span>& spans) {
  otlp::ExportRequest request;
  otlp::ResourceSpans* all = request.add_resource_spans();
  otlp::Resource* resource = all->mutable_resource();
  Put(span_names::kServiceName, source.program, resource->add_attributes());
  Put(span_names::kServiceVersion, source.version, resource->add_attributes());
  Put(span_names::kServiceInstance, source.worker, resource->add_attributes());
  const std::string schema(span_names::kSchemaUrl);
  all->set_schema_url(schema);
  otlp::ScopeSpans* scope = all->add_scope_spans();
  scope->set_schema_url(schema);
  scope->mutable_scope()->set_name("lyceum");
  scope->mutable_scope()->set_version(source.version);
  for (const Span& span : spans) Write(span, scope->add_spans());
  return request.SerializeAsString();
}

uint64_t RejectedSpans(std::string_view answer) {
  otlp::ExportResponse response;
  if (!response.ParseFromArray(answer.data(), static_cast<int>(answer.size()))) return 0;
  return static_cast<uint64_t>(std::max<int64_t>(0, response.partial_success().rejected_spans()));
}

}  // namespace lyceum::envelope
