// Tree: an expression that was read. The nodes lie in one array, children before their parents, so
// that whoever computes with it walks the array once and needs no recursion.
//
// Bounds: kNodesMax nodes, kNamesMax names. A tree that would be larger is not built (parse.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lyceum::grading {

inline constexpr size_t kNodesMax = 4096;
inline constexpr size_t kNamesMax = 48;

using NodeId = uint16_t;

enum class Op : uint8_t {
  kNumber,    // literals[left]
  kVariable,  // names[left]
  kPi,
  kE,
  kInfinity,
  kNegate,  // left
  kAdd,     // left, right; so are the next four
  kSubtract,
  kMultiply,
  kDivide,
  kPower,
  kCall,   // function(left); kRoot and kLog: right is the index or the base
  kApply,  // names[right] applied to left: f(x), of which nothing is known
};

enum class Function : uint8_t {
  kSqrt,
  kRoot,
  kAbs,
  kLn,
  kLog,
  kFactorial,
  kSin,
  kCos,
  kTan,
  kSec,
  kCsc,
  kCot,
  kArcsin,
  kArccos,
  kArctan,
  kArcsec,
  kArccsc,
  kArccot,
  kSinh,
  kCosh,
  kTanh,
  kSech,
  kCsch,
  kCoth,
  kArsinh,
  kArcosh,
  kArtanh,
};
std::string_view NameOf(Function function);

// A literal of digits with an optional point and exponent, as it was written.
struct Literal {
  std::string text;
  double value = 0;
  uint64_t residue[2] = {0, 0};  // Modulo kPrimes (modular.h).
  int significant = 0;           // Digits from the first that is not 0.
  bool point = false;            // Written with a decimal point: may be rounded.
};

// A fraction in lowest terms that fits; den 0: too large, not rational, or not constant.
struct Small {
  int64_t num = 0;
  int64_t den = 0;

  bool known() const { return den != 0; }
  bool integer() const { return den == 1; }
};

struct Node {
  Op op;
  Function function = Function::kSqrt;
  NodeId left = 0, right = 0;
  bool constant = false;  // No variable below.
  Small small;
};

class Tree {
 public:
  // Nothing where the tree is full.
  std::optional<NodeId> Number(Literal literal, Small small);
  std::optional<NodeId> Variable(std::string_view name);
  std::optional<NodeId> Constant(Op op);  // kPi, kE, kInfinity
  std::optional<NodeId> Unary(Op op, NodeId left);
  std::optional<NodeId> Binary(Op op, NodeId left, NodeId right);
  std::optional<NodeId> Call(Function function, NodeId left, NodeId right);
  std::optional<NodeId> Apply(std::string_view name, NodeId left);

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Literal>& literals() const { return literals_; }
  const std::vector<std::string>& names() const { return names_; }
  const Node& at(NodeId id) const { return nodes_[id]; }
  NodeId root() const { return root_; }
  void set_root(NodeId root) { root_ = root; }
  const Node& top() const { return nodes_[root_]; }

  // With brackets wherever an operation lies in another, so that it reads as the same tree.
  std::string Dump() const { return Dump(root_); }
  std::string Dump(NodeId id) const;

 private:
  std::optional<NodeId> Add(Node node);
  std::optional<NodeId> NameIndex(std::string_view name);
  void DumpTo(NodeId id, std::string* out) const;

  std::vector<Node> nodes_;
  std::vector<Literal> literals_;
  std::vector<std::string> names_;
  NodeId root_ = 0;
};

}  // namespace lyceum::grading
