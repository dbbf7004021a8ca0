#include "grading/answer/form.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "grading/algebra/relation.h"
#include "grading/answer/compare.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

constexpr size_t kFactorsMax = 12;

// 6/8, 3/1: a fraction that could be written with smaller numbers.
bool Reducible(const Tree& tree) {
  for (const Node& node : tree.nodes()) {
    if (node.op != Op::kDivide) continue;
    const Small& top = tree.at(node.left).small;
    const Small& bottom = tree.at(node.right).small;
    if (!top.known() || !bottom.known() || !node.small.known()) continue;
    if (node.small.den != bottom.num || bottom.den != 1) return true;
  }
  return false;
}

// 3+5, 2*4: numbers that were not put together.
bool Unworked(const Tree& tree, std::string_view plain) {
  const Op op = tree.top().op;
  const bool arithmetic = op == Op::kAdd || op == Op::kSubtract || op == Op::kMultiply;
  return arithmetic && tree.top().small.known() && !ParsePlainQuantity(plain);
}

enum class Shape { kSum, kProduct, kOther };
Shape ShapeOf(const Tree& tree) {
  const Node* node = &tree.top();
  if (node->op == Op::kNegate) node = &tree.at(node->left);
  if (node->op == Op::kAdd || node->op == Op::kSubtract) return Shape::kSum;
  const bool product =
      node->op == Op::kMultiply || node->op == Op::kDivide || node->op == Op::kPower;
  return product ? Shape::kProduct : Shape::kOther;
}

// The factors that are sums with variables, (x+1)^2 twice; at most kFactorsMax.
std::vector<std::string> SumsOf(const Tree& tree) {
  std::vector<std::string> sums;
  std::vector<NodeId> open = {tree.root()};
  while (!open.empty() && sums.size() < kFactorsMax) {
    const NodeId id = open.back();
    const Node& node = tree.at(id);
    open.pop_back();
    if (node.constant) continue;
    if (node.op == Op::kNegate) {
      open.push_back(node.left);
    } else if (node.op == Op::kMultiply || node.op == Op::kDivide) {
      open.push_back(node.left);
      open.push_back(node.right);
    } else if (node.op == Op::kPower) {
      const Small& power = tree.at(node.right).small;
      const bool counted = power.integer() && power.num > 0 && power.num <= 8;
      open.insert(open.end(), counted ? static_cast<size_t>(power.num) : 1, node.left);
    } else if (node.op == Op::kAdd || node.op == Op::kSubtract) {
      sums.push_back(tree.Dump(id));
    }
  }
  return sums;
}

bool SameUpToSign(const std::string& a, const std::string& b, Budget* budget) {
  const Parsed left = Parse(a, {});
  if (!left.tree) return false;
  for (const std::string& side : {b, "-(" + b + ")"}) {
    const Parsed right = Parse(side, {});
    if (right.tree && Equivalent(*left.tree, *right.tree, budget) == Same::kYes) return true;
  }
  return false;
}

bool SameFactors(const Tree& key, const Tree& answer, Budget* budget) {
  const std::vector<std::string> wanted = SumsOf(key);
  std::vector<std::string> given = SumsOf(answer);
  if (wanted.size() != given.size()) return false;
  for (const std::string& factor : wanted) {
    const auto found = std::find_if(given.begin(), given.end(), [&](const std::string& other) {
      return SameUpToSign(factor, other, budget);
    });
    if (found == given.end()) return false;
    given.erase(found);
  }
  return true;
}

// d.dd*10^n, with one digit that is not 0 before the point.
bool IsScientific(const std::string& plain) {
  const std::string form = NormalForm(plain);
  const std::string_view text = std::string_view(form).substr(form.find('-') == 0 ? 1 : 0);
  if (text.size() < 4 || text[0] < '1' || text[0] > '9') return false;
  if (std::string_view(".*xEe").find(text[1]) == std::string_view::npos) return false;
  size_t i = 1;
  while (i < text.size() && (text[i] == '.' || (text[i] >= '0' && text[i] <= '9'))) ++i;
  if (i < text.size() && (text[i] == 'E' || text[i] == 'e')) return true;
  if (i < text.size() && (text[i] == '*' || text[i] == 'x')) return text.substr(i + 1, 3) == "10^";
  return i > 4 && text.substr(i - 2, 2) == "10" && i < text.size() && text[i] == '^';
}

bool OtherNumberForm(std::string_view question, const std::string& key, const std::string& answer) {
  const std::string words = Words(question);
  const auto asks = [&](std::string_view word) { return words.find(word) != std::string::npos; };
  const bool scientific = IsScientific(key) || asks("scientific notation");
  if (scientific && !IsScientific(answer) && ParsePlainQuantity(answer)) return true;
  const auto has = [&](char c) { return answer.find(c) != std::string::npos; };
  return (asks("decimal") && has('/')) || (asks("fraction") && has('.'));
}

bool SameShape(const std::string& key, const std::string& answer, Budget* budget) {
  const Parsed a = Parse(key, {});
  const Parsed b = Parse(answer, {});
  if (!a.tree || !b.tree) return true;
  if (Reducible(*a.tree) || Reducible(*b.tree)) return false;
  if (!Unworked(*a.tree, key) && Unworked(*b.tree, answer)) return false;
  if (a.tree->names().empty() || b.tree->names().empty()) return true;
  if (ShapeOf(*a.tree) != ShapeOf(*b.tree)) return false;
  return ShapeOf(*a.tree) != Shape::kProduct || SameFactors(*a.tree, *b.tree, budget);
}

}  // namespace

bool SameForm(std::string_view question, const std::string& key, const std::string& answer,
              Budget* budget) {
  if (OtherNumberForm(question, key, answer)) return false;
  const auto keys = SplitChain(key);
  const auto answers = SplitChain(answer);
  if (!keys || !answers) return true;
  if (keys->sides.size() == 1 && answers->sides.size() == 1) return SameShape(key, answer, budget);
  bool worked = true;
  for (const std::string& side : keys->sides) {
    const Parsed parsed = Parse(side, {});
    worked = worked && !(parsed.tree && Unworked(*parsed.tree, side));
  }
  // Of x=3*4=12 the end counts.
  const auto& given = answers->sides;
  for (size_t i = given.size() > 2 ? given.size() - 1 : 0; i < given.size(); ++i) {
    const std::string& side = given[i];
    const Parsed parsed = Parse(side, {});
    if (!parsed.tree) continue;
    if (worked && (Unworked(*parsed.tree, side) || Reducible(*parsed.tree))) return false;
  }
  return true;
}

bool ReadsOneWay(const std::string& key, const std::string& answer, Budget* budget) {
  Reading tight;
  tight.tight = true;
  const Parsed loose = Parse(answer, {});
  const Parsed other = Parse(answer, tight);
  const Parsed reference = Parse(key, {});
  if (!loose.tree || !other.tree || !reference.tree) return true;
  return loose.tree->Dump() == other.tree->Dump() ||
         Equivalent(*reference.tree, *other.tree, budget) == Same::kYes;
}

}  // namespace lyceum::grading
