#include "cli/terminal.h"

#include <utf8.h>

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

std::string Wrap(std::string_view text, size_t width) {
  if (width == 0) return std::string(text);
  std::string wrapped;
  size_t space = std::string::npos;  // The last one of the present line, in `wrapped`.
  size_t column = 0;
  size_t column_of_space = 0;
  for (char c : text) {
    wrapped += c;
    if (c == '\n') {
      column = 0;
      space = std::string::npos;
      continue;
    }
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;  // Inside a character.
    ++column;
    if (c == ' ') {
      space = wrapped.size() - 1;
      column_of_space = column;
    } else if (column > width && space != std::string::npos) {
      wrapped[space] = '\n';
      column -= column_of_space;
      space = std::string::npos;
    }
  }
  return wrapped;
}

}  // namespace lyceum::cli
