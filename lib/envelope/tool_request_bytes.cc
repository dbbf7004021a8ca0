#include "envelope/tool_request_bytes.h"

#include <algorithm>

#include "base/check.h"
#include "envelope/proto_io.h"
#include "lyceum/v1/lyceum.pb.h"

namespace lyceum::envelope {
namespace {

// Tags of the wire format: field number << 3 | type, 0 a varint, 2 bytes with their length.
constexpr char kAttempt = 2 << 3;
constexpr char kDeadline = 5 << 3 | 2;
constexpr char kSeconds = 1 << 3;
constexpr char kNanos = 2 << 3;

constexpr int64_t kLastMs = 253'402'300'799'000;  // Timestamps end with the year 9999.

void AppendVarint(std::string* bytes, uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes->push_back(static_cast<char>(value | 0x80));
  bytes->push_back(static_cast<char>(value));
}

size_t VarintBytes(uint64_t value) {
  size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

}  // namespace

void AppendAttempt(std::string* bytes, uint32_t attempt, int64_t deadline_unix_ms) {
  CHECK(deadline_unix_ms >= 0);
  deadline_unix_ms = std::min(deadline_unix_ms, kLastMs);
  const auto seconds = static_cast<uint64_t>(deadline_unix_ms / 1000);
  const auto nanos = static_cast<uint64_t>(deadline_unix_ms % 1000 * 1'000'000);
  bytes->push_back(kAttempt);
  AppendVarint(bytes, attempt);
  bytes->push_back(kDeadline);
  // Both fields also where they are 0: a deadline before this one is overwritten, not merged with.
  bytes->push_back(static_cast<char>(2 + VarintBytes(seconds) + VarintBytes(nanos)));
  bytes->push_back(kSeconds);
  AppendVarint(bytes, seconds);
  bytes->push_back(kNanos);
  AppendVarint(bytes, nanos);
}

Result<std::string> ToolRequestAsJson(std::string_view base, uint32_t attempt,
                                      int64_t deadline_unix_ms) {
  std::string bytes(base);
  AppendAttempt(&bytes, attempt, deadline_unix_ms);
  v1::ToolRequest request;
  if (auto parsed = ParseMessage(bytes, Encoding::kProtobuf, &request); !parsed) {
    return Fatal("a tool request of ours cannot be read: " + parsed.error().text);
  }
  return WriteMessage(request, Encoding::kJson);
}

}  // namespace lyceum::envelope
