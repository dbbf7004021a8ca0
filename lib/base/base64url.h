// base64url without padding (RFC 4648, section 5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lyceum {

std::string EncodeBase64Url(std::string_view bytes);

// Empty where a character, the length or the unused bits are wrong: each text has one encoding.
std::optional<std::string> DecodeBase64Url(std::string_view text);
// The same into a buffer of at least text.size() * 3 / 4 bytes: how many were written.
std::optional<size_t> DecodeBase64Url(std::string_view text, char* bytes);

}  // namespace lyceum
