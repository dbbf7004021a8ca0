// Trace: W3C trace context, and the spans that programs make of a turn (docs/operations.md, Traces).
//
// A traceparent is carried as text in records, tool requests and NATS headers. Who makes no spans
// hands on what it was given. Who makes some hands on its own span's, whose parent is what it was
// given. Whoever begins a trace decides whether it is sampled; all others keep to that.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.h"

namespace lyceum {

struct TraceContext {
  uint64_t trace_high = 0, trace_low = 0;  // Not both 0.
  uint64_t span = 0;                       // Not 0.
  bool sampled = false;
  bool operator==(const TraceContext&) const = default;
};

// Empty: not a traceparent. Of a later version than 00 what is known of it.
std::optional<TraceContext> ParseTraceparent(std::string_view text);
std::string Traceparent(const TraceContext& context);
// For a line of the log: the trace id in a traceparent, 32 hex digits; or empty.
std::string_view TraceIdIn(std::string_view traceparent);

enum class SpanKind { kInternal = 1, kServer = 2, kClient = 3, kProducer = 4, kConsumer = 5 };

// Never a learner's or a model's words, a user's id or a secret: all of it leaves for a collector.
struct Span {
  using Value = std::variant<int64_t, bool, std::string>;

  TraceContext context{};
  uint64_t parent = 0;  // Of the same trace; 0: it has none.
  SpanKind kind = SpanKind::kInternal;
  std::string name{};
  int64_t begin_ns = 0, end_ns = 0;                              // Unix time.
  std::vector<std::pair<std::string_view, Value>> attributes{};  // Names of span_names.h.
  std::string error{};                                           // error.type; empty: it went well.
};

// What becomes error.type: a word as our codes are, else "_OTHER".
std::string ErrorWord(std::string_view code);

// Thread-safe; never waits.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  virtual void Add(Span span) = 0;
};

// Thread-safe. A pointer to one that is null: tracing is off.
class Tracer {
 public:
  // Where a span stands in its trace.
  struct Place {
    TraceContext context;
    uint64_t parent = 0;
  };

  // `ratio`: of the traces that begin here so much is sampled, 0 to 1. `sink` outlives it.
  Tracer(SpanSink* sink, double ratio) : sink_(sink), ratio_(ratio) {}

  // Below what was given; where that is no traceparent, a trace of its own.
  Place Under(std::string_view traceparent);
  // The same, with ids that follow from `key` and what was given: the same each time.
  Place Derived(std::string_view traceparent, uint64_t key) const;

  // Begins now.
  static Span Begin(const Place& place, SpanKind kind, std::string name);
  // Ends now, and is sent where it is sampled.
  void End(Span span);

 private:
  Place PlaceOf(std::string_view traceparent, uint64_t span, uint64_t high, uint64_t low) const;

  SpanSink* const sink_;
  const double ratio_;
  std::mutex mutex_;
  SeededRandom random_;  // Guarded by mutex_.
};

// Unix time.
int64_t UnixNs();

}  // namespace lyceum
