// Intervals, tuples and lists: elements that are compared one by one.
#include <cctype>

#include "grading/compare.h"
#include "grading/plain.h"

namespace lyceum::grading {
namespace {

constexpr size_t kElementsMax = 64;

// At commas and semicolons outside of brackets.
std::vector<std::string> SplitTop(std::string_view text) {
  std::vector<std::string> parts;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ',';
    if (c == '(' || c == '[' || c == '{' || c == kFracOpen) ++depth;
    if (c == ')' || c == ']' || c == '}' || c == kFracClose) --depth;
    if (i < text.size() && (depth > 0 || (c != ',' && c != ';'))) continue;
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

std::string End(const std::string& text) {
  std::string form = Canonical(text);
  if (form == "infinity" || form == "oo" || form == "+inf" || form == "+infinity") return "inf";
  if (form == "-infinity" || form == "-oo") return "-inf";
  return form;
}

bool SameElement(const std::string& key, const std::string& answer, const Leniency& leniency) {
  return End(key) == End(answer) || CompareExpression(key, answer, leniency).match == Match::kSame;
}

bool SameInterval(const Interval& key, const Interval& answer, const Leniency& leniency) {
  if (key.open != answer.open || key.close != answer.close) return false;
  if (key.ends.size() != answer.ends.size()) return false;
  for (size_t i = 0; i < key.ends.size(); ++i) {
    if (!SameElement(key.ends[i], answer.ends[i], leniency)) return false;
  }
  return true;
}

// How many of the keys have a partner of their own among the answers.
template <class T, class Same>
size_t Paired(const std::vector<T>& keys, const std::vector<T>& answers, Same same) {
  std::vector<bool> used(answers.size(), false);
  size_t count = 0;
  for (const T& key : keys) {
    for (size_t i = 0; i < answers.size(); ++i) {
      if (used[i] || !same(key, answers[i])) continue;
      used[i] = true;
      ++count;
      break;
    }
  }
  return count;
}

Compared Counted(size_t paired, size_t keys, size_t answers) {
  if (paired == keys && paired == answers) return {Match::kSame, {}, 1};
  const double score = static_cast<double>(paired) / static_cast<double>(std::max(keys, answers));
  std::string note;
  if (answers != keys) note = answers < keys ? "something is missing" : "there is too much";
  return {Match::kDifferent, note, score};
}

std::string WithoutVariable(std::string_view element) {
  const size_t equals = element.find('=');
  if (equals == std::string_view::npos || equals > 8) return std::string(element);
  const std::string_view left = Trimmed(element.substr(0, equals));
  for (const char c : left) {
    if (std::isalpha(static_cast<unsigned char>(c)) == 0) return std::string(element);
  }
  return std::string(Trimmed(element.substr(equals + 1)));
}

void ReplaceAll(std::string* text, std::string_view from, std::string_view to) {
  for (size_t at = text->find(from); at != std::string::npos;
       at = text->find(from, at + to.size())) {
    text->replace(at, from.size(), to);
  }
}

std::vector<std::string> Elements(std::string_view text) {
  std::string plain = Plain(text);
  ReplaceAll(&plain, " and ", " , ");
  ReplaceAll(&plain, " or ", " , ");
  std::string_view view = Trimmed(plain);
  const size_t equals = view.find('=');
  const bool named = equals != std::string_view::npos && view.find('=', equals + 1) == view.npos;
  std::string first = named ? WithoutVariable(view) : std::string(view);
  view = Trimmed(first);
  const bool wrapped = view.size() > 2 && (view.front() == '{' || view.front() == '(') &&
                       Closing(view, 0) == view.size() - 1;
  if (wrapped && SplitTop(view.substr(1, view.size() - 2)).size() > 1) {
    view = view.substr(1, view.size() - 2);
  }
  std::vector<std::string> elements;
  for (const std::string& part : SplitTop(view)) {
    const std::string element = WithoutVariable(part);
    if (element.empty()) continue;
    if (element.rfind("+-", 0) == 0) {
      elements.push_back(element.substr(2));
      elements.push_back("-" + element.substr(2));
    } else {
      elements.push_back(element);
    }
  }
  return elements;
}

}  // namespace

Compared CompareInterval(std::string_view key_text, std::string_view answer_text,
                         const Leniency& leniency) {
  const auto key = ParseUnion(Plain(key_text));
  if (!key) return CompareList(key_text, answer_text, leniency);
  const auto answer = ParseUnion(Plain(answer_text));
  if (!answer) return {Match::kUnreadable, "write it with brackets, like [0, 1)", 0};
  const auto same = [&](const Interval& a, const Interval& b) {
    return SameInterval(a, b, leniency);
  };
  return Counted(Paired(*key, *answer, same), key->size(), answer->size());
}

Compared CompareList(std::string_view key_text, std::string_view answer_text,
                     const Leniency& leniency) {
  const std::vector<std::string> key = Elements(key_text);
  const std::vector<std::string> answer = Elements(answer_text);
  if (answer.empty() || !Balanced(Plain(answer_text))) {
    return {Match::kUnreadable, "write a list, with commas between", 0};
  }
  if (answer.size() > kElementsMax) return {Match::kUnreadable, "this list is too long", 0};
  const auto same = [&](const std::string& a, const std::string& b) {
    return SameElement(a, b, leniency);
  };
  return Counted(Paired(key, answer, same), key.size(), answer.size());
}

}  // namespace lyceum::grading
