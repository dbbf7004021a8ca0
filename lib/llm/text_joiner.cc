#include "llm/text_joiner.h"

#include <utf8.h>

#include <cstdint>
#include <optional>

namespace lyceum::llm {
namespace {

constexpr uint32_t kByteMarks = 0x10f780;
constexpr uint32_t kSurrogateMarks = 0x10f800;
constexpr uint32_t kSurrogates = 0xd800;
constexpr uint32_t kLowSurrogates = 0xdc00;
constexpr uint32_t kSurrogatesEnd = 0xe000;
constexpr size_t kEscapeBytes = 6;  // \ud83d
constexpr size_t kSurrogateBytes = 3;
constexpr std::string_view kFirstMark = "\xf4\x8f\x9e\x80";  // U+10F780

void Append(uint32_t character, std::string* text) {
  utf8::append(character, std::back_inserter(*text));
}

// Of an escape that begins here.
std::optional<uint32_t> Escaped(std::string_view json) {
  if (json.size() < kEscapeBytes || json[0] != '\\' || json[1] != 'u') return std::nullopt;
  uint32_t value = 0;
  for (size_t i = 2; i < kEscapeBytes; ++i) {
    const char c = json[i];
    const bool digit = c >= '0' && c <= '9';
    const auto lower = static_cast<char>(c | 0x20);
    if (!digit && (lower < 'a' || lower > 'f')) return std::nullopt;
    value = value * 16 + static_cast<uint32_t>(digit ? c - '0' : lower - 'a' + 10);
  }
  return value;
}

bool IsSurrogate(uint32_t value) { return value >= kSurrogates && value < kSurrogatesEnd; }
bool IsHigh(uint32_t value) { return value >= kSurrogates && value < kLowSurrogates; }
bool IsLow(uint32_t value) { return value >= kLowSurrogates && value < kSurrogatesEnd; }

std::string WithEscapesMarked(std::string_view json) {
  std::string marked;
  marked.reserve(json.size());
  for (size_t i = 0; i < json.size();) {
    if (json[i] != '\\') {
      marked += json[i++];
      continue;
    }
    const std::optional<uint32_t> value = Escaped(json.substr(i));
    if (!value || !IsSurrogate(*value)) {
      marked += json.substr(i, 2);  // Also a backslash that is escaped.
      i += 2;
      continue;
    }
    const std::optional<uint32_t> next = Escaped(json.substr(i + kEscapeBytes));
    if (IsHigh(*value) && next && IsLow(*next)) {
      marked += json.substr(i, 2 * kEscapeBytes);
      i += 2 * kEscapeBytes;
      continue;
    }
    Append(kSurrogateMarks + *value - kSurrogates, &marked);
    i += kEscapeBytes;
  }
  return marked;
}

std::string WithBytesMarked(std::string_view json) {
  std::string marked;
  marked.reserve(json.size() + 8);
  while (true) {
    const auto wrong = utf8::find_invalid(json.begin(), json.end());
    marked.append(json.begin(), wrong);
    if (wrong == json.end()) return marked;
    Append(kByteMarks + static_cast<unsigned char>(*wrong) - 0x80, &marked);
    json.remove_prefix(static_cast<size_t>(wrong - json.begin()) + 1);
  }
}

bool HasSurrogateEscape(std::string_view json) {
  for (size_t at = json.find("\\u"); at != std::string_view::npos; at = json.find("\\u", at + 2)) {
    const std::optional<uint32_t> value = Escaped(json.substr(at));
    if (value && IsSurrogate(*value)) return true;
  }
  return false;
}

// The bytes that the marks stand for.
std::string Unmarked(std::string_view marked) {
  std::string bytes;
  bytes.reserve(marked.size());
  const char* at = marked.data();
  const char* const end = at + marked.size();
  while (at < end) {
    const char* const begin = at;
    const uint32_t character = utf8::unchecked::next(at);
    if (character < kByteMarks) {
      bytes.append(begin, at);
    } else if (character < kSurrogateMarks) {
      bytes += static_cast<char>(character - kByteMarks + 0x80);
    } else {
      const uint32_t half = character - kSurrogateMarks + kSurrogates;
      bytes += static_cast<char>(0xe0 | (half >> 12));
      bytes += static_cast<char>(0x80 | ((half >> 6) & 0x3f));
      bytes += static_cast<char>(0x80 | (half & 0x3f));
    }
  }
  return bytes;
}

// A surrogate of three bytes that begins here; 0: none.
uint32_t SurrogateAt(std::string_view bytes) {
  if (bytes.size() < kSurrogateBytes || bytes[0] != '\xed') return 0;
  const auto second = static_cast<unsigned char>(bytes[1]);
  const auto third = static_cast<unsigned char>(bytes[2]);
  if (second < 0xa0 || second > 0xbf || (third & 0xc0) != 0x80) return 0;
  return 0xd000U | (static_cast<uint32_t>(second & 0x3f) << 6) | (third & 0x3fU);
}

// What begins here may become a character: of one, all but the end is there.
bool MayBecome(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  const size_t size = first >= 0xf0 && first <= 0xf4   ? 4
                      : first >= 0xe0 && first <= 0xef ? 3
                      : first >= 0xc2 && first <= 0xdf ? 2
                                                       : 0;
  if (bytes.size() >= size) return false;
  for (const char c : bytes.substr(1)) {
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) return false;
  }
  return true;
}

}  // namespace

std::string Marked(std::string_view json) {
  std::string marked = HasSurrogateEscape(json) ? WithEscapesMarked(json) : std::string(json);
  if (!utf8::is_valid(marked.begin(), marked.end())) marked = WithBytesMarked(marked);
  return marked;
}

bool TextJoiner::Add(std::string_view marked, std::string* text) {
  if (held_.empty() && marked.find(kFirstMark.substr(0, 2)) == std::string_view::npos) {
    text->append(marked);
    return true;
  }
  held_ += Unmarked(marked);
  std::string_view rest = held_;
  while (!rest.empty()) {
    const auto wrong = utf8::find_invalid(rest.begin(), rest.end());
    text->append(rest.begin(), wrong);
    rest.remove_prefix(static_cast<size_t>(wrong - rest.begin()));
    if (rest.empty()) break;
    const uint32_t half = SurrogateAt(rest);
    if (half == 0) {
      if (!MayBecome(rest)) return false;
      break;
    }
    const std::string_view after = rest.substr(kSurrogateBytes);
    if (IsHigh(half) && (after.empty() || MayBecome(after))) break;
    const uint32_t other = SurrogateAt(after);
    rest = after;
    // Half a pair alone means nothing.
    if (!IsHigh(half) || other == 0 || !IsLow(other)) continue;
    Append(0x10000 + ((half - kSurrogates) << 10) + (other - kLowSurrogates), text);
    rest.remove_prefix(kSurrogateBytes);
  }
  held_ = std::string(rest);
  return true;
}

}  // namespace lyceum::llm
