#include "base/token.h"

#include <utf8.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/base64url.h"
#include "base/hash.h"

namespace lyceum {
namespace {

bool IsPlain(std::string_view token) {
  return !token.empty() && token.size() <= kPlainTokenMax &&
         std::all_of(token.begin(), token.end(), [](unsigned char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-';
         });
}

}  // namespace

// ASCII is passed eight bytes at a time; a run of other bytes is a text of its own.
bool IsUtf8(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080ULL;
  const char* from = text.data();
  const char* const end = from + text.size();
  const auto is_ascii = [](char c) { return static_cast<signed char>(c) >= 0; };
  while (from != end) {
    uint64_t eight = 0;
    while (end - from >= 8 && (std::memcpy(&eight, from, 8), (eight & kHighBits) == 0)) from += 8;
    from = std::find_if_not(from, end, is_ascii);
    const char* const run = std::find_if(from, end, is_ascii);
    if (!utf8::is_valid(from, run)) return false;
    from = run;
  }
  return true;
}

std::string_view CutUtf8(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

Result<std::string> FromToken(std::string_view token) {
  if (IsPlain(token)) return std::string(token);
  if (token.size() < 2 || token.size() > kTokenMax || token[0] != '~') {
    return Reject("not a subject token: use [A-Za-z0-9_-]{1,64}, or ~ and base64url of the id");
  }
  auto id = DecodeBase64Url(token.substr(1));
  if (!id || id->empty() || !IsUtf8(*id)) {
    return Reject("not a subject token: what follows ~ must be base64url of UTF-8 text");
  }
  return *id;
}

bool IsToken(std::string_view token) {
  if (IsPlain(token)) return true;
  if (token.size() < 2 || token.size() > kTokenMax || token[0] != '~') return false;
  std::array<char, kTokenMax> id;
  const auto size = DecodeBase64Url(token.substr(1), id.data());
  return size && *size > 0 && IsUtf8({id.data(), *size});
}

Result<std::string> ToToken(std::string_view id) {
  if (IsPlain(id)) return std::string(id);
  if (id.empty()) return Reject("an id must not be empty");
  if (!IsUtf8(id)) return Reject("an id must be UTF-8");
  std::string token = "~" + EncodeBase64Url(id);
  if (token.size() > kTokenMax) return Reject("an id must not be longer than 95 bytes");
  return token;
}

uint32_t PartitionOf(std::string_view token, uint32_t partitions) {
  return Fnv1a32(token) % partitions;
}

}  // namespace lyceum
