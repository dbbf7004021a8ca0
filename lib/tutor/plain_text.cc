#include "tutor/plain_text.h"

#include <array>

namespace lyceum::tutor {
namespace {

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

bool IsTight(char c) { return std::string_view("=+*/^<>").find(c) != std::string_view::npos; }

// The LaTeX that only changes how a formula looks.
constexpr std::array<std::string_view, 12> kDropped = {
    "\\left", "\\right", "\\(", "\\)", "\\[", "\\]",
    "\\,",    "\\!",     "\\;", "\\:", "$",   "\\displaystyle"};

size_t DroppedLength(std::string_view rest) {
  if (rest.front() != '\\' && rest.front() != '$') return 0;  // As all of them begin.
  for (std::string_view mark : kDropped) {
    if (!rest.starts_with(mark)) continue;
    const char last = mark.back();
    const bool is_word = last >= 'a' && last <= 'z';
    // \leftarrow is not \left.
    if (is_word && rest.size() > mark.size() && IsAlnum(rest[mark.size()])) continue;
    return mark.size();
  }
  return 0;
}

// U+2212, the minus sign of typeset text.
constexpr std::string_view kMinus = "\xE2\x88\x92";

}  // namespace

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsAlnum(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

void PlainWriter::Add(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (const size_t skipped = DroppedLength(text.substr(i))) {
      i += skipped;
      continue;
    }
    if (IsSpace(text[i])) {
      space_ = true;
      ++i;
      continue;
    }
    char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    size_t length = 1;
    if (text.substr(i).starts_with(kMinus)) {
      c = '-';
      length = kMinus.size();
    }
    if (space_ && !plain_.empty() && !IsTight(c) && !IsTight(plain_.back())) plain_ += ' ';
    space_ = false;
    plain_ += c;
    i += length;
  }
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

std::string Plain(std::string_view text) {
  PlainWriter writer;
  writer.Add(text);
  return writer.plain();
}

}  // namespace lyceum::tutor
