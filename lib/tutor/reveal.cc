#include "tutor/reveal.h"

#include <algorithm>
#include <array>
#include <string>

#include "tutor/plain_text.h"

namespace lyceum::tutor {
namespace {

constexpr size_t kShortKeyBytes = 3;
// How far before a choice's text the words may stand that make it the answer.
constexpr size_t kContextBytes = 48;
// And behind it.
constexpr size_t kBehindChoiceBytes = 32;

bool IsWordEnd(char inside, char outside) { return !(IsAlnum(inside) && IsAlnum(outside)); }

// A number goes on through a point or comma with a digit behind it, a slash, or a minus before it.
bool IsPartOfNumber(std::string_view text, size_t begin, size_t end) {
  if (IsDigit(text[begin]) && begin > 0) {
    const char before = text[begin - 1];
    if (before == '-' || before == '/') return true;
    if ((before == '.' || before == ',') && begin > 1 && IsDigit(text[begin - 2])) return true;
  }
  if (IsDigit(text[end - 1]) && end < text.size()) {
    const char after = text[end];
    if (after == '/' || after == '%' || after == '^') return true;
    if ((after == '.' || after == ',') && end + 1 < text.size() && IsDigit(text[end + 1]))
      return true;
  }
  return false;
}

bool IsWhole(std::string_view text, size_t begin, size_t end) {
  if (begin > 0 && !IsWordEnd(text[begin], text[begin - 1])) return false;
  if (end < text.size() && !IsWordEnd(text[end - 1], text[end])) return false;
  return !IsPartOfNumber(text, begin, end);
}

bool EndsWithWord(std::string_view text, std::string_view word) {
  return text.ends_with(word) &&
         (text.size() == word.size() || !IsAlnum(text[text.size() - word.size() - 1]));
}

// "... = 5", "the answer is: 5", "you get 5"
bool IsGivenAsAnswer(std::string_view before) {
  while (!before.empty() &&
         std::string_view(" \"'(*_`[{").find(before.back()) != std::string_view::npos) {
    before.remove_suffix(1);
  }
  if (before.empty()) return true;
  if (before.back() == '=' || before.back() == ':') return true;
  constexpr std::array<std::string_view, 12> kWords = {"is",     "answer", "equals", "be",
                                                       "get",    "gives",  "choose", "option",
                                                       "choice", "pick",   "are",    "becomes"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return EndsWithWord(before, word); });
}

// "the answer is ...", "the correct choice: ...", or "... is correct".
bool IsNamedCorrect(std::string_view before, std::string_view after) {
  if (before.size() > kContextBytes) before = before.substr(before.size() - kContextBytes);
  for (std::string_view word : {"answer", "correct", "choose", "right", "pick", "solution"}) {
    if (before.find(word) != std::string_view::npos) return true;
  }
  after = after.substr(0, kBehindChoiceBytes);
  return after.find("is correct") != std::string_view::npos ||
         after.find("is right") != std::string_view::npos ||
         after.find("is the answer") != std::string_view::npos;
}

// The letter under which a choice is shown: a, b, c ...
std::string LetterOf(const Question& question, std::string_view key) {
  for (size_t i = 0; i < question.choices.size() && i < 26; ++i) {
    if (question.choices[i] == key) return std::string(1, static_cast<char>('a' + i));
  }
  return "";
}

}  // namespace

RevealKeys::RevealKeys(const Question& question) {
  for (const std::string& answer : question.answers) {
    std::string key = Plain(answer);
    if (question.format == AnswerFormat::kChoice ||
        question.format == AnswerFormat::kMultipleChoice) {
      // A lone "a" is a word as well.
      std::string letter = LetterOf(question, answer);
      if (!letter.empty() && letter != "a") keys_.push_back({std::move(letter), Kind::kChoice});
      keys_.push_back({std::move(key), Kind::kChoice});
    } else {
      const Kind kind = key.size() < kShortKeyBytes ? Kind::kShort : Kind::kLong;
      keys_.push_back({std::move(key), kind});
    }
  }
  std::erase_if(keys_, [](const Key& key) { return key.plain.empty(); });
}

bool RevealKeys::In(std::string_view plain, size_t known) const {
  return std::any_of(keys_.begin(), keys_.end(),
                     [&](const Key& key) { return Holds(plain, key, known); });
}

size_t RevealKeys::bytes() const {
  size_t bytes = 0;
  for (const Key& key : keys_) {
    const size_t behind = key.kind == Kind::kChoice ? kBehindChoiceBytes : 0;
    bytes = std::max(bytes, key.plain.size() + behind);
  }
  return bytes;
}

// What decides on a key stands around it: one that ended so long before what is new was decided on.
bool RevealKeys::Holds(std::string_view text, const Key& key, size_t known) {
  const size_t again = key.plain.size() + kBehindChoiceBytes;
  size_t at = text.find(key.plain, known - std::min(known, again));
  for (; at != std::string_view::npos; at = text.find(key.plain, at + 1)) {
    const size_t end = at + key.plain.size();
    if (!IsWhole(text, at, end)) continue;
    const std::string_view before = text.substr(0, at);
    if (key.kind == Kind::kLong) return true;
    if (key.kind == Kind::kShort && IsGivenAsAnswer(before)) return true;
    if (key.kind == Kind::kChoice && IsNamedCorrect(before, text.substr(end))) return true;
  }
  return false;
}

bool Reveals(std::string_view text, const Question& question) {
  return RevealKeys(question).In(Plain(text));
}

}  // namespace lyceum::tutor
