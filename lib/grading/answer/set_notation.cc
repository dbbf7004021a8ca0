#include "grading/answer/set_notation.h"

#include <algorithm>
#include <array>

#include "grading/answer/compare.h"
#include "grading/answer/wording.h"
#include "grading/notation/letters.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

using std::string_view;

bool Skip(string_view* text, string_view head) {
  if (text->substr(0, head.size()) != head) return false;
  *text = Trimmed(text->substr(head.size()));
  return true;
}

// Longer ones first where one begins another.
constexpr std::array<string_view, 4> kReals = {"\\mathbb{R}", "\\R", "ℝ", "R"};
constexpr std::array<string_view, 5> kMinus = {"\\setminus", "\\backslash", "∖", "\\", "-"};
constexpr std::array<string_view, 3> kExcept = {"all real numbers except for ",
                                                "all real numbers except ", "all reals except "};

// "R \ {2}": "2". Before Plain, to which a backslash and braces are LaTeX.
std::optional<string_view> Excluded(string_view text) {
  for (const string_view words : kExcept) {
    if (Lower(text.substr(0, words.size())) == words) return Trimmed(text.substr(words.size()));
  }
  const auto skips = [&](const auto& table) {
    return std::any_of(table.begin(), table.end(),
                       [&](string_view head) { return Skip(&text, head); });
  };
  if (!skips(kReals) || !(text.substr(0, 2) == "\\{" || skips(kMinus))) return std::nullopt;
  if (!Skip(&text, "\\{") && !Skip(&text, "{")) return std::nullopt;
  if (text.empty() || text.back() != '}') return std::nullopt;
  text.remove_suffix(1);
  if (!text.empty() && text.back() == '\\') text.remove_suffix(1);
  return Trimmed(text);
}

// "2, 3" and "x = 2 and 3": x != 2 and x != 3.
std::string Unequal(string_view values) {
  std::string list = Plain(values);
  ReplaceAll(&list, " and ", ",");
  std::string out;
  for (std::string_view value : SplitAt(list, ",")) {
    if (Skip(&value, "x")) Skip(&value, "=");
    out += (out.empty() ? "x != " : " and x != ") + std::string(value);
  }
  return out;
}

bool IsOpen(char c) { return c == '(' || c == '[' || c == '{'; }
bool IsClose(char c) { return c == ')' || c == ']' || c == '}'; }

// U between brackets of any direction, in spaces.
std::string WithUnions(std::string text) {
  ReplaceAll(&text, " union ", " U ");
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool letter = text[i] == 'U' || text[i] == 'u';
    size_t next = i + 1;
    while (letter && next < text.size() && text[next] == ' ') ++next;
    const size_t last = letter ? out.find_last_not_of(' ') : out.npos;
    const bool between = letter && last != out.npos && next < text.size() &&
                         (IsClose(out[last]) || out[last] == '[') &&
                         (IsOpen(text[next]) || text[next] == ']');
    out += between ? " U " : std::string(1, text[i]);
  }
  return out;
}

// "]0,1[", with brackets that are turned outwards: "(0,1)". Others stay.
std::string WithoutFrench(const std::string& text) {
  const size_t last = text.size() - 1;
  if (text.size() < 5 || (text[0] != ']' && text[last] != '[')) return text;
  if ((text[0] != ']' && text[0] != '[') || (text[last] != ']' && text[last] != '[')) return text;
  const string_view inside = string_view(text).substr(1, text.size() - 2);
  if (inside.find_first_of("[]") != inside.npos) return text;
  if (std::count_if(inside.begin(), inside.end(), [](char c) { return c == ',' || c == ';'; }) !=
      1) {
    return text;
  }
  return (text[0] == ']' ? "(" : "[") + std::string(inside) + (text[last] == '[' ? ")" : "]");
}

std::string WithoutFrenchParts(const std::string& text) {
  if (text.empty() || (text[0] != ']' && text.back() != '[')) return text;
  std::string out;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(" U ", begin), text.size());
    const std::string part(Trimmed(string_view(text).substr(begin, end - begin)));
    out += (out.empty() ? "" : " U ") + WithoutFrench(part);
    begin = end + 3;
  }
  return out;
}

// "$x=1$ or $x=2$"; of "$5, $10" the signs are money.
std::string WithoutDollars(string_view text) {
  const auto count = std::count(text.begin(), text.end(), '$');
  std::string out(text);
  if (count < 4 || count % 2 != 0 || text.front() != '$' || text.back() != '$') return out;
  if (text.find("$$") != text.npos || text.find("\\$") != text.npos) return out;
  std::replace(out.begin(), out.end(), '$', ' ');
  return std::string(Trimmed(out));
}

constexpr std::array<string_view, 9> kBeginnings = {
    "the domain is ", "domain is ", "domain: ", "domain = ", "d = ",
    "the vertex is ", "vertex: ",   "vertex ",  "both "};

}  // namespace

std::string WithoutAround(string_view given) {
  std::string text = WithoutLeadIn(WithoutDollars(Trimmed(given)));
  const std::string lower = Lower(text.substr(0, 16));
  for (const string_view beginning : kBeginnings) {
    if (lower.rfind(beginning, 0) != 0 || text.size() == beginning.size()) continue;
    // "d = 3, t = 4" has two names.
    const bool variable = beginning[0] == 'd' && beginning[1] == ' ';
    if (variable && string_view("([]{").find(text[beginning.size()]) == string_view::npos) continue;
    text = text.substr(beginning.size());
    break;
  }
  return std::string(Trimmed(text));
}

std::string PlainSet(string_view given) {
  const std::string text = WithoutAround(given);
  string_view bare = text;
  if (bare.size() > 2 && bare.front() == '$' && bare.back() == '$') {
    bare = Trimmed(bare.substr(1, bare.size() - 2));
  }
  if (const auto values = Excluded(bare)) return Unequal(*values);
  if (bare == "{}" || bare == "\\{\\}" || bare == "{ }") return "no solution";
  return WithoutFrenchParts(WithUnions(Plain(text)));
}

std::optional<std::string> PointOf(string_view plain) {
  constexpr string_view kNames = "xyz";
  const size_t equals = plain.find('=');
  if (equals == plain.npos || plain.size() > kAnswerBytesMax) return std::nullopt;
  const string_view left = Trimmed(plain.substr(0, equals));
  const string_view right = Trimmed(plain.substr(equals + 1));
  std::string form;
  std::copy_if(left.begin(), left.end(), std::back_inserter(form), [](char c) { return c != ' '; });
  if (form == "(x,y)" || form == "(x,y,z)") {
    const bool point = right.size() > 4 && right[0] == '(' && right.back() == ')';
    return point ? std::optional<std::string>(right) : std::nullopt;
  }
  std::string list(plain);
  ReplaceAll(&list, " and ", ",");
  std::replace(list.begin(), list.end(), ';', ',');
  const std::vector<std::string> parts = SplitAt(list, ",");
  if (parts.size() < 2 || parts.size() > kNames.size()) return std::nullopt;
  std::array<std::string, 3> values;
  for (string_view part : parts) {
    const size_t name = part.empty() ? kNames.npos : kNames.find(part[0]);
    if (name >= parts.size() || !values[name].empty()) return std::nullopt;
    part = Trimmed(part.substr(1));
    if (!Skip(&part, "=") || part.empty() || part.find('=') != part.npos) return std::nullopt;
    values[name] = part;
  }
  std::string point = "(" + values[0];
  for (size_t i = 1; i < parts.size(); ++i) point += "," + values[i];
  return point + ")";
}

std::vector<std::string> SplitAt(string_view text, string_view word) {
  std::vector<std::string> parts;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '(' || c == '[' || c == '{' || c == kFracOpen) ++depth;
    if (c == ')' || c == ']' || c == '}' || c == kFracClose) --depth;
    if (depth != 0 || text.substr(i, word.size()) != word) continue;
    parts.emplace_back(Trimmed(text.substr(begin, i - begin)));
    i += word.size() - 1;
    begin = i + 1;
  }
  parts.emplace_back(Trimmed(text.substr(begin)));
  return parts;
}

void ReplaceAll(std::string* text, string_view from, string_view to) {
  std::string out;
  size_t begin = 0;
  for (size_t at = text->find(from); at != text->npos; at = text->find(from, begin)) {
    out.append(*text, begin, at - begin).append(to);
    begin = at + from.size();
  }
  *text = out.append(*text, begin);
}

}  // namespace lyceum::grading
