// Subject tokens: the only way an id of the outside world becomes part of a NATS subject.
//
//   plain    [A-Za-z0-9_-]{1,64}
//   carried  '~' + base64url(UTF-8, no padding), 128 characters at most
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lyceum {

inline constexpr size_t kPlainTokenMax = 64;
inline constexpr size_t kTokenMax = 128;

// True for both forms. Allocates nothing. A carried token must decode to valid, non-empty UTF-8.
bool IsToken(std::string_view token);

// The token of an id: itself where it is plain, carried otherwise. kReject: empty, not UTF-8, too
// long.
Result<std::string> ToToken(std::string_view id);

// The id behind a token, for people to read. kReject if it is not a token.
Result<std::string> FromToken(std::string_view token);

// FNV-1a 32 of the token, modulo the count: what the server's {{partition(N,1)}} computes.
uint32_t PartitionOf(std::string_view token, uint32_t partitions);

bool IsUtf8(std::string_view text);
// At most bytes_max bytes of text, never cut inside a character.
std::string_view CutUtf8(std::string_view text, size_t bytes_max);

}  // namespace lyceum
