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

}  // namespace lyceum::cli
