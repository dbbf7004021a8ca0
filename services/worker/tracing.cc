#include "worker/tracing.h"

#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "envelope/otlp_codec.h"

namespace lyceum::worker {
namespace {

using wire::OtlpExporter;

std::optional<double> Ratio(const std::string& text) {
  double ratio = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), ratio);
  const bool whole = code == std::errc() && end == text.data() + text.size();
  if (!whole || !(ratio >= 0 && ratio <= 1)) return std::nullopt;
  return ratio;
}

}  // namespace

Result<void> Tracing::Check(const Flags& flags) {
  if (!Ratio(flags.trace_ratio)) return Reject("--trace-ratio takes a number from 0 to 1");
  if (flags.otlp_endpoint.empty()) return {};
  const std::string problem = wire::EndpointProblem(flags.otlp_endpoint);
  if (!problem.empty()) return Reject("--otlp-endpoint: " + problem);
  return {};
}

Result<std::unique_ptr<Tracing>> Tracing::Start(const Flags& flags, const char* program) {
  auto tracing = std::make_unique<Tracing>();
  if (flags.otlp_endpoint.empty()) return tracing;
  const envelope::SpanSource source{program, LYCEUM_VERSION, flags.id};
  auto exporter = OtlpExporter::Start(
      {.endpoint = flags.otlp_endpoint,
       .encode = [source](const auto& spans) { return envelope::EncodeSpans(source, spans); },
       .rejected = envelope::RejectedSpans});
  if (!exporter) return exporter.error();
  tracing->exporter_ = *std::move(exporter);
  tracing->tracer_ =
      std::make_unique<Tracer>(tracing->exporter_.get(), Ratio(flags.trace_ratio).value_or(1));
  LogInfo("traces are sent", {{"endpoint", flags.otlp_endpoint}, {"ratio", flags.trace_ratio}});
  return tracing;
}

FigureServer::Sources Tracing::WithFigures(FigureServer::Sources sources) const {
  sources.figures = [inner = std::move(sources.figures), exporter = exporter_.get()] {
    std::vector<Metric> figures = inner();
    const auto counters = exporter == nullptr ? OtlpExporter::Counters{} : exporter->counters();
    figures.push_back({"lyceum_spans_exported_total", "Spans that the collector of traces took",
                       static_cast<double>(counters.exported)});
    for (size_t i = 0; i < OtlpExporter::kDropCount; ++i) {
      figures.push_back(
          {"lyceum_spans_dropped_total",
           "Spans that no collector of traces took",
           static_cast<double>(counters.dropped[i]),
           true,
           {{"reason", std::string(OtlpExporter::Name(static_cast<OtlpExporter::Drop>(i)))}}});
    }
    return figures;
  };
  return sources;
}

}  // namespace lyceum::worker
