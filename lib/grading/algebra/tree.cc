#include "grading/algebra/tree.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace lyceum::grading {
namespace {

constexpr int64_t kSmallMax = int64_t{1} << 40;

Small Reduced(__int128 num, __int128 den) {
  if (den == 0) return {};
  if (den < 0) {
    num = -num;
    den = -den;
  }
  __int128 a = num < 0 ? -num : num;
  __int128 b = den;
  while (b != 0) a = std::exchange(b, a % b);
  num /= a;
  den /= a;
  if (num > kSmallMax || num < -kSmallMax || den > kSmallMax) return {};
  return {static_cast<int64_t>(num), static_cast<int64_t>(den)};
}

Small Power(const Small& base, const Small& exponent) {
  if (!exponent.integer() || exponent.num > 64 || exponent.num < -64) return {};
  if (base.num == 0 && exponent.num <= 0) return {};
  Small result{1, 1};
  const Small step = exponent.num < 0 ? Reduced(base.den, base.num) : base;
  for (int64_t i = 0; i < std::abs(exponent.num) && result.known(); ++i) {
    result = Reduced(__int128{result.num} * step.num, __int128{result.den} * step.den);
  }
  return result;
}

Small Fold(Op op, const Small& a, const Small& b) {
  if (!a.known() || !b.known()) return {};
  const __int128 an = a.num, ad = a.den, bn = b.num, bd = b.den;
  switch (op) {
    case Op::kAdd:
      return Reduced(an * bd + bn * ad, ad * bd);
    case Op::kSubtract:
      return Reduced(an * bd - bn * ad, ad * bd);
    case Op::kMultiply:
      return Reduced(an * bn, ad * bd);
    case Op::kDivide:
      return Reduced(an * bd, ad * bn);
    case Op::kPower:
      return Power(a, b);
    default:
      return {};
  }
}

char SignOf(Op op) {
  switch (op) {
    case Op::kAdd:
      return '+';
    case Op::kSubtract:
      return '-';
    case Op::kMultiply:
      return '*';
    case Op::kDivide:
      return '/';
    default:
      return '^';
  }
}

bool IsSum(Op op) { return op == Op::kAdd || op == Op::kSubtract; }
bool IsProduct(Op op) { return op == Op::kMultiply || op == Op::kDivide; }
bool IsBinary(Op op) { return IsSum(op) || IsProduct(op) || op == Op::kPower; }

}  // namespace

std::string_view NameOf(Function function) {
  static constexpr std::string_view kNames[] = {
      "sqrt", "root", "abs",  "ln",     "log",    "factorial", "sin",    "cos",    "tan",
      "sec",  "csc",  "cot",  "arcsin", "arccos", "arctan",    "arcsec", "arccsc", "arccot",
      "sinh", "cosh", "tanh", "sech",   "csch",   "coth",      "arsinh", "arcosh", "artanh"};
  return kNames[static_cast<size_t>(function)];
}

std::optional<NodeId> Tree::Add(Node node) {
  if (nodes_.size() >= kNodesMax) return std::nullopt;
  nodes_.push_back(node);
  return static_cast<NodeId>(nodes_.size() - 1);
}

std::optional<NodeId> Tree::NameIndex(std::string_view name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return static_cast<NodeId>(found - names_.begin());
  if (names_.size() >= kNamesMax) return std::nullopt;
  names_.emplace_back(name);
  return static_cast<NodeId>(names_.size() - 1);
}

std::optional<NodeId> Tree::Number(Literal literal, Small small) {
  literals_.push_back(std::move(literal));
  Node node{Op::kNumber};
  node.left = static_cast<NodeId>(literals_.size() - 1);
  node.constant = true;
  node.small = small;
  return Add(node);
}

std::optional<NodeId> Tree::Variable(std::string_view name) {
  const auto index = NameIndex(name);
  if (!index) return std::nullopt;
  Node node{Op::kVariable};
  node.left = *index;
  return Add(node);
}

std::optional<NodeId> Tree::Constant(Op op) {
  Node node{op};
  node.constant = true;
  return Add(node);
}

std::optional<NodeId> Tree::Unary(Op op, NodeId left) {
  Node node{op};
  node.left = left;
  node.constant = at(left).constant;
  node.small = at(left).small;
  node.small.num = -node.small.num;
  return Add(node);
}

std::optional<NodeId> Tree::Binary(Op op, NodeId left, NodeId right) {
  Node node{op};
  node.left = left;
  node.right = right;
  node.constant = at(left).constant && at(right).constant;
  node.small = Fold(op, at(left).small, at(right).small);
  return Add(node);
}

std::optional<NodeId> Tree::Call(Function function, NodeId left, NodeId right) {
  Node node{Op::kCall};
  node.function = function;
  node.left = left;
  node.right = right;
  node.constant = at(left).constant && at(right).constant;
  return Add(node);
}

std::optional<NodeId> Tree::Apply(std::string_view name, NodeId left) {
  const auto index = NameIndex(name);
  if (!index) return std::nullopt;
  Node node{Op::kApply};
  node.left = left;
  node.right = *index;
  return Add(node);
}

std::string Tree::Dump(NodeId id) const {
  std::string out;
  DumpTo(id, &out);
  return out;
}

void Tree::DumpTo(NodeId id, std::string* out) const {
  const Node& node = at(id);
  // A chain of sums or of products needs no brackets on its left: its depth stays that of the text.
  const auto operand = [&](NodeId child, bool left) {
    const Op op = at(child).op;
    const bool chain = left && ((IsSum(node.op) && (IsSum(op) || IsProduct(op))) ||
                                (IsProduct(node.op) && IsProduct(op)));
    const bool bare = !IsBinary(op) || chain;
    if (!bare) *out += '(';
    DumpTo(child, out);
    if (!bare) *out += ')';
  };
  switch (node.op) {
    case Op::kNumber:
      *out += literals_[node.left].text;
      return;
    case Op::kVariable:
      *out += names_[node.left];
      return;
    case Op::kPi:
      *out += "pi";
      return;
    case Op::kE:
      *out += "e";
      return;
    case Op::kInfinity:
      *out += "inf";
      return;
    case Op::kNegate:
      *out += "(-";
      operand(node.left, false);
      *out += ')';
      return;
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kPower:
      operand(node.left, true);
      *out += SignOf(node.op);
      operand(node.right, false);
      return;
    case Op::kApply:
      *out += names_[node.right];
      *out += '(';
      DumpTo(node.left, out);
      *out += ')';
      return;
    case Op::kCall:
      break;
  }
  *out += NameOf(node.function);
  if (node.function == Function::kLog) {
    *out += "_(";
    DumpTo(node.right, out);
    *out += ')';
  }
  *out += '(';
  DumpTo(node.left, out);
  if (node.function == Function::kRoot) {
    *out += ',';
    DumpTo(node.right, out);
  }
  *out += ')';
}

}  // namespace lyceum::grading
