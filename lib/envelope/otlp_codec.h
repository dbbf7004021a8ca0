// Spans as a collector of OTLP takes them (messages/otlp/v1/trace.proto), in protobuf.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/trace.h"

namespace lyceum::envelope {

inline constexpr size_t kSpanTextBytesMax =
    256;  // Of a name and of a value: what is longer is cut.

// Whose spans they are.
struct SpanSource {
  std::string program;
  std::string version;
  std::string worker;  // Its --id.
};

std::string EncodeSpans(const SpanSource& source, const std::vector<Span>& spans);
// Of a collector's answer: so many of them it did not take. What cannot be read says nothing: 0.
uint64_t RejectedSpans(std::string_view answer);

}  // namespace lyceum::envelope
