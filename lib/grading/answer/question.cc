#include "grading/answer/question.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "grading/answer/compare.h"
#include "grading/notation/letters.h"
#include "grading/notation/number_words.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

using std::string_view;

template <size_t N>
bool HasAny(string_view text, const string_view (&phrases)[N]) {
  return std::any_of(std::begin(phrases), std::end(phrases),
                     [&](string_view phrase) { return text.find(phrase) != text.npos; });
}

enum class Form { kDecimal, kFraction, kMixed, kPercent, kScientific, kOther };

Form FormOf(string_view plain) {
  bool slash = false;
  bool space = false;
  const string_view text = Trimmed(plain);
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    slash = slash || c == '/';
    const bool between = c == ' ' || c == kFracOpen;
    space = space || (!slash && between && i > 0 && IsDigit(text[i - 1]));
    if (c == '%') return Form::kPercent;
    if (c == '^' || c == '*' || c == 'x') return Form::kScientific;
    const bool sign = c == '+' || c == '-';
    if (sign && i > 0 && IsDigit(text[i - 1])) return Form::kOther;
  }
  if (slash) return space ? Form::kMixed : Form::kFraction;
  return Form::kDecimal;
}

// Without spaces and the marks of fractions.
std::string Bare(string_view plain) {
  std::string out;
  for (const char c : plain) {
    if (c != ' ' && c != kFracOpen && c != kFracClose && c != '$') out += c;
  }
  return out;
}

// Not as a part of another number.
bool Holds(const std::string& question, const std::string& number) {
  if (number.empty()) return false;
  const auto part = [&](size_t i) { return i < question.size() && IsDigit(question[i]); };
  for (size_t at = question.find(number); at != question.npos; at = question.find(number, at + 1)) {
    const size_t end = at + number.size();
    const bool before =
        at > 0 &&
        (IsDigit(question[at - 1]) ||
         ((question[at - 1] == '.' || question[at - 1] == ',' || question[at - 1] == '/') &&
          at > 1 && part(at - 2)));
    const bool after =
        IsDigit(number.back()) &&
        (part(end) || (end < question.size() && part(end + 1) &&
                       (question[end] == '.' || question[end] == ',' || question[end] == '/')));
    if (!before && !after) return true;
  }
  return false;
}

struct Fraction {
  int64_t top = 0;
  int64_t bottom = 0;  // 0: it is none.
};
Fraction FractionOf(string_view plain) {
  const std::string bare = Bare(plain);
  const size_t slash = bare.find('/');
  Fraction fraction;
  if (slash == bare.npos || bare.size() > 24) return fraction;
  const auto read = [](string_view text) -> int64_t {
    if (text.size() > 2 && text.front() == '(' && text.back() == ')') {
      text = text.substr(1, text.size() - 2);
    }
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
    int64_t value = 0;
    for (const char c : text) {
      if (!IsDigit(c)) return -1;
      value = value * 10 + (c - '0');
    }
    return text.empty() || text.size() > 10 ? -1 : value;
  };
  const int64_t top = read(string_view(bare).substr(0, slash));
  const int64_t bottom = read(string_view(bare).substr(slash + 1));
  if (top < 0 || bottom <= 0) return fraction;
  return {top, bottom};
}

// d.ddd*10^n: one digit that is not 0 before the point. e-notation is meant by a calculator.
bool Normalized(string_view plain) {
  const std::string bare = Bare(plain);
  const size_t first = bare.find_first_of("0123456789");
  if (first == bare.npos || bare[first] == '0') return false;
  const size_t end = std::min(bare.find_first_not_of("0123456789,", first), bare.size());
  return end == first + 1 && bare.find_first_of("^eE", end) != bare.npos;
}

}  // namespace

bool AsksApproximation(string_view question) {
  constexpr string_view kPhrases[] = {"approximat", "approx.", "about how many", "about how much"};
  return HasAny(Lower(question), kPhrases);
}

bool AsksPoint(string_view question) {
  constexpr string_view kPhrases[] = {"vertex",       "vertices",  "point",     "coordinate",
                                      "ordered pair", "intercept", "midpoint",  "center of",
                                      "centre of",    "intersect", "system of", "the system",
                                      "vector",       "focus",     "(x, y)",    "(x,y)"};
  constexpr string_view kIntervals[] = {"interval", "domain", "range", "for which", "inequality"};
  const std::string lower = Lower(question);
  return HasAny(lower, kPhrases) && !HasAny(lower, kIntervals);
}

PercentIn PercentOf(string_view question) {
  const std::string lower = Lower(question);
  PercentIn found = PercentIn::kNowhere;
  for (const string_view mark : {"%", "percent", "per cent"}) {
    for (size_t at = lower.find(mark); at != lower.npos; at = lower.find(mark, at + 1)) {
      size_t before = at;
      while (before > 0 && string_view(" \\$-").find(lower[before - 1]) < 4) --before;
      size_t word = before;
      while (word > 0 && IsAlpha(lower[word - 1])) --word;
      const bool number = word < before && !WithDigits(lower.substr(word, before - word)).empty();
      if (!number && (before == 0 || !IsDigit(lower[before - 1]))) return PercentIn::kAsked;
      found = PercentIn::kGiven;
    }
  }
  return found;
}

bool HoldsSum(string_view question) {
  constexpr string_view kSigns[] = {"+", "*", "/", "^", "=", "×", "·", "÷", "−", "–", "\\", "- "};
  constexpr string_view kWords[] = {
      "evaluate",     "calculate",    "compute",       "simplify",    "work out",    "plus",
      "minus",        "times",        "sum",           "product",     "differ",      "quotient",
      "divide",       "multipl",      "subtract",      "expression",  "squared",     "cubed",
      "half of",      "third of",     "thirds of",     "quarter of",  "quarters of", "fifth of",
      "tenth of",     "% of",         "percent of",    "twice",       "double",      "triple",
      "power of",     "square of",    "cube of",       "square root", "factorial",   "convert",
      "as a decimal", "as a percent", "as a fraction", "added to",    "take away",   "halve"};
  const std::string lower = Lower(question);
  if (question.empty() || HasAny(lower, kSigns) || HasAny(lower, kWords)) return true;
  if (lower.starts_with("add ") || lower.starts_with("take ")) return true;
  for (size_t i = 0; i + 1 < lower.size(); ++i) {
    if ((lower[i] == '-' || lower[i] == 'x') && IsDigit(lower[i + 1])) return true;
  }
  return false;
}

std::string SaysAgain(string_view question, string_view key, string_view answer) {
  if (question.empty() || NormalForm(key) == NormalForm(answer)) return {};
  const Form of_key = FormOf(key);
  const Form of_answer = FormOf(answer);
  const auto number = [](string_view text) {
    return text.substr(0, std::min(text.find_first_not_of("-0123456789.,"), text.size()));
  };
  const bool decimals = of_key == Form::kDecimal && of_answer == Form::kDecimal;
  // "3 m" for 300 where centimetres are asked for.
  constexpr string_view kConverts[] = {"convert", "change ", "express "};
  const bool unit = HasAny(Lower(question), kConverts) &&
                    answer.size() > number(answer).size() + 1 && number(answer) != number(key);
  if (decimals && !unit) return {};
  std::string copy = Bare(answer);
  while (!copy.empty() && copy.back() == '.') copy.pop_back();
  const std::string text = Bare(Plain(question));
  if (Holds(text, copy)) return "this is what the question says: write it as it asks";
  const Fraction fraction = FractionOf(answer);
  if (fraction.bottom < 2 || of_key != Form::kDecimal || key.find('.') != key.npos) return {};
  const bool whole = fraction.top % fraction.bottom == 0;
  const bool numbers =
      Holds(text, std::to_string(fraction.top)) && Holds(text, std::to_string(fraction.bottom));
  return whole && (numbers || HoldsSum(question)) ? "there is a division left to do" : "";
}

std::string OtherForm(string_view question, string_view key, string_view answer) {
  if (question.empty() || NormalForm(key) == NormalForm(answer)) return {};
  constexpr string_view kDecimals[] = {"to a decimal", "as a decimal", "to decimal",
                                       "in decimal",   "as decimal",   "into a decimal",
                                       "decimal form"};
  constexpr string_view kFractions[] = {"to a fraction", "as a fraction", "as fraction",
                                        "to fraction", "into a fraction"};
  constexpr string_view kMixeds[] = {"mixed number", "mixed fraction"};
  constexpr string_view kImpropers[] = {"improper"};
  constexpr string_view kLowest[] = {"simplest form", "lowest terms", "simplify", "reduce"};
  constexpr string_view kScientific[] = {"scientific notation", "standard form"};
  const std::string lower = Lower(question);
  const Form of_key = FormOf(key);
  const Form of_answer = FormOf(answer);
  const bool decimal = HasAny(lower, kDecimals);
  const bool fraction = HasAny(lower, kFractions);
  const bool mixed = HasAny(lower, kMixeds);
  constexpr string_view kAnyDecimal[] = {" a decimal", " decimals", "decimal number", "decimal or"};
  const int asked =
      (decimal || HasAny(lower, kAnyDecimal) ? 1 : 0) + (fraction ? 1 : 0) + (mixed ? 1 : 0);
  const bool broken = of_answer == Form::kFraction || of_answer == Form::kMixed;
  if (asked == 1 && decimal && of_key == Form::kDecimal &&
      (broken || of_answer == Form::kPercent)) {
    return "write it as a decimal";
  }
  if (asked == 1 && fraction && (of_key == Form::kFraction || of_key == Form::kMixed) && !broken) {
    return "write it as a fraction";
  }
  const bool to_mixed = asked == 1 && mixed && !HasAny(lower, kImpropers);
  if (to_mixed && of_key == Form::kMixed && of_answer != Form::kMixed) {
    return "write it as a mixed number";
  }
  if (HasAny(lower, kScientific) && of_key == Form::kScientific && !Normalized(answer)) {
    return "write it in scientific notation";
  }
  const Fraction terms = FractionOf(answer);
  const Fraction wanted = FractionOf(key);
  const bool lowest =
      HasAny(lower, kLowest) && wanted.bottom > 0 && std::gcd(wanted.top, wanted.bottom) == 1;
  if (lowest && terms.bottom > 0 && std::gcd(terms.top, terms.bottom) != 1) {
    return "this can be written with smaller numbers";
  }
  return {};
}

}  // namespace lyceum::grading
