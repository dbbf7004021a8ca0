#include "grading/algebra/parse.h"

#include <algorithm>
#include <utility>

#include "grading/algebra/literal.h"
#include "grading/algebra/token.h"
#include "grading/notation/letters.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

using Id = std::optional<NodeId>;

std::optional<Function> InverseOf(Function function) {
  const auto index = static_cast<int>(function);
  const auto from = [&](Function first, Function target) {
    return static_cast<Function>(static_cast<int>(target) + index - static_cast<int>(first));
  };
  if (function >= Function::kSin && function <= Function::kCot) {
    return from(Function::kSin, Function::kArcsin);
  }
  if (function >= Function::kSinh && function <= Function::kTanh) {
    return from(Function::kSinh, Function::kArsinh);
  }
  return std::nullopt;
}

class Parser {
 public:
  Parser(const Reading& reading, Tree* tree) : reading_(reading), tree_(*tree) {}

  Id Whole(std::string_view plain) {
    tokens_ = Tokenize(plain);
    at_ = 0;
    if (!tokens_.error.empty()) return Fail(tokens_.error);
    if (tokens_.list.empty()) return Fail("there is nothing to read");
    const Id id = Sum();
    if (id && at_ < tokens_.list.size()) return Fail("this is not one expression");
    return id;
  }

  const std::string& error() const { return error_; }
  bool plus_minus() const { return plus_minus_; }

 private:
  // --- Tokens
  const Token* Peek(size_t ahead = 0) const {
    return at_ + ahead < tokens_.list.size() ? &tokens_.list[at_ + ahead] : nullptr;
  }
  bool IsSign(char sign, size_t ahead = 0) const {
    const Token* token = Peek(ahead);
    return token != nullptr && token->kind == TokenKind::kSign && token->sign == sign;
  }
  bool IsKind(TokenKind kind, size_t ahead = 0) const {
    const Token* token = Peek(ahead);
    return token != nullptr && token->kind == kind;
  }
  bool AfterLetter() const {
    const TokenKind kind = tokens_.list[at_ - 1].kind;
    return kind == TokenKind::kName || kind == TokenKind::kConstant;
  }
  bool Eat(char sign) {
    if (!IsSign(sign)) return false;
    ++at_;
    return true;
  }
  Id Fail(std::string_view why) {
    if (error_.empty()) error_ = std::string(why);
    return std::nullopt;
  }
  Id Kept(Id id) { return id ? id : Fail("this is too long"); }
  Id Unary(Op op, Id left) { return left ? Kept(tree_.Unary(op, *left)) : left; }
  Id Binary(Op op, Id left, Id right) {
    return left && right ? Kept(tree_.Binary(op, *left, *right)) : std::nullopt;
  }
  Id Call(Function function, Id left, Id right) {
    return left && right ? Kept(tree_.Call(function, *left, *right)) : std::nullopt;
  }

  // --- Grammar
  Id Sum() {
    if (++depth_ > kDepthMax) return Fail("the brackets go too deep");
    const int bars = std::exchange(bars_, 0);
    const Id id = SumInside();
    bars_ = bars;
    --depth_;
    return id;
  }

  // + or - or ± here, as the operation that it means.
  std::optional<Op> SumSign() {
    if (Eat('+')) return Op::kAdd;
    if (Eat('-')) return Op::kSubtract;
    if (IsSign(kPlusMinus) || IsSign(kMinusPlus)) {
      const bool plus = IsSign(kPlusMinus) == reading_.upper_sign;
      plus_minus_ = true;
      ++at_;
      return plus ? Op::kAdd : Op::kSubtract;
    }
    return std::nullopt;
  }

  Id SumInside() {
    Id left = Signed([this] { return Product(); });
    while (left) {
      const auto op = SumSign();
      if (!op) break;
      left = Binary(*op, left, Signed([this] { return Product(); }));
    }
    return left;
  }

  // Signs in front: at most a few, a learner's "--5" is a slip.
  template <class Next>
  Id Signed(Next next) {
    int minus = 0;
    for (int i = 0;; ++i) {
      const auto op = SumSign();
      if (!op) break;
      if (i > 1) return Fail("there are too many signs in a row");
      minus += *op == Op::kSubtract ? 1 : 0;
    }
    Id id = next();
    for (; minus > 0; --minus) id = Unary(Op::kNegate, id);
    return id;
  }

  bool BeginsOperand() const {
    const Token* token = Peek();
    if (token == nullptr) return false;
    if (token->kind != TokenKind::kSign) return true;
    if (token->sign == '|') return bars_ == 0;
    return token->sign == '(' || token->sign == '[' || token->sign == kFracOpen;
  }

  Id Product() {
    Id left = Power();
    while (left) {
      if (Eat('*')) {
        left = Binary(Op::kMultiply, left, Signed([this] { return Power(); }));
      } else if (Eat('/')) {
        left = Binary(Op::kDivide, left, Signed([this] { return Denominator(); }));
      } else if (BeginsOperand()) {
        const Token* last = Peek();
        if (last->kind == TokenKind::kNumber && after_number_) {
          return Fail("there is a sign missing between two numbers");
        }
        if (last->kind == TokenKind::kNumber && AfterLetter()) {
          return Fail("write the number in front of its letter");
        }
        left = Binary(Op::kMultiply, left, Power());
      } else {
        break;
      }
    }
    return left;
  }

  // With the tight reading, what stands right behind belongs below the line as well.
  Id Denominator() {
    Id id = Power();
    while (id && reading_.tight && BeginsOperand()) id = Binary(Op::kMultiply, id, Power());
    return id;
  }

  Id Power() {
    const Id base = Postfix();
    return base && Eat('^') ? Raised(base) : base;
  }

  Id Raised(Id base) {
    const Id id = Binary(Op::kPower, base, Exponent());
    after_number_ = false;
    return id;
  }

  Id Exponent() {
    if (++depth_ > kDepthMax) return Fail("the powers go too deep");
    const Id exponent = Signed([this] { return Power(); });
    --depth_;
    return exponent;
  }

  Id Postfix() {
    Id id = Atom();
    while (id) {
      if (Eat('!')) {
        id = Call(Function::kFactorial, id, id);
      } else if (Eat('%')) {
        id = Binary(Op::kDivide, id, Number("100"));
      } else {
        break;
      }
      after_number_ = false;
    }
    return id;
  }

  Id Atom() {
    const Token* token = Peek();
    if (token == nullptr) return Fail("something is missing at the end");
    after_number_ = token->kind == TokenKind::kNumber;
    switch (token->kind) {
      case TokenKind::kNumber:
        return MixedNumber();
      case TokenKind::kConstant:
        ++at_;
        return Kept(tree_.Constant(token->constant));
      case TokenKind::kName:
        return Named(*token);
      case TokenKind::kFunction:
        ++at_;
        return Function_(*token);
      case TokenKind::kSign:
        break;
    }
    if (token->sign == '(' || token->sign == '[') return Grouped(token->sign == '(' ? ')' : ']');
    if (token->sign == kFracOpen) return Fraction();
    if (token->sign == '|') return Bars();
    return Fail("there is a sign where a number or a name should be");
  }

  Id Grouped(char close) {
    ++at_;
    const Id id = Sum();
    if (id && !Eat(close)) return Fail("look at the brackets");
    after_number_ = false;
    return id;
  }

  Id Bars() {
    ++at_;
    if (++depth_ > kDepthMax) return Fail("the brackets go too deep");
    const int bars = std::exchange(bars_, 1);
    const Id id = SumInside();
    bars_ = bars;
    --depth_;
    if (id && !Eat('|')) return Fail("look at the bars");
    after_number_ = false;
    return Call(Function::kAbs, id, id);
  }

  Id Fraction() {
    const Id top = Grouped(kFracClose);
    if (!top || !IsSign('/') || !IsSign(kFracOpen, 1)) return top;
    ++at_;
    return Binary(Op::kDivide, top, Grouped(kFracClose));
  }

  bool IsInteger(size_t ahead) const {
    const Token* token = Peek(ahead);
    if (token == nullptr || token->kind != TokenKind::kNumber) return false;
    for (const char c : token->text) {
      if (!IsDigit(c)) return false;
    }
    return true;
  }

  // "1 1/2" and 1\frac{1}{2} are one number; so is 3, of course.
  Id MixedNumber() {
    const bool plain =
        IsInteger(0) && IsInteger(1) && Peek(1)->space && IsSign('/', 2) && IsInteger(3);
    const bool fraction = IsInteger(0) && IsSign(kFracOpen, 1) && IsInteger(2) &&
                          IsSign(kFracClose, 3) && IsSign('/', 4) && IsSign(kFracOpen, 5) &&
                          IsInteger(6) && IsSign(kFracClose, 7);
    const Id whole = Number(Peek()->text);
    ++at_;
    if (!plain && !fraction) return whole;
    const size_t step = plain ? 0 : 1;
    const Id top = Number(Peek(step)->text);
    const Id bottom = top ? Number(Peek(plain ? 2 : 5)->text) : top;
    at_ += plain ? 3 : 7;
    return Binary(Op::kAdd, whole, Binary(Op::kDivide, top, bottom));
  }

  Id Named(const Token& token) {
    ++at_;
    if (token.name == "exp") return Exp();
    if (token.name == "sgn") return Signum();
    const bool primed = token.name.find('\'') == 1 &&
                        std::string_view("fghFGH").find(token.name[0]) != std::string_view::npos;
    const bool unknown =
        IsSign('(') &&
        (primed || (token.name.size() == 1 &&
                    reading_.functions.find(token.name[0]) != std::string_view::npos));
    if (!unknown) return Kept(tree_.Variable(token.name));
    const Id argument = Grouped(')');
    return argument ? Kept(tree_.Apply(token.name, *argument)) : argument;
  }

  Id Exp() {
    const Id base = Kept(tree_.Constant(Op::kE));
    return base ? Binary(Op::kPower, base, Argument(false)) : base;
  }

  // sgn x is x/|x|.
  Id Signum() {
    const Id inside = Argument(false);
    after_number_ = false;
    return Binary(Op::kDivide, inside, Call(Function::kAbs, inside, inside));
  }

  // What a function applies to, where no bracket says it.
  Id Argument(bool one) {
    if (IsSign('(')) return Grouped(')');
    if (++depth_ > kDepthMax) return Fail("the functions go too deep");
    Id id = one ? Postfix() : Signed([this] { return Power(); });
    while (!one && id && BeginsOperand() && !IsKind(TokenKind::kFunction) &&
           !(IsSign('(') && !after_number_) && !(IsKind(TokenKind::kNumber))) {
      id = Binary(Op::kMultiply, id, Power());
    }
    --depth_;
    return id;
  }

  Id Function_(const Token& token) {
    if (token.function == Function::kRoot) return Root(token);
    if (token.function == Function::kSqrt) return Sqrt();
    if (token.function == Function::kLog) return Log();
    Function function = token.function;
    Id power;
    if (Eat('^')) {
      const bool inverse = (IsSign('-') && IsKind(TokenKind::kNumber, 1) && Peek(1)->text == "1") ||
                           (IsSign('(') && IsSign('-', 1) && Peek(2) != nullptr &&
                            Peek(2)->text == "1" && IsSign(')', 3));
      if (inverse && InverseOf(function)) {
        at_ += IsSign('-') ? 2 : 4;
        function = *InverseOf(function);
      } else {
        const size_t nodes = tree_.nodes().size();
        power = Signed([this] { return Postfix(); });
        if (!power || tree_.nodes().size() == nodes) return std::nullopt;
      }
    }
    const Id argument = Argument(false);
    const Id call = Call(function, argument, argument);
    after_number_ = false;
    return power ? Binary(Op::kPower, call, power) : call;
  }

  // sqrt(x), sqrt[3](x): plain.h writes the index of \sqrt[3]{x} in square brackets.
  Id Sqrt() {
    Id index;
    if (IsSign('[')) {
      index = Grouped(']');
      if (!index) return index;
    }
    const Id inside = Argument(true);
    after_number_ = false;
    return index ? Call(Function::kRoot, inside, index) : Call(Function::kSqrt, inside, inside);
  }

  // cbrt(x), root(x, n); root(x) is the square root.
  Id Root(const Token& token) {
    if (token.cube) {
      const Id inside = Argument(true);
      return Call(Function::kRoot, inside, inside ? Number("3") : inside);
    }
    if (!Eat('(')) return Fail("a root needs its brackets");
    const Id inside = Sum();
    if (!inside) return inside;
    Id index;
    if (Eat(',')) {
      index = Sum();
      if (!index) return index;
    }
    if (!Eat(')')) return Fail("look at the brackets");
    if (!index && IsSign('(') && !Peek()->space) {  // root(3)(x) is the cube root.
      const Id of = Grouped(')');
      after_number_ = false;
      return Call(Function::kRoot, of, inside);
    }
    after_number_ = false;
    return index ? Call(Function::kRoot, inside, index) : Call(Function::kSqrt, inside, inside);
  }

  // log x, log_2 x, log_(b)(x), log2(x).
  Id Log() {
    Id base;
    if (Eat('_')) {
      base = IsSign('(') ? Grouped(')') : Atom();
    } else if (IsKind(TokenKind::kNumber) && !Peek()->space && IsSign('(', 1)) {
      base = Number(Peek()->text);
      ++at_;
    } else if (!reading_.natural) {
      base = Number("10");
    } else {
      base = Kept(tree_.Constant(Op::kE));
    }
    if (!base) return base;
    Id power;
    if (Eat('^')) {
      power = Signed([this] { return Postfix(); });
      if (!power) return power;
      if (Eat('_')) {
        base = IsSign('(') ? Grouped(')') : Atom();
        if (!base) return base;
      }
    }
    const Id argument = Argument(false);
    after_number_ = false;
    const Id call = Call(Function::kLog, argument, base);
    return power ? Binary(Op::kPower, call, power) : call;
  }

  Id Number(std::string_view text) {
    Literal literal;
    Small small;
    if (const std::string why = ReadLiteral(text, &literal, &small); !why.empty()) return Fail(why);
    return Kept(tree_.Number(std::move(literal), small));
  }

  const Reading& reading_;
  Tree& tree_;
  Tokens tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  int bars_ = 0;               // 1: inside of |, where the next | closes.
  bool after_number_ = false;  // The last atom was a number: another one needs a sign between.
  bool plus_minus_ = false;
  std::string error_;
};

}  // namespace

Parsed Parse(std::string_view plain, const Reading& reading) {
  Parsed parsed;
  Tree tree;
  Parser parser(reading, &tree);
  const Id root = plain.size() > kAnswerBytesMax ? std::nullopt : parser.Whole(plain);
  if (!root) {
    parsed.error = parser.error().empty() ? "this is not an expression" : parser.error();
    return parsed;
  }
  tree.set_root(*root);
  parsed.plus_minus = parser.plus_minus();
  parsed.tree = std::move(tree);
  return parsed;
}

Parsed ParseDifference(std::string_view left, std::string_view right, const Reading& reading) {
  Parsed parsed;
  Tree tree;
  Parser parser(reading, &tree);
  const bool long_one = left.size() + right.size() > kAnswerBytesMax;
  const Id a = long_one ? std::nullopt : parser.Whole(left);
  const Id b = a ? parser.Whole(right) : std::nullopt;
  const Id root = b ? tree.Binary(Op::kSubtract, *a, *b) : std::nullopt;
  if (!root) {
    parsed.error = parser.error().empty() ? "this is not an equation" : parser.error();
    return parsed;
  }
  tree.set_root(*root);
  parsed.plus_minus = parser.plus_minus();
  parsed.tree = std::move(tree);
  return parsed;
}

}  // namespace lyceum::grading
