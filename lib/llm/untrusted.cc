#include "llm/untrusted.h"

#include <utf8.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/check.h"
#include "base/token.h"

namespace lyceum::llm {
namespace {

constexpr size_t kNameBytesMax = 64;

struct Range {
  char32_t first;
  char32_t last;
};

// Nobody sees them, and they can split a word or a tag, turn a line around, or spell in secret.
constexpr std::array<Range, 22> kInvisible = {{
    {0x0000, 0x0008},   {0x000B, 0x000C},   {0x000E, 0x001F}, {0x007F, 0x0084}, {0x0086, 0x009F},
    {0x00AD, 0x00AD},   {0x034F, 0x034F},   {0x061C, 0x061C}, {0x115F, 0x1160}, {0x17B4, 0x17B5},
    {0x180B, 0x180F},   {0x200B, 0x200F},   {0x202A, 0x202E}, {0x2060, 0x206F}, {0x3164, 0x3164},
    {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3},
    {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
}};

// Brackets that may be taken for < and >, and signs that may be taken for &.
constexpr std::array<char32_t, 15> kLikeLess = {0x003C, 0x02C2, 0x1438, 0x2039, 0x2329,
                                                0x276C, 0x276E, 0x2770, 0x27E8, 0x27EA,
                                                0x29FC, 0x3008, 0x300A, 0xFE64, 0xFF1C};
constexpr std::array<char32_t, 15> kLikeGreater = {0x003E, 0x02C3, 0x1433, 0x203A, 0x232A,
                                                   0x276D, 0x276F, 0x2771, 0x27E9, 0x27EB,
                                                   0x29FD, 0x3009, 0x300B, 0xFE65, 0xFF1E};
constexpr std::array<char32_t, 3> kLikeAnd = {0x0026, 0xFE60, 0xFF06};

template <size_t N>
bool IsOneOf(const std::array<char32_t, N>& set, char32_t c) {
  return std::find(set.begin(), set.end(), c) != set.end();
}

bool IsInvisible(char32_t c) {
  return std::any_of(kInvisible.begin(), kInvisible.end(),
                     [c](const Range& range) { return c >= range.first && c <= range.last; });
}

bool IsPlain(char c) {
  return (c >= ' ' && c <= '~' && c != '<' && c != '>' && c != '&') || c == '\n' || c == '\t';
}

bool IsLineEnd(char32_t c) { return c == 0x000A || c == 0x0085 || c == 0x2028 || c == 0x2029; }

void AppendEscaped(char32_t c, std::string* out) {
  if (IsOneOf(kLikeLess, c)) {
    *out += "&lt;";
  } else if (IsOneOf(kLikeGreater, c)) {
    *out += "&gt;";
  } else if (IsOneOf(kLikeAnd, c)) {
    *out += "&amp;";
  } else {
    utf8::unchecked::append(static_cast<uint32_t>(c), std::back_inserter(*out));
  }
}

}  // namespace

std::string Escaped(std::string_view text, size_t bytes_max) {
  std::string repaired;
  if (!IsUtf8(text)) {
    utf8::replace_invalid(text.begin(), text.end(), std::back_inserter(repaired));
    text = repaired;
  }
  const std::string_view valid = text;
  std::string out;
  out.reserve(valid.size());
  size_t kept = 0;
  for (auto at = valid.begin(); at != valid.end();) {
    // Most of it, most of the time: what stands for itself.
    const auto plain = std::find_if_not(at, valid.end(), IsPlain);
    const size_t room = bytes_max - kept;
    if (static_cast<size_t>(plain - at) > room) {
      out.append(at, at + static_cast<std::ptrdiff_t>(room));
      out += kCutMark;
      break;
    }
    out.append(at, plain);
    kept += static_cast<size_t>(plain - at);
    at = plain;
    if (at == valid.end()) break;
    const auto begin = at;
    const auto c = static_cast<char32_t>(utf8::unchecked::next(at));
    if (c == 0x000D) {
      // Of CR LF the line feed stays; a lone one ends a line on its own.
      if (at != valid.end() && *at == '\n') continue;
    } else if (IsInvisible(c)) {
      continue;
    }
    kept += static_cast<size_t>(at - begin);
    if (kept > bytes_max) {
      out += kCutMark;
      break;
    }
    if (c == 0x000D || IsLineEnd(c)) {
      out += '\n';
    } else {
      AppendEscaped(c, &out);
    }
  }
  return out;
}

std::string Quoted(std::string_view name, std::string_view text, size_t bytes_max) {
  CHECK(!name.empty() && name.size() <= kNameBytesMax);
  CHECK(std::all_of(name.begin(), name.end(),
                    [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }));
  std::string out = "<data name=\"";
  out.append(name).append("\">").append(Escaped(text, bytes_max)).append("</data>");
  return out;
}

}  // namespace lyceum::llm
