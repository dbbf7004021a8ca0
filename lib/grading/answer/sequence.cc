// Intervals, tuples and lists: elements that are compared one by one.
#include <algorithm>
#include <cctype>

#include "grading/algebra/relation.h"
#include "grading/answer/compare.h"
#include "grading/answer/set_notation.h"
#include "grading/answer/solutions.h"
#include "grading/answer/wording.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

constexpr size_t kElementsMax = 64;

bool ThreeDigits(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  return digits == 3;
}

// At commas and semicolons outside of brackets. Where commas with a space behind them separate, one
// without, and with three digits, belongs to a number: "1,000, 2,000".
std::vector<std::string> SplitTop(std::string_view text) {
  std::vector<std::string> parts;
  const bool spaced = text.find(", ") != std::string_view::npos;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ',';
    if (c == '(' || c == '[' || c == '{' || c == kFracOpen) ++depth;
    if (c == ')' || c == ']' || c == '}' || c == kFracClose) --depth;
    if (i < text.size() && (depth > 0 || (c != ',' && c != ';'))) continue;
    const bool digits = i > 0 && text[i - 1] >= '0' && text[i - 1] <= '9';
    if (i < text.size() && spaced && c == ',' && digits && ThreeDigits(text.substr(i + 1)))
      continue;
    parts.emplace_back(Trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
    if (parts.size() > kElementsMax) break;
  }
  return parts;
}

struct Interval {
  char open, close;
  std::vector<std::string> ends;
};

std::optional<Interval> ParseInterval(std::string_view text) {
  text = Trimmed(text);
  if (text.size() < 2 || (text.front() != '(' && text.front() != '[')) return std::nullopt;
  if (Closing(text, 0) != text.size() - 1) return std::nullopt;
  Interval interval{text.front(), text.back(), SplitTop(text.substr(1, text.size() - 2))};
  if (interval.ends.size() < 2) return std::nullopt;
  for (const auto& end : interval.ends) {
    if (end.empty()) return std::nullopt;
  }
  return interval;
}

// Joined by U, or by "or".
std::optional<std::vector<Interval>> ParseUnion(std::string_view text) {
  std::vector<Interval> parts;
  while (true) {
    text = Trimmed(text);
    if (text.empty() || (text.front() != '(' && text.front() != '[')) return std::nullopt;
    const size_t close = Closing(text, 0);
    if (close == std::string_view::npos || parts.size() >= kElementsMax) return std::nullopt;
    auto interval = ParseInterval(text.substr(0, close + 1));
    if (!interval) return std::nullopt;
    parts.push_back(std::move(*interval));
    text = Trimmed(text.substr(close + 1));
    if (text.empty()) return parts;
    if (text.front() == 'U' || text.front() == 'u') {
      text.remove_prefix(1);
    } else if (text.substr(0, 2) == "or") {
      text.remove_prefix(2);
    } else {
      return std::nullopt;
    }
  }
}

Match SameInterval(const Interval& key, const Interval& answer, Budget* budget);

// Case counts, except in infinity.
std::string EndForm(const std::string& text) {
  std::string form = Canonical(text);
  const bool minus = !form.empty() && form[0] == '-';
  if (minus || (!form.empty() && form[0] == '+')) form.erase(0, 1);
  const bool far = form == "inf" || form == "infinity" || form == "infty" || form == "oo";
  if (far) return minus ? "-inf" : "inf";
  return NormalForm(text);
}

Match SameElement(const std::string& key, const std::string& answer, Budget* budget) {
  if (!budget->Read(key.size() + answer.size())) return Match::kUnreadable;
  if (EndForm(key) == EndForm(answer)) return Match::kSame;
  if (SaysNoSolution(key) && SaysNoSolution(answer)) return Match::kSame;
  if (IsWording(key)) return Words(key) == Words(answer) ? Match::kSame : Match::kDifferent;
  if (IsWording(answer)) return Match::kUnreadable;
  const auto left = ParseInterval(key);
  const auto right = ParseInterval(answer);
  if (left && right) return SameInterval(*left, *right, budget);  // A point among points.
  return CompareExpression(key, answer, budget).match;
}

// Of all: unreadable where one is, different where one is.
Match SameInterval(const Interval& key, const Interval& answer, Budget* budget) {
  if (key.open != answer.open || key.close != answer.close) return Match::kDifferent;
  if (key.ends.size() != answer.ends.size()) return Match::kDifferent;
  Match all = Match::kSame;
  for (size_t i = 0; i < key.ends.size(); ++i) {
    const Match match = SameElement(key.ends[i], answer.ends[i], budget);
    if (match == Match::kDifferent) return match;
    if (match == Match::kUnreadable) all = match;
  }
  return all;
}

struct Pairing {
  size_t count = 0;     // Keys that have a partner of their own among the answers.
  bool unread = false;  // A pair could not be compared, and it might have been one.
};

template <class T, class SameOf>
Pairing Paired(const std::vector<T>& keys, const std::vector<T>& answers, SameOf same) {
  std::vector<bool> used(answers.size(), false);
  Pairing pairing;
  for (const T& key : keys) {
    bool unread = false;
    bool found = false;
    for (size_t i = 0; i < answers.size() && !found; ++i) {
      if (used[i]) continue;
      const Match match = same(key, answers[i]);
      found = match == Match::kSame;
      unread = unread || match == Match::kUnreadable;
      if (found) used[i] = true;
    }
    pairing.count += found ? 1 : 0;
    pairing.unread = pairing.unread || (!found && unread);
  }
  return pairing;
}

Compared Counted(const Pairing& pairing, size_t keys, size_t answers) {
  const size_t paired = pairing.count;
  if (paired == keys && paired == answers) return {Match::kSame, {}, 1};
  if (pairing.unread) return {Match::kUnreadable, "a part of this can not be read", 0};
  const double score = static_cast<double>(paired) / static_cast<double>(std::max(keys, answers));
  std::string note;
  if (answers != keys) note = answers < keys ? "something is missing" : "there is too much";
  return {Match::kDifferent, note, score};
}

struct Named {
  std::string name;  // Empty: none.
  std::string rest;
};

// "x = 3", "x_1 = 3"
Named NameOf(std::string_view element) {
  const size_t equals = element.find('=');
  if (equals == std::string_view::npos || equals > 8) return {{}, std::string(element)};
  const std::string_view left = Trimmed(element.substr(0, equals));
  const auto letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  const auto index = std::find_if_not(left.begin(), left.end(), letter);
  const bool indexed = std::all_of(index, left.end(), [](char c) {
    return (c >= '0' && c <= '9') || c == '_' || c == '(' || c == ')';
  });
  if (!indexed || (index == left.begin() && index != left.end())) {
    return {{}, std::string(element)};
  }
  return {std::string(left), std::string(Trimmed(element.substr(equals + 1)))};
}

std::string WithoutIndex(const std::string& name) {
  return name.substr(0, name.find_first_of("_(0123456789"));
}

// Names are left out where there is one for all: x=1, y=2 is not x=2, y=1.
// `indexed`: x_1 and x_2 are one name.
bool OneNameForAll(const std::vector<std::string>& parts, bool indexed) {
  std::string name;
  for (const std::string& part : parts) {
    Named named = NameOf(part);
    if (named.name.empty()) continue;
    if (indexed) named.name = WithoutIndex(named.name);
    if (!name.empty() && named.name != name) return false;
    name = named.name;
  }
  return true;
}

// "±3" and "+-3" in front, "1±sqrt(2)" inside: two elements.
bool BothSigns(const std::string& element, std::vector<std::string>* elements) {
  const bool typed = element.rfind("+-", 0) == 0;
  const std::string_view mark = typed ? "+-" : "±";
  const size_t at = element.find(mark);
  if (at == std::string::npos) return false;
  const std::string head = element.substr(0, at);
  const std::string tail = element.substr(at + mark.size());
  elements->push_back(head.empty() ? tail : head + "+" + tail);
  elements->push_back(head + "-" + tail);
  return true;
}

// "x in {1, 2}": {1, 2}
std::string_view WithoutIn(std::string_view text) {
  const size_t in = text.find(" in ");
  if (in == std::string_view::npos || NameOnLeft(text.substr(0, in)).empty()) return text;
  const std::string_view rest = Trimmed(text.substr(in + 4));
  return !rest.empty() && rest[0] == '{' ? rest : text;
}

std::vector<std::string> Elements(std::string_view text, bool indexed) {
  std::string plain = Plain(WithoutAround(text));
  ReplaceAll(&plain, "plus or minus", "±");
  ReplaceAll(&plain, "+/-", "±");
  for (const std::string_view word : {" and ", " or ", "&"}) ReplaceAll(&plain, word, " , ");
  std::string_view view = WithoutIn(Trimmed(plain));
  const size_t equals = view.find('=');
  const bool named = equals != std::string_view::npos && view.find('=', equals + 1) == view.npos;
  std::string first = named ? NameOf(view).rest : std::string(view);
  view = Trimmed(first);
  const bool wrapped = view.size() > 2 && view.front() == '{' && view.back() == '}' &&
                       Closing(view, 0) == view.size() - 1;
  if (wrapped && SplitTop(view.substr(1, view.size() - 2)).size() > 1) {
    view = view.substr(1, view.size() - 2);
  }
  std::vector<std::string> elements;
  const std::vector<std::string> parts = SplitTop(view);
  const bool one_name = OneNameForAll(parts, indexed);
  for (const std::string& part : parts) {
    const std::string element = one_name ? NameOf(part).rest : part;
    if (element.empty()) continue;
    if (!BothSigns(element, &elements)) elements.push_back(element);
  }
  return elements;
}

// "-1, 5" is neither an interval nor a condition.
bool IsBareNumbers(const std::string& plain, const Solutions& set) {
  if (plain.find_first_of("([{<>=") != std::string::npos) return false;
  for (const Segment& segment : set.segments) {
    if (segment.low.value != segment.high.value) return false;
  }
  return !set.segments.empty();
}

// A key that is a set and no list: "x>2", "all real numbers".
bool IsCondition(const std::string& plain, const Solutions& set) {
  const auto chain = SplitChain(plain);
  if (chain && !chain->signs.empty()) return true;
  return plain.find_first_of("([{") == std::string::npos && !IsBareNumbers(plain, set);
}

}  // namespace

Compared CompareInterval(std::string_view key_text, std::string_view answer_text, Budget* budget) {
  const std::string key_plain = PlainSet(key_text);
  std::string answer_plain = PlainSet(answer_text);
  const auto key = ParseUnion(key_plain);
  const auto key_set = ParseSolutions(key_plain);
  if (!key && !(key_set && IsCondition(key_plain, *key_set))) {
    return CompareList(key_text, answer_text, budget);
  }
  const bool point = key && key->size() == 1 && key->front().open == '(';
  if (const auto named = point ? PointOf(answer_plain) : std::nullopt) {
    answer_plain = *named;
    const auto coordinates = ParseInterval(answer_plain);
    if (!coordinates || coordinates->ends.size() != key->front().ends.size()) {
      return {Match::kUnreadable, "the coordinates are not those asked for", 0};
    }
  }
  const auto answer_union = ParseUnion(answer_plain);
  if (key && answer_union) {
    const auto both_set = ParseSolutions(answer_plain);
    if (!both_set && answer_plain.find(" or ") != std::string::npos) {
      return {Match::kUnreadable, "this is more than one answer", 0};
    }
    const auto same = [&](const Interval& a, const Interval& b) {
      return SameInterval(a, b, budget);
    };
    Compared compared =
        Counted(Paired(*key, *answer_union, same), key->size(), answer_union->size());
    if (compared.match == Match::kSame || !key_set || !both_set) return compared;
    // (1,2] U (2,3) is (1,3).
    if (SameSolutions(*key_set, *both_set, budget) != Same::kYes) return compared;
    return {Match::kSame, {}, 1};
  }
  const auto answer_set = ParseSolutions(answer_plain);
  if (!key_set || !answer_set || IsBareNumbers(answer_plain, *answer_set)) {
    return {Match::kUnreadable, "write it with brackets, like [0, 1)", 0};
  }
  switch (SameSolutions(*key_set, *answer_set, budget)) {
    case Same::kYes:
      return {Match::kSame, {}, 1};
    case Same::kNo:
      return {Match::kDifferent, {}, 0};
    case Same::kUndecided:
      break;
  }
  return {Match::kUnreadable, "it can not be told whether this is the same", 0};
}

Compared CompareList(std::string_view key_text, std::string_view answer_text, Budget* budget) {
  if (SaysNoSolution(PlainSet(key_text)) && SaysNoSolution(PlainSet(answer_text))) {
    return {Match::kSame, {}, 1};
  }
  const bool indexed = key_text.find('=') == std::string_view::npos;
  const std::vector<std::string> key = Elements(key_text, false);
  const std::vector<std::string> answer = Elements(answer_text, indexed);
  const auto count = [&](char brace) {
    return std::count(answer_text.begin(), answer_text.end(), brace);
  };
  if (answer.empty() || !Balanced(Plain(answer_text)) || count('{') != count('}')) {
    return {Match::kUnreadable, "write a list, with commas between", 0};
  }
  if (std::max(key.size(), answer.size()) > kElementsMax) {
    return {Match::kUnreadable, "this list is too long", 0};
  }
  const auto same = [&](const std::string& a, const std::string& b) {
    const bool named = !NameOf(a).name.empty();
    if (named != !NameOf(b).name.empty()) return Match::kUnreadable;  // Which is which?
    return SameElement(a, b, budget);
  };
  return Counted(Paired(key, answer, same), key.size(), answer.size());
}

}  // namespace lyceum::grading
