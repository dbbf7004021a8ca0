#include <cctype>

#include "grading/compare.h"
#include "grading/letters.h"
#include "grading/plain.h"

namespace lyceum::grading {
namespace {

// ASCII and the Latin letters with accents: À..Þ are two bytes, C3 80..9E, small ones 0x20 further.
void LowerCase(std::string* text) {
  for (size_t i = 0; i < text->size(); ++i) {
    auto& c = (*text)[i];
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      c = static_cast<char>(std::tolower(byte));
    } else if (byte == 0xC3 && i + 1 < text->size()) {
      const auto next = static_cast<unsigned char>((*text)[i + 1]);
      if (next >= 0x80 && next <= 0x9E && next != 0x97)
        (*text)[i + 1] = static_cast<char>(next + 0x20);
    }
  }
}

// Punctuation between words says nothing; a minus, a decimal point and the signs of mathematics do.
bool Means(const std::string& text, size_t i) {
  const char c = text[i];
  const bool digit_after = i + 1 < text.size() && IsDigit(text[i + 1]);
  if (static_cast<unsigned char>(c) >= 0x80) return true;
  if (std::isalnum(static_cast<unsigned char>(c)) != 0) return true;
  if (c == '.' || c == '-') return digit_after;
  return c == '<' || c == '>' || c == '=' || c == '+' || c == '*' || c == '/' || c == '^' ||
         c == '%' || c == '$';
}

bool IsSign(char c) { return std::string_view("<>=+*/^").find(c) != std::string_view::npos; }

std::string WithoutSpaceAtSigns(const std::string& words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    const bool beside = words[i] == ' ' && (IsSign(words[i - 1]) || IsSign(words[i + 1]));
    if (!beside) out += words[i];
  }
  return out;
}

}  // namespace

std::string Words(std::string_view given) {
  std::string text = Plain(given);
  LowerCase(&text);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') continue;  // don't and dont
    if (text[i] == ',' && i > 0 && IsDigit(text[i - 1]) && i + 1 < text.size() &&
        IsDigit(text[i + 1])) {
      continue;  // 1,000
    }
    if (Means(text, i)) {
      out += text[i];
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return WithoutSpaceAtSigns(out);
}

Compared CompareText(std::string_view key, std::string_view answer) {
  const std::string words = Words(answer);
  if (words.empty()) return {Match::kUnreadable, "there is nothing to read", 0};
  const bool same = words == Words(key);
  return {same ? Match::kSame : Match::kDifferent, {}, same ? 1.0 : 0};
}

}  // namespace lyceum::grading
