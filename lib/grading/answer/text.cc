#include <algorithm>
#include <cctype>

#include "grading/answer/compare.h"
#include "grading/notation/letters.h"
#include "grading/notation/plain.h"
#include "grading/notation/text_form.h"

namespace lyceum::grading {
namespace {

// "-x", "2-x", "=-x": a sign in front of a letter, and no hyphen.
bool IsMinus(const std::string& text, size_t i) {
  const auto letter = [&](size_t at) { return at < text.size() && IsAlpha(text[at]); };
  if (!letter(i + 1) || letter(i + 2)) return false;
  if (i == 0) return true;
  const bool name = letter(i - 1) && (i < 2 || !letter(i - 2));
  return name || IsDigit(text[i - 1]) ||
         std::string_view(" =+*/^<>(").find(text[i - 1]) != std::string_view::npos;
}

// Punctuation between words says nothing; a minus, a decimal point and the signs of mathematics do.
bool Means(const std::string& text, size_t i) {
  const char c = text[i];
  const bool digit_after = i + 1 < text.size() && IsDigit(text[i + 1]);
  if (static_cast<unsigned char>(c) >= 0x80) return true;
  if (std::isalnum(static_cast<unsigned char>(c)) != 0) return true;
  if (c == '.') return digit_after;
  if (c == '-') return digit_after || IsMinus(text, i);
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
  const std::string text = Folded(Plain(given));
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

namespace {

// "age" for a name in quotation marks: only where the key has none, they say nothing.
std::string_view Unquoted(std::string_view text, bool* quoted) {
  text = Trimmed(text);
  if (text.size() > 1 && text.back() == '.') text = Trimmed(text.substr(0, text.size() - 1));
  for (const auto& [open, close] : {std::pair<std::string_view, std::string_view>{"\"", "\""},
                                    {"“", "”"},
                                    {"«", "»"},
                                    {"„", "“"}}) {
    const bool around =
        text.size() > open.size() + close.size() && text.starts_with(open) && text.ends_with(close);
    if (!around) continue;
    *quoted = true;
    return text.substr(open.size(), text.size() - open.size() - close.size());
  }
  return text;
}

bool IsOneWord(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return IsAlpha(c) || IsDigit(c); });
}

// T, F, Y, N and what people say for yes and no.
std::string TruthOf(const std::string& words) {
  if (words == "t") return "true";
  if (words == "f") return "false";
  if (words == "y" || words == "yep" || words == "yeah" || words == "yup") return "yes";
  if (words == "n" || words == "nope" || words == "nah") return "no";
  return words;
}
bool IsTruth(const std::string& words) {
  return words == "true" || words == "false" || words == "yes" || words == "no";
}

std::string OnlyLetters(std::string_view text) {
  std::string out;
  for (const char c : Folded(text)) {
    if (IsAlpha(c) || IsDigit(c) || static_cast<unsigned char>(c) >= 0x80) out += c;
  }
  return out;
}

// Different as texts: as mathematics it may be the same, in another form than was asked for.
bool SameAsMathematics(std::string_view key, std::string_view answer) {
  if (key.find_first_of("=+-*/^") == std::string_view::npos) return false;
  if (std::none_of(key.begin(), key.end(), IsAlpha)) return false;
  Budget budget;
  return CompareEquation(key, answer, &budget).match == Match::kSame;
}

}  // namespace

bool SameText(std::string_view key, std::string_view answer) {
  const std::string a = TextForm(key);
  const std::string b = TextForm(answer);
  return !b.empty() && Folded(a) == Folded(b) && SameCase(a, b);
}

Compared CompareText(std::string_view given_key, std::string_view given_answer) {
  const auto unread = [](const char* note) { return Compared{Match::kUnreadable, note, 0}; };
  bool key_quoted = false;
  bool answer_quoted = false;
  const std::string_view key = Unquoted(given_key, &key_quoted);
  const std::string_view answer = Unquoted(given_answer, &answer_quoted);
  const std::string a = TextForm(key);
  const std::string b = TextForm(answer);
  const std::string words = Words(answer);
  if (b.empty() || (words.empty() && a != b)) return unread("there is nothing to read");
  const std::string wanted = Words(key);
  if (IsTruth(wanted) && IsTruth(TruthOf(words))) {
    const bool same = wanted == TruthOf(words);
    return {same ? Match::kSame : Match::kDifferent, {}, same ? 1.0 : 0};
  }
  if (Folded(a) == Folded(b)) {
    if (key_quoted && !answer_quoted && IsOneWord(key))
      return unread("look at the quotation marks");
    if (SameCase(a, b)) return {Match::kSame, {}, 1};
    return unread("small and capital letters are not the same here");
  }
  if (words == wanted) return unread("look at the signs and marks in this");
  const auto bare = [](const std::string& form) {
    std::string out = Folded(form);
    std::erase(out, ' ');
    return out;
  };
  if (bare(a) == bare(b)) return unread("look at the spaces in this");
  const bool signs = a.find_first_of("=+-*/^<>") != std::string::npos ||
                     b.find_first_of("=+-*/^<>") != std::string::npos;
  if (!signs && OnlyLetters(a) == OnlyLetters(b)) {
    return unread("look at the spaces and marks in this");
  }
  if (SameAsMathematics(key, answer)) return unread("write it in the form that was asked for");
  return {Match::kDifferent, {}, 0};
}

}  // namespace lyceum::grading
