#include "grading/answer/reference.h"

#include <cctype>
#include <vector>

#include "grading/algebra/relation.h"
#include "grading/answer/compare.h"
#include "grading/notation/plain.h"
#include "grading/units/unit.h"

namespace lyceum::grading {
namespace {

bool HasWord(const Tree& tree) {
  for (const std::string& name : tree.names()) {
    if (name.size() >= 5 && name.find('_') == std::string::npos) return true;
  }
  return false;
}

// 3=4
bool IsFalse(const Chain& chain) {
  Budget budget;
  for (size_t i = 0; i + 1 < chain.sides.size(); ++i) {
    const Parsed a = Parse(chain.sides[i], {});
    const Parsed b = Parse(chain.sides[i + 1], {});
    if (a.tree && b.tree && Equivalent(*a.tree, *b.tree, &budget) == Same::kNo) return true;
  }
  return false;
}

}  // namespace

Reference ReadReference(std::string_view text) {
  Reference reference;
  if (text.find('\n') != std::string_view::npos) return reference;
  std::string plain = Plain(text);
  const auto chain = SplitChain(plain);
  if (!chain) return reference;
  bool numbers = true;
  bool words = false;
  for (const std::string& side : chain->sides) {
    const Parsed parsed = Parse(side, {});
    if (!parsed.tree && !Counted(side)) return reference;
    numbers = numbers && (Counted(side) || parsed.tree->names().empty());
    words = words || (!Counted(side) && HasWord(*parsed.tree));
  }
  bool equals = true;
  for (const Sign sign : chain->signs) equals = equals && sign == Sign::kEqual;
  if (words && chain->signs.empty()) return reference;
  if (numbers && equals) {
    if (IsFalse(*chain)) return reference;
    reference = {Reference::Is::kNumber, chain->sides.back(), {}};
    if (!chain->signs.empty()) reference.first = chain->sides.front();
    if (!Counted(reference.plain)) reference.is = Reference::Is::kExpression;
  } else if (chain->signs.empty()) {
    reference = {Reference::Is::kExpression, plain, {}};
  } else if (chain->signs.size() == 1 || !equals) {
    reference = {Reference::Is::kEquation, plain, {}};
  }
  return reference;
}

std::optional<Quantity> Counted(std::string_view plain) {
  if (auto quantity = ParsePlainQuantity(plain)) return quantity;
  const size_t space = plain.rfind(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view word = plain.substr(space + 1);
  for (const char c : word) {
    if (std::isalpha(static_cast<unsigned char>(c)) == 0 && c != '/') return std::nullopt;
  }
  auto quantity = ParsePlainQuantity(plain.substr(0, space));
  if (quantity) quantity->unit += (quantity->unit.empty() ? "" : " ") + std::string(word);
  return quantity;
}

bool SameUnit(const std::string& a, const std::string& b) {
  const auto left = ParseUnit(a);
  const auto right = ParseUnit(b);
  if (left && right) return left->Comparable(*right) && left->scale == right->scale;
  return !left && !right && Words(a) == Words(b);
}

bool IsLetter(const std::string& unit) {
  return unit.size() == 1 && std::isalpha(static_cast<unsigned char>(unit[0])) != 0;
}

size_t LetterUnits(std::string_view plain) {
  const auto chain = SplitChain(plain);
  size_t count = 0;
  for (const std::string& side : chain ? chain->sides : std::vector<std::string>()) {
    const auto quantity = ParsePlainQuantity(side);
    count += quantity && IsLetter(quantity->unit) ? 1U : 0U;
  }
  return count;
}

bool EndsInUnit(std::string_view plain) {
  const size_t space = plain.rfind(' ');
  if (space == std::string_view::npos || !ParseUnit(plain.substr(space + 1))) return false;
  const Parsed head = Parse(plain.substr(0, space), {});
  return head.tree && head.tree->names().empty();
}

}  // namespace lyceum::grading
