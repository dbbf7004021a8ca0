#include "grading/notation/number_words.h"

#include <cstdint>
#include <optional>

#include "grading/notation/letters.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

constexpr int kWordsMax = 16;

struct NumberWord {
  std::string_view word;
  int value;
};
constexpr NumberWord kNumbers[] = {
    {"zero", 0},     {"one", 1},      {"two", 2},        {"three", 3},     {"four", 4},
    {"five", 5},     {"six", 6},      {"seven", 7},      {"eight", 8},     {"nine", 9},
    {"ten", 10},     {"eleven", 11},  {"twelve", 12},    {"thirteen", 13}, {"fourteen", 14},
    {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19},
    {"twenty", 20},  {"thirty", 30},  {"forty", 40},     {"fifty", 50},    {"sixty", 60},
    {"seventy", 70}, {"eighty", 80},  {"ninety", 90}};
constexpr NumberWord kParts[] = {
    {"half", 2},          {"halves", 2},        {"third", 3},       {"thirds", 3},
    {"quarter", 4},       {"quarters", 4},      {"fourth", 4},      {"fourths", 4},
    {"fifth", 5},         {"fifths", 5},        {"sixth", 6},       {"sixths", 6},
    {"seventh", 7},       {"sevenths", 7},      {"eighth", 8},      {"eighths", 8},
    {"ninth", 9},         {"ninths", 9},        {"tenth", 10},      {"tenths", 10},
    {"twelfth", 12},      {"twelfths", 12},     {"sixteenth", 16},  {"sixteenths", 16},
    {"twentieth", 20},    {"twentieths", 20},   {"hundredth", 100}, {"hundredths", 100},
    {"thousandth", 1000}, {"thousandths", 1000}};

class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}

  std::string_view rest() const { return rest_; }
  // Takes the next word if the table has it.
  template <size_t N>
  std::optional<int> Take(const NumberWord (&table)[N]) {
    for (const NumberWord& entry : table) {
      if (Take(entry.word)) return entry.value;
    }
    return std::nullopt;
  }
  bool Take(std::string_view word) {
    std::string_view text = rest_;
    if (!text.empty() && (text[0] == '-' || text[0] == ' ')) text.remove_prefix(1);
    size_t end = 0;
    while (end < text.size() && IsAlpha(text[end])) ++end;
    if (Lower(text.substr(0, end)) != word) return false;
    rest_ = text.substr(end);
    return true;
  }

  // "one hundred and six"; at most below a thousand millions.
  std::optional<int64_t> Cardinal() {
    int64_t total = 0;
    int64_t group = 0;
    bool any = false;
    bool joined = false;  // "and" is allowed here.
    for (int i = 0; i < kWordsMax; ++i) {
      const Words before = *this;
      if (any && joined && Take("and") && !IsNumber()) {
        *this = before;
        break;
      }
      if (const auto value = Take(kNumbers)) {
        const bool ones = *value > 0 && *value < 10;
        const bool fits = group % 100 == 0 || (ones && group % 10 == 0 && group % 100 >= 20);
        if ((any && *value == 0) || !fits || (any && group == 0 && total == 0)) {
          *this = before;
          break;
        }
        group += *value;
        joined = false;
      } else if (group > 0 && group < 100 && Take("hundred")) {
        group *= 100;
        joined = true;
      } else if (group > 0 && Take("thousand")) {
        total += group * 1000;
        group = 0;
        joined = true;
      } else if (group > 0 && total == 0 && Take("million")) {
        total = group * 1'000'000;
        group = 0;
        joined = true;
      } else {
        break;
      }
      any = true;
    }
    return any ? std::optional<int64_t>(total + group) : std::nullopt;
  }

 private:
  bool IsNumber() const {
    Words ahead = *this;
    return ahead.Take(kNumbers).has_value();
  }

  std::string_view rest_;
};

// "and a half", "and three quarters": the part, as text.
std::string PartOf(Words* words) {
  Words ahead = *words;
  if (!ahead.Take("and")) return {};
  int64_t top = 1;
  if (!ahead.Take("a") && !ahead.Take("an")) {
    const auto count = ahead.Cardinal();
    if (!count) return {};
    top = *count;
  }
  const auto bottom = ahead.Take(kParts);
  if (!bottom) return {};
  *words = ahead;
  return std::to_string(top) + "/" + std::to_string(*bottom);
}

std::string Number(Words* words) {
  if (words->Take("half")) return "1/2";
  Words ahead = *words;
  if (ahead.Take("a") || ahead.Take("an")) {
    const auto part = ahead.Take(kParts);
    if (part) *words = ahead;
    return part ? "1/" + std::to_string(*part) : std::string();
  }
  const auto count = words->Cardinal();
  if (!count) return {};
  std::string number = std::to_string(*count);
  if (const auto part = words->Take(kParts)) return number + "/" + std::to_string(*part);
  if (const std::string part = PartOf(words); !part.empty()) return number + " " + part;
  ahead = *words;
  if (ahead.Take("point")) {
    std::string digits;
    for (int i = 0; i < kWordsMax; ++i) {
      Words digit = ahead;
      const auto value = digit.Take(kNumbers);
      if (!value || *value > 9) break;
      digits += std::to_string(*value);
      ahead = digit;
    }
    if (digits.empty()) return {};
    *words = ahead;
    number += "." + digits;
  }
  return number;
}

}  // namespace

std::string WithDigits(std::string_view text) {
  Words words(text);
  const bool minus = words.Take("minus") || words.Take("negative");
  if (minus && words.rest().substr(0, 1) == " ") {
    const std::string_view next = Trimmed(words.rest());
    if (!next.empty() && (IsDigit(next[0]) || next[0] == '.')) return "-" + std::string(next);
  }
  size_t digits = 0;
  while (digits < text.size() && IsDigit(text[digits])) ++digits;
  std::string number;
  if (!minus && digits > 0) {  // "2 and a half"
    words = Words(text.substr(digits));
    const std::string part = PartOf(&words);
    if (!part.empty()) number = std::string(text.substr(0, digits)) + " " + part;
  } else {
    number = Number(&words);
  }
  if (number.empty()) return {};
  const std::string_view rest = words.rest();
  const std::string_view next = Trimmed(rest);
  const bool ends = rest.empty() || rest[0] == ' ' || rest[0] == '.' || rest[0] == '%';
  if (!ends || (!next.empty() && IsDigit(next[0]))) return {};
  return (minus ? "-" : "") + number + std::string(rest);
}

}  // namespace lyceum::grading
