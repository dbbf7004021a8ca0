// The bounds of a gateway, in one header.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lyceum::gateway {

inline constexpr size_t kHeaderBytesMax = 8 * 1024;
inline constexpr size_t kBodyBytesMax = 32 * 1024;  // Also of a WebSocket's message.
// Front ends that send their whole transcript each time; so many such bodies are read at once.
inline constexpr size_t kLargeBodyBytesMax = 1024 * 1024;
inline constexpr size_t kLargeBodiesMax = 64;
inline constexpr size_t kIdBytesMax = 128;             // Of an event's id.
inline constexpr size_t kUnsentBytesMax = 256 * 1024;  // To one client that does not read.
// What a client of AG-UI is sent back of its transcript, and of one run.
inline constexpr size_t kTranscriptBytesMax = 128 * 1024;
inline constexpr size_t kRunSaidBytesMax = 32 * 1024;
inline constexpr size_t kConnectionsMax = 10'000;
inline constexpr int64_t kRequestMsMax =
    15'000;  // From the first byte awaited to the last one read.
inline constexpr int64_t kTlsHandshakeMsMax = 10'000;
inline constexpr int64_t kWriteMsMax = 20'000;  // One write to a client.
inline constexpr int64_t kKeepAliveMs =
    15'000;  // A streamed body says something at least so often.
inline constexpr int64_t kSocketIdleMs = 60'000;  // A client that does not answer.
inline constexpr int64_t kCloseMsMax = 5'000;     // For the last frames of a client that is closed.
inline constexpr int64_t kAckMsMax = 8'000;       // Until JetStream has an event.
inline constexpr int64_t kQueryMsMax = 3'000;
inline constexpr int64_t kGatewayMsMax = 1'000;  // Until another gateway says whose ticket it is.
inline constexpr int64_t kTokenSecondsMax = 15 * 60;
inline constexpr int64_t kTicketMs = 30'000;
inline constexpr size_t kTicketsMax = 100'000;
inline constexpr size_t kRatesKept = 100'000;  // Users and addresses whose rate is known.

static_assert(kBodyBytesMax < kUnsentBytesMax);
static_assert(kTranscriptBytesMax + 2 * kRunSaidBytesMax < kUnsentBytesMax);

}  // namespace lyceum::gateway
