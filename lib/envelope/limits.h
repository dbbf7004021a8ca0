// The bounds of what is read: more is refused by name. Those of the state machine stand in tutor/limits.h, that of a
// whole payload in envelope/encoding.h. docs/contract.md lists both (tests/contract/generate.cc).
#pragma once

#include <cstddef>
#include <cstdint>

namespace lyceum::envelope {

inline constexpr size_t kIdBytesMax = 128;
inline constexpr size_t kMessageTextBytesMax =
    900 * 1024;                                      // Above that even the session does not see it.
inline constexpr size_t kContextTextBytesMax = 512;  // Each text of Context.
inline constexpr size_t kObjectivesMax = 16;
inline constexpr size_t kReasonBytesMax = 512;  // Of end and shutdown.
inline constexpr size_t kReviewTextBytesMax = 2048;
inline constexpr size_t kTopicBytesMax = 256 * 1024;
inline constexpr size_t kWordBytesMax = 64;  // Codes, methods, strategies.
inline constexpr size_t kHypothesesMax = 16;
inline constexpr int kInFlightMax = 4096;  // Of a ToolHeartbeat.
inline constexpr int kToolsMax = 64;
inline constexpr uint32_t kHistoryDefault = 100;  // Of a Query.
inline constexpr uint32_t kHistoryMax = 10'000;

}  // namespace lyceum::envelope
