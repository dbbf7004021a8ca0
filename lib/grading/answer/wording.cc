#include "grading/answer/wording.h"

#include <algorithm>
#include <array>
#include <vector>

#include "grading/algebra/token.h"
#include "grading/notation/letters.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

using std::string_view;

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

// Letters that are usual together as variables. No two of a group make a word.
constexpr std::array<string_view, 6> kVariables = {"abc", "mn", "pq", "rst", "uvw", "xyz"};
constexpr std::array<string_view, 3> kConstants = {"pi", "inf", "infinity"};
constexpr std::array<std::array<string_view, 2>, 2> kOpposites = {
    {{"yes", "no"}, {"true", "false"}}};
constexpr std::array<string_view, 20> kNoSolution = {"no solution",
                                                     "no solutions",
                                                     "there is no solution",
                                                     "∅",
                                                     "empty set",
                                                     "the empty set",
                                                     "there are no solutions",
                                                     "none",
                                                     "no real solution",
                                                     "no real solutions",
                                                     "there is no real solution",
                                                     "no real roots",
                                                     "no real root",
                                                     "no roots",
                                                     "there are no real solutions",
                                                     "there are none",
                                                     "it has no solution",
                                                     "has no solution",
                                                     "no real number",
                                                     "no real numbers"};
constexpr string_view kChanges =
    " pair pairs dozen dozens score ten tens hundred hundreds thousand thousands million millions "
    "billion billions trillion k half halves third thirds quarter quarters fourth fourths fifth "
    "fifths sixth sixths eighth eighths tenth tenths hundredth hundredths thousandth thousandths "
    "square squares squared cube cubed root roots factorial times power negative positive up down "
    "left right above below under over north south east west less more fewer extra short "
    "remainder each per or and to of by ";
constexpr string_view kDoubts =
    " not no never none neither nor wrong incorrect isnt arent doesnt dont cant wasnt twice maybe "
    "perhaps probably either but except unless without instead unsure guess false impossible "
    "half double thrice opposite rather minus ";
// Longer ones first where one begins another.
constexpr std::array<string_view, 15> kLeads = {"the final answer is",
                                                "the answers are",
                                                "the answer is",
                                                "the solutions are",
                                                "the solution is",
                                                "final answer",
                                                "answers",
                                                "answer is",
                                                "answer",
                                                "ans",
                                                "solutions",
                                                "solution",
                                                "therefore",
                                                "thus",
                                                "it is"};

constexpr std::array<string_view, 4> kLikeCalls = {"cost", "cosy", "sect", "tany"};

template <class Table>
bool In(const Table& table, string_view text) {
  return std::find(table.begin(), table.end(), text) != table.end();
}

// The runs of letters.
std::vector<string_view> RunsOf(string_view text) {
  std::vector<string_view> runs;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && IsAlpha(text[end])) ++end;
    if (end > i) runs.push_back(text.substr(i, end - i));
    i = std::max(end, i + 1);
  }
  return runs;
}

// "sin", "sinx", "xln", and no word that begins with a function: "cost".
bool IsCall(string_view run) {
  if (run.size() > 12 || In(kLikeCalls, run)) return false;
  size_t functions = 0;
  for (const Token& token : Tokenize(run).list) {
    const bool variable =
        token.text.size() == 1 && string_view("xyzt").find(token.text[0]) != string_view::npos;
    functions += token.kind == TokenKind::kFunction ? 1 : 0;
    if (token.kind != TokenKind::kFunction && !variable) return false;
  }
  return functions == 1;
}

bool IsMathematics(const std::vector<string_view>& runs) {
  bool call = false;
  for (const string_view run : runs) call = call || IsCall(run);
  if (call) {
    return std::all_of(runs.begin(), runs.end(),
                       [](string_view run) { return run.size() == 1 || IsCall(run); });
  }
  std::string letters;
  for (const string_view run : runs) letters += run;
  if (In(kConstants, letters)) return true;
  return letters.size() < 2 ||
         (letters.size() == 2 && std::any_of(kVariables.begin(), kVariables.end(), [&](auto group) {
            return letters.find_first_not_of(group) == std::string::npos;
          }));
}

bool OnlyLetters(string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return IsAlpha(c) || string_view(" .,'\"-").find(c) != string_view::npos;
  });
}

enum class Case { kSmall, kInitial, kCapitals, kMixed };
Case CaseOf(string_view text) {
  size_t capitals = 0;
  size_t letters = 0;
  for (const char c : text) {
    capitals += IsUpper(c) ? 1U : 0U;
    letters += IsAlpha(c) ? 1U : 0U;
  }
  if (capitals == 0) return Case::kSmall;
  if (capitals == letters) return Case::kCapitals;
  const auto first = std::find_if(text.begin(), text.end(), IsAlpha);
  return capitals == 1 && IsUpper(*first) ? Case::kInitial : Case::kMixed;
}

// bb, AaBb, aabb: genes, of which the case is all.
bool Doubled(string_view words) {
  if (words.size() % 2 != 0) return false;
  for (size_t i = 0; i < words.size(); i += 2) {
    if (words[i] != words[i + 1]) return false;
  }
  return true;
}

bool SameCase(string_view key, string_view answer, string_view words) {
  const Case a = CaseOf(key);
  const Case b = CaseOf(answer);
  if (a == b && a != Case::kMixed) return true;
  const bool word = words.find(' ') != string_view::npos || words.size() > 4;
  if (word) return true;
  for (const auto& pair : kOpposites) {
    if (In(pair, words)) return true;
  }
  return words.size() > 2 && !Doubled(words) && a != Case::kMixed && b != Case::kMixed;
}

// `table`: words between single spaces.
bool AnyWordOf(string_view table, string_view text) {
  const std::string words = " " + Words(text) + " ";
  for (size_t at = 0; at + 1 < words.size();) {
    const size_t end = words.find(' ', at + 1);
    if (table.find(string_view(words).substr(at, end - at + 1)) != string_view::npos) return true;
    at = end;
  }
  return false;
}

}  // namespace

bool IsWording(string_view plain) { return OnlyLetters(plain) && !IsMathematics(RunsOf(plain)); }

bool SaysNoSolution(string_view text) { return In(kNoSolution, Words(text)) || text == "{}"; }

Compared CompareWording(string_view key, string_view answer) {
  const Compared unknown{Match::kUnreadable, "other words than the reference", 0};
  const std::string a = Words(key);
  const std::string b = Words(answer);
  if (In(kNoSolution, a) && In(kNoSolution, b)) return {Match::kSame, {}, 1};
  if (!OnlyLetters(answer) || answer.find('-') == 0) return unknown;
  if (a == b) return SameCase(key, answer, a) ? Compared{Match::kSame, {}, 1} : unknown;
  for (const auto& pair : kOpposites) {
    if (In(pair, a) && In(pair, b)) return {Match::kDifferent, {}, 0};
  }
  return unknown;
}

bool HasStrangeWord(string_view key, string_view answer) {
  const std::vector<string_view> known = RunsOf(key);
  for (const string_view run : RunsOf(answer)) {
    if (run.size() < 3 || run == "and" || In(known, run)) continue;
    if (In(kConstants, run) || IsCall(run)) continue;
    const bool variables = std::any_of(kVariables.begin(), kVariables.end(), [&](auto group) {
      return run.find_first_not_of(group) == string_view::npos;
    });
    const bool multiple = run.size() == 3 && run.find("pi") != string_view::npos;  // npi
    if (!variables && !multiple) return true;
  }
  return false;
}

bool HasDoubt(string_view text) {
  return text.find('?') != string_view::npos || AnyWordOf(kDoubts, text);
}

bool ChangesNumber(string_view unit) { return AnyWordOf(kChanges, unit); }

std::string WithoutLeadIn(string_view text) {
  text = Trimmed(text);
  if (text.size() > 1 && text.back() == '.') text = Trimmed(text.substr(0, text.size() - 1));
  const std::string lower = Lower(text.substr(0, 32));
  for (const string_view lead : kLeads) {
    if (lower.rfind(lead, 0) != 0 || text.size() == lead.size()) continue;
    string_view rest = text.substr(lead.size());
    const char next = rest[0];
    if (next != ' ' && next != ':' && next != '=' && next != ',') continue;
    rest = Trimmed(rest);
    if (!rest.empty() && (rest[0] == ':' || rest[0] == '=' || rest[0] == ',')) {
      rest = Trimmed(rest.substr(1));
    }
    if (!rest.empty()) return std::string(rest);
  }
  if (text.size() > 1 && text[0] == '=' && text[1] != '=' && text[1] != '>' && text[1] != '<') {
    text = Trimmed(text.substr(1));
  }
  const bool is = text.size() > 5 && IsAlpha(text[0]) && text.substr(1, 4) == " is ";
  return is ? std::string(1, text[0]) + " =" + std::string(text.substr(4)) : std::string(text);
}

}  // namespace lyceum::grading
