// Private to this library: what may be published and subscribed to, for every Wire.
#pragma once

#include <string_view>

#include "base/result.h"
#include "wire/wire.h"

namespace lyceum::wire {

inline constexpr std::string_view kContentType = "Content-Type";
inline constexpr std::string_view kMessageId = "Nats-Msg-Id";
inline constexpr std::string_view kTrace = "traceparent";
inline constexpr std::string_view kExpectedLast = "Nats-Expected-Last-Subject-Sequence";

inline bool HasHeaders(const Outbound& message) {
  return !message.content_type.empty() || !message.message_id.empty() || !message.trace.empty() ||
         !message.expected_last.empty();
}

// Calls f(name, value) for each header that the message has, in this order.
template <class F>
void EachHeader(const Outbound& message, F f) {
  if (!message.content_type.empty()) f(kContentType, message.content_type);
  if (!message.message_id.empty()) f(kMessageId, message.message_id);
  if (!message.trace.empty()) f(kTrace, message.trace);
  if (!message.expected_last.empty()) f(kExpectedLast, message.expected_last);
}

// Subject, reply and header values: nothing that could end a protocol line; not over the limit,
// headers included.
Result<void> CheckOutbound(const Outbound& message, size_t payload_bytes_max);
// As for Wire::Subscribe.
Result<void> CheckSubscription(std::string_view subject, std::string_view queue);

}  // namespace lyceum::wire
