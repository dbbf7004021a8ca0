#include "grading/algebra/relation.h"

#include <algorithm>

#include "grading/algebra/token.h"
#include "grading/notation/letters.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

struct Spelling {
  std::string_view text;
  Sign sign;
};
// Longer ones first.
constexpr Spelling kSigns[] = {
    {"=/=", Sign::kNotEqual},    {"<=", Sign::kLessEqual},    {"=<", Sign::kLessEqual},
    {">=", Sign::kGreaterEqual}, {"=>", Sign::kGreaterEqual}, {"!=", Sign::kNotEqual},
    {"<>", Sign::kNotEqual},     {"==", Sign::kEqual},        {"=", Sign::kEqual},
    {"<", Sign::kLess},          {">", Sign::kGreater},
};

bool IsOrder(Sign sign) { return sign != Sign::kEqual && sign != Sign::kNotEqual; }
bool IsLess(Sign sign) { return sign == Sign::kLess || sign == Sign::kLessEqual; }

// The larger side first; equations as they are.
Chain Descending(const Chain& chain) {
  if (!IsLess(chain.signs[0])) return chain;
  return {{chain.sides[1], chain.sides[0]}, {Flipped(chain.signs[0])}};
}

bool HasNoNames(const Tree& tree) { return tree.names().empty(); }

Same And(Same a, Same b) {
  if (a == Same::kNo || b == Same::kNo) return Same::kNo;
  return a == Same::kYes && b == Same::kYes ? Same::kYes : Same::kUndecided;
}

Same SameSides(const std::string& a, const std::string& b, const Reading& reading, Budget* budget) {
  const Parsed left = Parse(a, reading);
  const Parsed right = Parse(b, reading);
  if (!left.tree || !right.tree) return Same::kUndecided;
  return Equivalent(*left.tree, *right.tree, budget);
}

// 110.3=23^1.5: nothing to solve, so the sides are compared.
Same SameStatements(const Chain& key, const Chain& answer, const Reading& reading, Budget* budget) {
  const auto sides = [&](size_t first, size_t second) {
    return And(SameSides(key.sides[0], answer.sides[first], reading, budget),
               SameSides(key.sides[1], answer.sides[second], reading, budget));
  };
  const Same straight = sides(0, 1);
  if (straight == Same::kYes || IsOrder(key.signs[0])) return straight;
  const Same crossed = sides(1, 0);
  if (crossed == Same::kYes) return crossed;
  return straight == Same::kNo && crossed == Same::kNo ? Same::kNo : Same::kUndecided;
}

}  // namespace

Sign Flipped(Sign sign) {
  switch (sign) {
    case Sign::kEqual:
    case Sign::kNotEqual:
      return sign;
    case Sign::kLess:
      return Sign::kGreater;
    case Sign::kLessEqual:
      return Sign::kGreaterEqual;
    case Sign::kGreater:
      return Sign::kLess;
    case Sign::kGreaterEqual:
      return Sign::kLessEqual;
  }
  return sign;
}

std::optional<Chain> SplitChain(std::string_view plain) {
  Chain chain;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i < plain.size();) {
    const char c = plain[i];
    if (c == '(' || c == '[' || c == '{' || c == kFracOpen) ++depth;
    if (c == ')' || c == ']' || c == '}' || c == kFracClose) --depth;
    size_t length = 0;
    for (const Spelling& spelling : kSigns) {
      if (depth != 0 || plain.substr(i, spelling.text.size()) != spelling.text) continue;
      chain.signs.push_back(spelling.sign);
      length = spelling.text.size();
      break;
    }
    if (length == 0) {
      ++i;
      continue;
    }
    if (chain.signs.size() > kSignsMax) return std::nullopt;
    chain.sides.emplace_back(Trimmed(plain.substr(begin, i - begin)));
    i += length;
    begin = i;
  }
  chain.sides.emplace_back(Trimmed(plain.substr(begin)));
  for (const std::string& side : chain.sides) {
    if (side.empty()) return std::nullopt;
  }
  return chain;
}

std::string NameOnLeft(std::string_view side) {
  side = Trimmed(side);
  if (side.empty() || side.size() > 32 || !IsAlpha(side[0])) return {};
  size_t i = 0;
  while (i < side.size() && (IsAlpha(side[i]) || IsDigit(side[i]) || side[i] == '_')) ++i;
  const std::string_view head = side.substr(0, i);
  if (head == "pi" || head == "e" || head == "inf" || head == "infinity") return {};
  const bool subscript = head.size() > 1 && (IsDigit(head[1]) || head[1] == '_');
  if (head.size() > 1 && head.size() < 5 && !subscript && head != "phi") return {};
  const Tokens tokens = Tokenize(head);  // sqrtx is no name.
  if (tokens.list.size() != 1 || tokens.list[0].kind != TokenKind::kName) return {};
  if (i == side.size()) return std::string(side);
  if (side[i] != '(' || Closing(side, i) != side.size() - 1) return {};
  const std::string_view inside = side.substr(i + 1, side.size() - i - 2);
  const auto of_number = [](char c) { return IsDigit(c) || c == '.' || c == '-' || c == '/'; };
  const bool call = std::all_of(inside.begin(), inside.end(), IsAlpha) ||
                    std::all_of(inside.begin(), inside.end(), of_number);
  return call ? std::string(side) : std::string();
}

Same EquivalentRelations(const Chain& key_chain, const Chain& answer_chain, const Reading& reading,
                         Budget* budget) {
  const Chain key = Descending(key_chain);
  const Chain answer = Descending(answer_chain);
  if (IsOrder(key.signs[0]) != IsOrder(answer.signs[0])) return Same::kNo;
  if (key.signs[0] != answer.signs[0]) return Same::kNo;
  const Parsed left = ParseDifference(key.sides[0], key.sides[1], reading);
  const Parsed right = ParseDifference(answer.sides[0], answer.sides[1], reading);
  if (!left.tree || !right.tree) return Same::kUndecided;
  if (HasNoNames(*left.tree) || HasNoNames(*right.tree)) {
    if (HasNoNames(*left.tree) != HasNoNames(*right.tree)) return Same::kUndecided;
    return SameStatements(key, answer, reading, budget);
  }
  // n = n+1: the name cancels, and what is left says nothing of it.
  const Parsed one = ParseDifference("1", "0", {});
  const auto cancels = [&](const Tree& tree) {
    const Ratio constant = ConstantRatio(tree, *one.tree, false, budget);
    return constant == Ratio::kPositive || constant == Ratio::kNegative;
  };
  const bool left_cancels = cancels(*left.tree);
  if (left_cancels != cancels(*right.tree)) return Same::kUndecided;
  if (left_cancels) return SameStatements(key, answer, reading, budget);
  const bool order = IsOrder(key.signs[0]);
  const Ratio ratio = ConstantRatio(*left.tree, *right.tree, !order, budget);
  if (ratio == Ratio::kPositive) return Same::kYes;
  if (ratio == Ratio::kNegative) return order ? Same::kNo : Same::kYes;
  if (!order && RatioOfStrangers(*left.tree, *right.tree, budget)) return Same::kUndecided;
  return ZerosDiffer(*left.tree, *right.tree, budget) ? Same::kNo : Same::kUndecided;
}

}  // namespace lyceum::grading
