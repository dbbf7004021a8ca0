#include "tutor/answer_shape.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string>

#include "tutor/course.h"
#include "tutor/plain_text.h"

namespace lyceum::tutor {
namespace {

constexpr size_t kNumericBytesMax = 64;
constexpr size_t kFormulaBytesMax = 256;
constexpr size_t kTextBytesMax = 1024;

constexpr std::array<std::string_view, 34> kAsking = {
    "what",  "why",    "how",     "when",   "where",    "who",      "which",    "can",     "could",
    "would", "should", "is it",   "are",    "do i",     "does",     "did",      "explain", "help",
    "tell",  "show",   "i don't", "i dont", "i do not", "i'm not",  "i am not", "idk",     "please",
    "hint",  "i need", "i can't", "i cant", "i cannot", "not sure", "no idea"};

// The phrase, and then the end of a word.
bool BeginsWith(std::string_view text, std::string_view phrase) {
  return text.starts_with(phrase) &&
         (text.size() == phrase.size() || !IsAlnum(text[phrase.size()]));
}

bool IsAsking(std::string_view plain) {
  if (plain.ends_with('?')) return true;
  return std::any_of(kAsking.begin(), kAsking.end(),
                     [&](std::string_view phrase) { return BeginsWith(plain, phrase); });
}

// Without what people put around a choice's letter: (b), b., "b".
std::string_view Bare(std::string_view plain) {
  while (!plain.empty() &&
         std::string_view("(\"'[").find(plain.front()) != std::string_view::npos) {
    plain.remove_prefix(1);
  }
  while (!plain.empty() &&
         std::string_view(").\"':]").find(plain.back()) != std::string_view::npos) {
    plain.remove_suffix(1);
  }
  return plain;
}

bool IsChoiceLetterOrNumber(std::string_view bare, size_t count) {
  if (bare.size() == 1 && bare[0] >= 'a' && bare[0] <= 'z') {
    return static_cast<size_t>(bare[0] - 'a') < count;
  }
  if (bare.empty() || bare.size() > 2 || !std::all_of(bare.begin(), bare.end(), IsDigit))
    return false;
  size_t number = 0;
  for (char c : bare) number = number * 10 + static_cast<size_t>(c - '0');
  return number >= 1 && number <= count;
}

bool LooksLikeChoice(std::string_view plain, const Question& question) {
  std::string_view bare = Bare(plain);
  if (IsChoiceLetterOrNumber(bare, question.choices.size())) return true;
  return std::any_of(question.choices.begin(), question.choices.end(), [&](const std::string& c) {
    const std::string choice = Plain(c);
    return plain == choice || bare == Bare(choice);
  });
}

// "acd": two letters of choices or more, in their order.
bool AreLetters(std::string_view plain, size_t count) {
  const auto is_letter = [&](char c) { return c >= 'a' && static_cast<size_t>(c - 'a') < count; };
  return plain.size() > 1 && std::all_of(plain.begin(), plain.end(), is_letter) &&
         std::adjacent_find(plain.begin(), plain.end(), std::greater_equal<>()) == plain.end();
}

// "a, c", "a and c", "ac": every piece is a choice. "all" and "none" are answers too.
bool LooksLikeChoices(std::string_view plain, const Question& question) {
  if (LooksLikeChoice(plain, question) || plain == "all" || plain == "none") return true;
  if (AreLetters(plain, question.choices.size())) return true;
  for (const std::string_view lead : {"both ", "options ", "choices "}) {
    if (plain.starts_with(lead)) plain.remove_prefix(lead.size());
  }
  constexpr std::string_view kAnd = " and ";
  for (size_t pieces = 0; pieces <= kChoicesMax; ++pieces) {
    const size_t mark = plain.find_first_of(",;&+");
    const size_t word = plain.find(kAnd);
    const size_t end = std::min({mark, word, plain.size()});
    std::string_view piece = plain.substr(0, end);
    while (piece.starts_with(' ')) piece.remove_prefix(1);
    while (piece.ends_with(' ')) piece.remove_suffix(1);
    const bool last = end == plain.size();
    if (!LooksLikeChoice(piece, question) && (!piece.empty() || last)) return false;
    if (last) return true;
    plain.remove_prefix(end == word ? end + kAnd.size() - 1 : end + 1);
  }
  return false;
}

// A reader over the text of a number: each step takes what it knows and says whether it did.
class NumberReader {
 public:
  explicit NumberReader(std::string_view text) : rest_(text) {}

  bool ReadsWholly() {
    SkipName();
    Skip(" ");
    Take('+') || Take('-');
    Skip(" ");
    if (!ReadValue()) return false;
    Skip(" ");
    if (rest_.starts_with("\\%")) rest_.remove_prefix(2);
    Take('%');
    return IsUnit();
  }

 private:
  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void Skip(std::string_view chars) {
    while (!rest_.empty() && chars.find(rest_.front()) != std::string_view::npos)
      rest_.remove_prefix(1);
  }
  // "x=", "f(2)=", "y'="
  void SkipName() {
    const size_t equals = rest_.find('=');
    if (equals != std::string_view::npos && equals <= 12) rest_.remove_prefix(equals + 1);
  }
  bool ReadDigits() {
    size_t digits = 0;
    size_t taken = 0;
    while (taken < rest_.size() &&
           (IsDigit(rest_[taken]) || rest_[taken] == '.' || rest_[taken] == ',')) {
      digits += IsDigit(rest_[taken]) ? 1 : 0;
      ++taken;
    }
    rest_.remove_prefix(taken);
    return digits > 0;
  }
  // \frac{a}{b}, also \dfrac and \tfrac.
  bool ReadLatexFraction() {
    for (std::string_view name : {"\\frac", "\\dfrac", "\\tfrac"}) {
      if (!rest_.starts_with(name)) continue;
      rest_.remove_prefix(name.size());
      return ReadBraced() && ReadBraced();
    }
    return false;
  }
  bool ReadBraced() {
    Skip(" ");
    if (!Take('{')) return false;
    Skip(" ");
    Take('-');
    const bool read = ReadDigits();
    Skip(" ");
    return read && Take('}');
  }
  // e-3, *10^-3, \times10^{-3}
  void ReadExponent() {
    const std::string_view before = rest_;
    Skip(" ");
    bool marked = false;
    for (std::string_view mark :
         {"*10^", "x10^", "\\times10^", "\\times 10^", "\\cdot10^", "\\cdot 10^", "x 10^",
          "\xC3\x97"
          "10^",
          "\xC3\x97 10^", "e"}) {
      if (!rest_.starts_with(mark)) continue;
      rest_.remove_prefix(mark.size());
      marked = true;
      break;
    }
    if (marked) {
      Skip("{(");
      Take('+') || Take('-');
      marked = ReadDigits();
      Skip("})");
    }
    if (!marked) rest_ = before;
  }
  bool ReadValue() {
    if (ReadLatexFraction()) return true;
    Skip("(");
    Take('-');
    if (!ReadDigits()) return false;
    ReadExponent();
    if (Take('/')) {
      Take('-');
      if (!ReadDigits()) return false;
    } else {
      ReadMixedPart();
    }
    Skip(")");
    return true;
  }
  // The fraction after a whole number, where there is one.
  void ReadMixedPart() {
    const std::string_view before = rest_;
    Skip(" ");
    if (ReadLatexFraction()) return;
    if (ReadDigits() && Take('/') && ReadDigits()) return;
    rest_ = before;
  }
  // What is left is a unit: two words at most, no sentence.
  bool IsUnit() {
    Skip(" ");
    if (rest_.ends_with('.')) rest_.remove_suffix(1);
    return rest_.size() <= 24 && std::count(rest_.begin(), rest_.end(), ' ') <= 1 &&
           rest_.find_first_of("0123456789=?!") == std::string_view::npos;
  }

  std::string_view rest_;
};

bool LooksNumeric(std::string_view plain) {
  if (plain.empty() || plain.size() > kNumericBytesMax) return false;
  // Money is written before its number.
  for (std::string_view sign : {"\\$", "\xE2\x82\xAC", "\xC2\xA3"}) {
    if (plain.starts_with(sign)) plain.remove_prefix(sign.size());
  }
  return NumberReader(plain).ReadsWholly();
}

}  // namespace

bool LooksLikeAnswer(std::string_view text, const Question& question) {
  const std::string plain = Plain(text);
  if (plain.empty()) return false;
  switch (question.format) {
    case AnswerFormat::kChoice:
      return LooksLikeChoice(plain, question);
    case AnswerFormat::kNumeric:
      return LooksNumeric(plain);
    case AnswerFormat::kMultipleChoice:
      return LooksLikeChoices(plain, question);
    case AnswerFormat::kExpression:
    case AnswerFormat::kEquation:
    case AnswerFormat::kInterval:
    case AnswerFormat::kList:
      return plain.size() <= kFormulaBytesMax && !IsAsking(plain);
    case AnswerFormat::kText:
      return plain.size() <= kTextBytesMax && !IsAsking(plain);
  }
  return false;
}

}  // namespace lyceum::tutor
