// Tracing: what a program needs to make spans and to send them, where --otlp-endpoint is set.
#pragma once

#include <memory>

#include "base/result.h"
#include "base/trace.h"
#include "wire/otlp_exporter.h"
#include "worker/figure_server.h"
#include "worker/worker.h"

namespace lyceum::worker {

class Tracing {
 public:
  // Of --otlp-endpoint and --trace-ratio.
  static Result<void> Check(const Flags& flags);
  // Of flags that Check has passed. kFatal: no thread is left.
  static Result<std::unique_ptr<Tracing>> Start(const Flags& flags, const char* program);

  // Null: tracing is off. Whatever makes spans with it goes before this does.
  Tracer* tracer() const { return tracer_.get(); }
  // The same, with the figures of what is sent.
  FigureServer::Sources WithFigures(FigureServer::Sources sources) const;

 private:
  std::unique_ptr<wire::OtlpExporter> exporter_;
  std::unique_ptr<Tracer> tracer_;
};

}  // namespace lyceum::worker
