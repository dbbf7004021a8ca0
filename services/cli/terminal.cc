#include "cli/terminal.h"

#include <utf8.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "base/token.h"

namespace lyceum::cli {
namespace {

bool IsUnsafe(uint32_t c) {
  if (c < 0x20) return c != '\n' && c != '\t';
  if (c >= 0x7F && c <= 0x9F) return true;
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

struct Range {
  uint32_t first;
  uint32_t last;
};
// Unicode 15: marks, joiners and variation selectors; East Asian Wide and Fullwidth, by block.
constexpr Range kNoColumns[] = {
    {0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x610, 0x61A},    {0x64B, 0x65F},
    {0x6D6, 0x6DC},   {0x93A, 0x93C},   {0x941, 0x94D},   {0xE31, 0xE31},    {0xE34, 0xE3A},
    {0xE47, 0xE4E},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F},  {0x2060, 0x2064},
    {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xE0100, 0xE01EF}};
constexpr Range kTwoColumns[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
                                 {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},
                                 {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
                                 {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
                                 {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF},
                                 {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD}};

template <size_t N>
bool IsIn(const Range (&ranges)[N], uint32_t c) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [c](const Range& range) { return range.first <= c && c <= range.last; });
}

size_t ColumnsOf(uint32_t c) {
  if (c < 0x300) return 1;
  if (IsIn(kNoColumns, c)) return 0;
  return IsIn(kTwoColumns, c) ? 2 : 1;
}

}  // namespace

std::string Plain(std::string_view text) {
  std::string valid;
  utf8::replace_invalid(text.begin(), text.end(), std::back_inserter(valid));
  std::string plain;
  for (auto at = valid.begin(); at != valid.end();) {
    const uint32_t c = utf8::next(at, valid.end());
    if (!IsUnsafe(c)) utf8::append(c, std::back_inserter(plain));
  }
  return plain;
}

std::string PlainLine(std::string_view text, size_t bytes_max) {
  std::string line = Plain(text);
  for (char& c : line) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  if (line.size() <= bytes_max) return line;
  return std::string(CutUtf8(line, bytes_max)) + "…";
}

size_t ColumnsOf(std::string_view line) {
  size_t columns = 0;
  for (auto at = line.begin(); at != line.end();) {
    columns += ColumnsOf(utf8::next(at, line.end()));
  }
  return columns;
}

std::string Wrap(std::string_view text, size_t width, bool break_words) {
  if (width == 0) return std::string(text);
  std::string wrapped;
  size_t space = std::string::npos;  // The last one of the present line, in `wrapped`.
  size_t column = 0;
  size_t column_of_space = 0;
  for (auto at = text.begin(); at != text.end();) {
    const auto begin = at;
    const uint32_t c = utf8::next(at, text.end());
    if (c == '\n') {
      wrapped += '\n';
      column = 0;
      space = std::string::npos;
      continue;
    }
    const size_t columns = ColumnsOf(c);
    if (column + columns > width && c != ' ') {
      if (space != std::string::npos) {
        wrapped[space] = '\n';
        column -= column_of_space;
      } else if (column > 0 && break_words) {
        wrapped += '\n';
        column = 0;
      }
      space = std::string::npos;
    }
    wrapped.append(begin, at);
    column += columns;
    if (c == ' ') {
      space = wrapped.size() - 1;
      column_of_space = column;
    }
  }
  return wrapped;
}

}  // namespace lyceum::cli
