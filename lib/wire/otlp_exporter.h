// OtlpExporter: spans to a collector, by OTLP over HTTP with protobuf: POST <endpoint>/v1/traces.
//
//   Add -> queue (bounded) -> batch -> request -> 200: exported
//            | full: dropped      | 429, 502, 503, 504, no answer: again, as Retry-After says
//            v                    v give-up time, or any other status: dropped
// Who adds never waits: one thread sends, a batch at a time, whatever the collector does. What is dropped is counted.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/trace.h"

namespace lyceum::wire {

class OtlpExporter final : public SpanSink {
 public:
  struct Options {
    std::string endpoint;  // As http://127.0.0.1:4318; http to any host. See EndpointProblem.
    // The request's body, and how many spans of it the answer's body says were not taken.
    std::function<std::string(const std::vector<Span>&)> encode;
    std::function<uint64_t(std::string_view)> rejected;
    size_t queue_max = 8192;
    size_t batch_max = 512;
    std::chrono::milliseconds batch_wait{1'000};  // For a batch that is not full.
    std::chrono::milliseconds request{10'000};
    std::chrono::milliseconds give_up{30'000};   // Of a batch, with all its requests and waits.
    std::chrono::milliseconds retry_first{500};  // Then twice as long each time,
    std::chrono::milliseconds retry_max{8'000};  // up to this; or as long as Retry-After says.
    std::chrono::milliseconds flush{2'000};      // What there is at the end has so long.
  };
  // kReject: the endpoint; kFatal: no thread is left.
  static Result<std::unique_ptr<OtlpExporter>> Start(Options options);
  // Sends what there is, within options.flush.
  ~OtlpExporter() override;

  void Add(Span span) override;

  enum class Drop { kQueueFull, kCollector, kRefused, kShutdown };
  static constexpr size_t kDropCount = 4;
  static std::string_view Name(Drop drop);  // "queue_full" ...
  struct Counters {
    uint64_t exported = 0;
    std::array<uint64_t, kDropCount> dropped{};  // By Drop.
  };
  Counters counters() const;

 private:
  struct Impl;
  explicit OtlpExporter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What is wrong with it; empty: nothing.
std::string EndpointProblem(std::string_view endpoint);

}  // namespace lyceum::wire
