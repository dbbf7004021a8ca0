#include "base/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/hash.h"

namespace lyceum {
namespace {

//  00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
constexpr size_t kBytes = 55;
constexpr size_t kTraceAt = 3, kTraceBytes = 32, kSpanAt = 36, kFlagsAt = 53;
constexpr uint64_t kSampledFlag = 1;
constexpr size_t kErrorBytesMax = 64;

// Lower-case hex digits and nothing else.
std::optional<uint64_t> Hex(std::string_view digits) {
  if (digits.find_first_not_of("0123456789abcdef") != digits.npos) return std::nullopt;
  uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return number;
}

// No id is 0.
uint64_t IdOf(uint64_t number) { return number == 0 ? 1 : number; }

}  // namespace

std::optional<TraceContext> ParseTraceparent(std::string_view text) {
  if (text.size() < kBytes || text[2] != '-' || text[kSpanAt - 1] != '-' ||
      text[kFlagsAt - 1] != '-') {
    return std::nullopt;
  }
  const auto version = Hex(text.substr(0, 2));
  if (!version || *version == 0xff) return std::nullopt;
  if (text.size() > kBytes && (*version == 0 || text[kBytes] != '-')) return std::nullopt;
  const auto high = Hex(text.substr(kTraceAt, 16));
  const auto low = Hex(text.substr(kTraceAt + 16, 16));
  const auto span = Hex(text.substr(kSpanAt, 16));
  const auto flags = Hex(text.substr(kFlagsAt, 2));
  if (!high || !low || !span || !flags || (*high | *low) == 0 || *span == 0) return std::nullopt;
  return TraceContext{*high, *low, *span, (*flags & kSampledFlag) != 0};
}

std::string Traceparent(const TraceContext& context) {
  return fmt::format("00-{:016x}{:016x}-{:016x}-{:02x}", context.trace_high, context.trace_low,
                     context.span, context.sampled ? kSampledFlag : 0);
}

std::string_view TraceIdIn(std::string_view traceparent) {
  if (!ParseTraceparent(traceparent)) return {};
  return traceparent.substr(kTraceAt, kTraceBytes);
}

std::string ErrorWord(std::string_view code) {
  const bool word = code.size() <= kErrorBytesMax &&
                    code.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == code.npos;
  return std::string(word ? code : "_OTHER");
}

Tracer::Place Tracer::PlaceOf(std::string_view traceparent, uint64_t span, uint64_t high,
                              uint64_t low) const {
  Place place;
  if (const auto given = ParseTraceparent(traceparent)) {
    place.context = *given;
    place.parent = given->span;
  } else {
    // Whoever hears of this id decides alike, as far as the ratio is the same.
    const double part = static_cast<double>(low >> 11) * 0x1p-53;
    place.context = {high, IdOf(low), 0, part < ratio_};
  }
  place.context.span = IdOf(span);
  return place;
}

Tracer::Place Tracer::Under(std::string_view traceparent) {
  const std::lock_guard lock(mutex_);
  const uint64_t span = random_.Next();
  const uint64_t high = random_.Next();
  return PlaceOf(traceparent, span, high, random_.Next());
}

Tracer::Place Tracer::Derived(std::string_view traceparent, uint64_t key) const {
  const uint64_t high = hash::Mix(key ^ hash::kKey0, hash::kKey1);
  const uint64_t low = hash::Mix(high ^ hash::kKey1, key ^ hash::kKey2);
  return PlaceOf(traceparent, Hash64(traceparent, key), high, low);
}

Span Tracer::Begin(const Place& place, SpanKind kind, std::string name) {
  return {.context = place.context,
          .parent = place.parent,
          .kind = kind,
          .name = std::move(name),
          .begin_ns = UnixNs()};
}

void Tracer::End(Span span) {
  if (!span.context.sampled) return;
  if (span.end_ns == 0) span.end_ns = UnixNs();
  span.end_ns = std::max(span.end_ns, span.begin_ns);  // The clock may jump.
  sink_->Add(std::move(span));
}

int64_t UnixNs() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace lyceum
