#include "grading/answer/amount.h"

#include <algorithm>
#include <array>

#include "grading/algebra/token.h"
#include "grading/notation/letters.h"
#include "grading/notation/plain.h"
#include "grading/units/unit.h"

namespace lyceum::grading {
namespace {

constexpr std::array<std::string_view, 5> kRemainders = {"r", "rem", "remainder", "with remainder",
                                                         "with a remainder of"};

bool IsRemainder(std::string_view unit) {
  return std::find(kRemainders.begin(), kRemainders.end(), unit) != kRemainders.end();
}

// "x" is a sign, and functions and constants belong to what is beside them.
bool IsMathematics(std::string_view word) {
  if (word == "x" || word == "X") return true;
  const Tokens tokens = Tokenize(word);
  return std::any_of(tokens.list.begin(), tokens.list.end(), [](const Token& token) {
    return token.kind == TokenKind::kFunction ||
           (token.kind == TokenKind::kConstant && token.text.size() > 1);
  });
}

std::string UnitOf(std::string_view word) {
  return ParseUnit(word) ? std::string(word) : Lower(word);
}

// A sum of quantities of one kind, in base units.
std::optional<Unit> Total(const Amount& amount, Rational* total) {
  std::optional<Unit> first;
  *total = Rational::Of(0);
  for (const Amount::Part& part : amount.parts) {
    const auto unit = part.unit.empty() ? std::nullopt : ParseUnit(part.unit);
    if (!unit || (first && !first->Comparable(*unit))) return std::nullopt;
    if (!first) first = unit;
    *total = *total + part.number * unit->scale;
  }
  return first;
}

// The parts in one order, with each unit as its size.
std::vector<std::pair<Rational, Rational>> Sorted(const Amount& amount) {
  std::vector<std::pair<Rational, Rational>> parts;
  for (const Amount::Part& part : amount.parts) {
    parts.emplace_back(ParseUnit(part.unit)->scale, part.number);
  }
  std::sort(parts.begin(), parts.end(),
            [](const auto& a, const auto& b) { return Rational::Compare(a.first, b.first) > 0; });
  return parts;
}

std::optional<Amount> OneOrMore(std::string_view plain) {
  if (auto amount = ParseAmount(plain)) return amount;
  const auto quantity = ParsePlainQuantity(plain);
  if (!quantity || quantity->unit.empty() || quantity->percent) return std::nullopt;
  return Amount{{{quantity->value, quantity->unit}}};
}

bool SameParts(const Amount& a, const Amount& b) {
  return std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), b.parts.end(),
                    [](const Amount::Part& x, const Amount::Part& y) {
                      const bool remainders = IsRemainder(x.unit) && IsRemainder(y.unit);
                      return x.number == y.number && (x.unit == y.unit || remainders);
                    });
}

bool IsDivision(const Amount& amount) {
  return amount.parts.size() == 2 && IsRemainder(amount.parts[0].unit) &&
         amount.parts[1].unit.empty();
}

}  // namespace

std::optional<Amount> ParseAmount(std::string_view plain) {
  Amount amount;
  plain = Trimmed(plain);
  bool apart = true;  // Every number stands behind a space, a unit or an R.
  while (!plain.empty()) {
    size_t end = 0;
    while (end < plain.size() && (IsDigit(plain[end]) || plain[end] == '.' || plain[end] == ',')) {
      ++end;
    }
    const auto number = ParsePlainQuantity(plain.substr(0, end));
    if (!number || !IsDigit(plain[0]) || amount.parts.size() >= kAmountPartsMax) {
      return std::nullopt;
    }
    plain.remove_prefix(end);
    end = 0;
    while (end < plain.size() && (IsAlpha(plain[end]) || plain[end] == ' ')) ++end;
    std::string_view word = Trimmed(plain.substr(0, end));
    if (word.size() > 4 && word.substr(word.size() - 4) == " and") word.remove_suffix(4);
    const bool last = end == plain.size();
    if ((word.empty() && !last) || (!word.empty() && IsMathematics(word))) return std::nullopt;
    amount.parts.push_back({number->value, UnitOf(word)});
    const bool known = ParseUnit(word) || IsRemainder(Lower(word));
    apart = apart && (last || plain[end - 1] == ' ' || known);
    plain.remove_prefix(end);
  }
  if (amount.parts.size() < 2 || !apart) return std::nullopt;
  return amount;
}

Compared CompareAmounts(std::string_view key_plain, std::string_view answer_plain) {
  const Compared unknown{Match::kUnreadable, "the amounts can not be compared", 0};
  const auto key = OneOrMore(key_plain);
  const auto answer = OneOrMore(answer_plain);
  if (!key || !answer) return unknown;
  if (SameParts(*key, *answer)) return {Match::kSame, {}, 1};
  if (IsDivision(*key) && IsDivision(*answer)) return {Match::kDifferent, {}, 0};
  Rational wanted = Rational::Of(0);
  Rational given = Rational::Of(0);
  const auto unit = Total(*key, &wanted);
  const auto other = Total(*answer, &given);
  if (!unit || !other || !unit->Comparable(*other)) return unknown;
  if (!(wanted == given)) return {Match::kDifferent, {}, 0};
  if (Sorted(*key) == Sorted(*answer)) return {Match::kSame, {}, 1};
  return {Match::kUnreadable, "of the same value, in other units", 0};
}

}  // namespace lyceum::grading
