#include "grading/notation/normal_form.h"

#include <algorithm>
#include <vector>

#include "grading/notation/letters.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

bool IsAlnum(char c) { return IsDigit(c) || IsAlpha(c); }

// A number, a letter, or a function call: what needs no brackets in a fraction.
bool SingleToken(std::string_view text) {
  if (text.empty()) return true;
  if (text.size() == 1) return IsAlnum(text[0]);
  if (std::all_of(text.begin(), text.end(), [](char c) { return IsDigit(c) || c == '.'; })) {
    return true;
  }
  const size_t open = text.find('(');
  if (open == 0) return Closing(text, 0) == text.size() - 1;
  if (open == std::string_view::npos || Closing(text, open) != text.size() - 1) return false;
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(open), IsAlpha);
}

// Fraction marks become brackets, or nothing around a single token.
std::string WithoutMarks(std::string_view text, int depth) {
  std::string out;
  if (text.find_first_of("\x01\x02") == std::string_view::npos) return std::string(text);
  const std::vector<size_t> closings = Closings(text);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != kFracOpen) {
      if (text[i] != kFracClose) out.push_back(text[i]);
      continue;
    }
    const size_t close = closings[i];
    if (close == std::string_view::npos || depth >= kPlainDepthMax) continue;
    const std::string inside = WithoutMarks(Trimmed(text.substr(i + 1, close - i - 1)), depth + 1);
    const bool top = close + 1 < text.size() && text[close + 1] == '/';
    const bool minus = top && !inside.empty() && inside[0] == '-';
    const bool single = SingleToken(std::string_view(inside).substr(minus ? 1 : 0));
    out += single ? inside : "(" + inside + ")";
    i = close;
  }
  return out;
}

// Spaces and stars go, except between two digits, where they tell 2*3 from 23; stars stay between
// letters, too: p*i is not pi.
std::string Tight(std::string_view text) {
  std::string out;
  char between = '\0';
  for (const char c : text) {
    if (c == ' ' || c == '*') {
      if (c == '*' || between == '\0') between = c;
      continue;
    }
    const bool digits = !out.empty() && IsDigit(out.back()) && IsDigit(c);
    const bool letters = !out.empty() && IsAlpha(out.back()) && IsAlpha(c);
    if (between != '\0' && (digits || (letters && between == '*'))) out += between;
    between = '\0';
    out += c;
  }
  return out;
}

// ^(12) is ^12, and a sign + in front says nothing.
std::string PlainPowers(std::string_view text) {
  std::string out;
  if (text.find("^(") == std::string_view::npos) return std::string(text);
  const std::vector<size_t> closings = Closings(text);
  for (size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] != '^' || i + 1 >= text.size() || text[i + 1] != '(') continue;
    const size_t close = closings[i + 1];
    if (close == std::string_view::npos) continue;
    const std::string_view inside = text.substr(i + 2, close - i - 2);
    const bool next_digit = close + 1 < text.size() && IsDigit(text[close + 1]);
    if (!next_digit && SingleToken(inside) && inside.find('(') == std::string_view::npos) {
      out += inside;
      i = close;
    }
  }
  return out;
}

// Brackets around the whole say nothing, except around a pair.
std::string Unwrapped(std::string text) {
  const bool wrapped = text.size() > 2 && text.front() == '(' && text.back() == ')';
  if (!wrapped || text.find(',') != std::string::npos) return text;
  const std::vector<size_t> closings = Closings(text);
  size_t begin = 0;
  size_t end = text.size();
  while (end - begin > 2 && text[begin] == '(' && text[end - 1] == ')' &&
         closings[begin] == end - 1) {
    ++begin;
    --end;
  }
  return text.substr(begin, end - begin);
}

// (x+1)(x-7): the same in any order.
std::string SortedFactors(const std::string& text) {
  std::vector<std::string> factors;
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '(') return text;
    const size_t close = Closing(text, i);
    if (close == std::string::npos) return text;
    factors.push_back(text.substr(i, close - i + 1));
    i = close + 1;
  }
  std::sort(factors.begin(), factors.end());
  std::string out;
  for (const auto& factor : factors) out += factor;
  return out;
}

}  // namespace

std::string NormalForm(std::string_view plain) {
  return SortedFactors(Unwrapped(PlainPowers(Tight(WithoutMarks(plain, 0)))));
}

std::string Canonical(std::string_view text) { return NormalForm(Lower(Plain(text))); }

}  // namespace lyceum::grading
