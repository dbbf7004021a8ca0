#include "wire/outbound_check.h"

#include "wire/connection.h"
#include "wire/subject.h"

namespace lyceum::wire {
namespace {

constexpr size_t kFrameBytes = sizeof("NATS/1.0\r\n") - 1 + 2;  // And an empty line.
constexpr size_t kLineBytes = 4;                                // Colon, space, CR, LF.

}  // namespace

Result<void> CheckOutbound(const Outbound& message, size_t payload_bytes_max) {
  if (!IsSubject(message.subject)) return Reject("not a subject that can be published to");
  if (!message.reply.empty() && !IsSubject(message.reply)) return Reject("not a reply subject");
  size_t bytes = message.data.size();
  if (HasHeaders(message)) {
    bytes += kFrameBytes;
    std::string_view broken;
    EachHeader(message, [&](std::string_view name, std::string_view value) {
      bytes += name.size() + value.size() + kLineBytes;
      if (!IsHeaderValue(value)) broken = name;
    });
    if (!broken.empty()) {
      return Reject("the value of header " + std::string(broken) + " breaks its line");
    }
  }
  if (bytes > payload_bytes_max) return TooLarge(bytes, payload_bytes_max);
  return {};
}

Result<void> CheckSubscription(std::string_view subject, std::string_view queue) {
  if (!IsSubjectPattern(subject)) return Reject("not a subject that can be subscribed to");
  if (!queue.empty() && !IsSubject(queue)) return Reject("not the name of a queue group");
  return {};
}

}  // namespace lyceum::wire
