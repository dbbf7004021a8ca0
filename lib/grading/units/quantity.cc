#include "grading/units/quantity.h"

#include <algorithm>
#include <cstdlib>

#include "grading/notation/letters.h"
#include "grading/notation/plain.h"
#include "grading/units/unit.h"

namespace lyceum::grading {
namespace {

struct Literal {
  Rational value;
  bool integer = false;
  int decimals = 0;
  int significant = 0;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::optional<Quantity> Parse(std::string* why) {
    auto quantity = Value();
    if (!quantity && why != nullptr) *why = why_.empty() ? "this is not a single number" : why_;
    return quantity;
  }

 private:
  std::optional<Quantity> Value() {
    Quantity quantity;
    Variable(&quantity);
    Unwrap();
    bool negative = false;
    SignAndCurrency(&quantity, &negative);
    text_ = text_.substr(at_);
    at_ = 0;
    Unwrap();
    if (!Number(&quantity)) return std::nullopt;
    if (negative) quantity.value = -quantity.value;
    Spaces();
    if (Eat('%') || EatWord("percent") || EatWord("per cent")) {
      quantity.percent = true;
      quantity.value = quantity.value * Rational::Fraction(1, 100);
    }
    if (!Rest(&quantity)) return std::nullopt;
    return quantity;
  }

  // "x =", "P(L) =".
  void Variable(Quantity* quantity) {
    const size_t equals = text_.find('=');
    if (equals == std::string_view::npos || equals > 24) return;
    const std::string_view left = Trimmed(text_.substr(0, equals));
    if (!IsVariable(left)) return;
    quantity->variable = std::string(left);
    text_ = text_.substr(equals + 1);
  }

  void Unwrap() {
    for (int i = 0; i < 4; ++i) {
      text_ = Trimmed(text_);
      if (text_.empty() || text_.front() != '(' || Closing(text_, 0) != text_.size() - 1) return;
      text_ = text_.substr(1, text_.size() - 2);
    }
  }

  void SignAndCurrency(Quantity* quantity, bool* negative) {
    bool sign = false;
    for (int i = 0; i < 2; ++i) {
      Spaces();
      if (!sign && (Peek() == '-' || Peek() == '+') && Peek(1) != '-') {
        *negative = Peek() == '-';
        sign = true;
        ++at_;
      }
      Spaces();
      for (const std::string_view money : {"$", "€", "£", "¥", "USD ", "EUR ", "GBP "}) {
        if (quantity->unit.empty() && text_.substr(at_, money.size()) == money) {
          quantity->unit = std::string(Trimmed(money));
          at_ += money.size();
        }
      }
    }
  }

  // Decimal, fraction or mixed number.
  bool Number(Quantity* quantity) {
    Spaces();
    auto first = Operand();
    if (!first) return false;
    const size_t after = at_;
    Spaces();
    if (Eat('/')) {
      const auto bottom = SignedOperand();
      if (!bottom) return Unread(after, *first, quantity);
      return Divide(*first, *bottom, &quantity->value);
    }
    if (first->integer && (IsDigit(Peek()) || Peek() == kFracOpen)) {
      const auto top = Operand();
      Spaces();
      if (!top || !Eat('/')) return Fail("");
      const auto bottom = Operand();
      Rational part;
      if (!bottom || !top->integer || !bottom->integer) return Fail("");
      if (!Divide(*top, *bottom, &part)) return false;
      quantity->value = first->value + part;
      return true;
    }
    at_ = after;
    quantity->value = first->value;
    quantity->decimals = first->decimals;
    quantity->significant = first->significant;
    return true;
  }

  // "3/week" is not a fraction but 3 with the unit that follows.
  bool Unread(size_t after, const Literal& first, Quantity* quantity) {
    at_ = after;
    Spaces();
    if (Peek() != '/' || !IsAlpha(Peek(1))) return Fail("");
    quantity->value = first.value;
    return true;
  }

  bool Divide(const Literal& top, const Literal& bottom, Rational* value) {
    if (bottom.value.zero()) return Fail("a fraction can not have 0 below the line");
    *value = top.value * bottom.value.Inverse();
    return true;
  }

  std::optional<Literal> SignedOperand() {
    Spaces();
    const bool minus = Eat('-');
    auto operand = Operand();
    if (operand && minus) operand->value = -operand->value;
    return operand;
  }

  // A literal, or one in brackets of which only it may have a sign.
  std::optional<Literal> Operand() {
    Spaces();
    const char open = Peek();
    if (open != '(' && open != kFracOpen) return Decimal();
    const char close = open == '(' ? ')' : kFracClose;
    ++at_;
    auto inside = depth_++ < 4 ? SignedOperand() : std::nullopt;
    --depth_;
    Spaces();
    if (!inside || !Eat(close)) return std::nullopt;
    return inside;
  }

  std::optional<Literal> Decimal() {
    std::string digits;
    if (!Digits(&digits)) return std::nullopt;
    Literal literal;
    bool point = false;
    if (Peek() == '.' && (IsDigit(Peek(1)) || !digits.empty())) {
      point = true;
      ++at_;
      while (IsDigit(Peek())) {
        digits.push_back(text_[at_++]);
        ++literal.decimals;
      }
    }
    if (digits.empty()) return std::nullopt;
    if (digits.size() > kDigitsMax) return Refuse("this has too many digits");
    const size_t leading = digits.find_first_not_of('0');
    literal.significant =
        leading == std::string::npos ? 0 : static_cast<int>(digits.size() - leading);
    int exponent = 0;
    const bool scientific = Exponent(&exponent);
    if (exponent > kExponentMax || exponent < -kExponentMax) {
      return Refuse("the exponent is too large");
    }
    literal.integer = !point && !scientific;
    literal.value = Rational::Decimal(digits, exponent - literal.decimals);
    literal.decimals -= exponent;
    return literal;
  }

  // With thousands separators: 1,234,567 or 1 234 567. A comma anywhere else is refused.
  bool Digits(std::string* digits) {
    while (IsDigit(Peek())) digits->push_back(text_[at_++]);
    if (digits->empty() || digits->size() > 3) return Peek() != ',' || !IsDigit(Peek(1));
    const char separator = Peek();
    if (separator != ',' && separator != ' ') return true;
    size_t at = at_;
    std::string more;
    while (at < text_.size() && text_[at] == separator && Three(at + 1)) {
      more += text_.substr(at + 1, 3);
      at += 4;
    }
    if (separator == ' ' && Slash(at)) return true;  // 1 100/200 is a mixed number.
    digits->append(more);
    at_ = at;
    if (Peek() == ',' && IsDigit(Peek(1))) return Fail("write decimals with a point");
    return true;
  }

  bool Three(size_t at) const {
    if (at + 3 > text_.size()) return false;
    for (size_t i = at; i < at + 3; ++i) {
      if (!IsDigit(text_[i])) return false;
    }
    return at + 3 == text_.size() || !IsDigit(text_[at + 3]);
  }

  bool Slash(size_t at) const {
    while (at < text_.size() && text_[at] == ' ') ++at;
    return at < text_.size() && text_[at] == '/';
  }

  // e3, x 10^3, *10^(-3). False, with nothing read, where there is none.
  bool Exponent(int* exponent) {
    const size_t start = at_;
    if ((Peek() == 'e' || Peek() == 'E') && Power(at_ + 1, exponent)) return true;
    at_ = start;
    Spaces();
    if (Peek() == '*' || Peek() == 'x' || Peek() == 'X') {
      ++at_;
      Spaces();
      if (text_.substr(at_, 2) == "10") {
        at_ += 2;
        Spaces();
        if (Peek() == '^' && Power(at_ + 1, exponent)) return true;
      }
    }
    at_ = start;
    return false;
  }

  bool Power(size_t at, int* exponent) {
    at_ = at;
    Spaces();
    const bool wrapped = Eat('(');
    const bool minus = Eat('-');
    if (!minus) Eat('+');
    int value = 0;
    int count = 0;
    for (; IsDigit(Peek()); ++at_, ++count) {
      if (value <= kExponentMax) value = value * 10 + (text_[at_] - '0');
    }
    if (count == 0 || (wrapped && !Eat(')'))) return false;
    *exponent = minus ? -value : value;
    return true;
  }

  // What follows the number must be a unit that is known, or the full stop of a sentence.
  bool Rest(Quantity* quantity) {
    std::string_view rest = Trimmed(text_.substr(at_));
    if (rest == ".") return at_ == 0 || text_[at_ - 1] != '.';  // "7.." may leave something out.
    if (rest.size() > 1 && rest.back() == '.') rest.remove_suffix(1);
    if (rest.substr(0, 1) == "^" && rest.size() > 1 && !IsDigit(rest[1])) rest.remove_prefix(1);
    if (rest.empty()) return true;
    if (!quantity->unit.empty() || quantity->percent) return Fail("");
    const std::string unit(rest);
    if (!ParseUnit(unit)) return Fail("what follows the number is not a unit that is known here");
    quantity->unit = unit;
    return true;
  }

  void Spaces() {
    while (Peek() == ' ') ++at_;
  }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool Eat(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  bool EatWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  bool Fail(std::string_view why) {
    if (why_.empty()) why_ = std::string(why);
    return false;
  }
  std::optional<Literal> Refuse(std::string_view why) {
    Fail(why);
    return std::nullopt;
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
  std::string why_;
};

class Sum {
 public:
  Sum(std::string_view text, int* steps) : text_(text), steps_(steps) {}

  std::optional<Rational> Value() {
    auto value = Terms(0);
    return at_ == text_.size() ? value : std::nullopt;
  }

 private:
  static constexpr int kDepthMax = 8;
  static constexpr size_t kLiteralBytesMax = 20;
  static constexpr int kPowerMax = 64;  // Of another base than ten.

  std::optional<Rational> Terms(int depth) {
    const bool minus = Eat('-');
    auto value = Factors(depth);
    if (value && minus) value = -*value;
    while (value && (Peek() == '+' || Peek() == '-')) {
      const bool subtract = text_[at_++] == '-';
      const auto next = Step() ? Factors(depth) : std::nullopt;
      if (!next) return std::nullopt;
      value = subtract ? *value - *next : *value + *next;
    }
    return value;
  }

  std::optional<Rational> Factors(int depth) {
    auto value = Factor(depth);
    while (value && (Peek() == '*' || Peek() == '/')) {
      const bool divide = text_[at_++] == '/';
      const auto next = Step() ? Factor(depth) : std::nullopt;
      if (!next || (divide && next->zero())) return std::nullopt;
      value = *value * (divide ? next->Inverse() : *next);
    }
    return value;
  }

  std::optional<Rational> Factor(int depth) {
    if (Peek() == '(') return Group(')', depth);
    if (Peek() != kFracOpen) return Power();
    const auto top = Group(kFracClose, depth);
    if (!top || !Eat('/') || Peek() != kFracOpen) return std::nullopt;
    const auto bottom = Group(kFracClose, depth);
    if (!bottom || bottom->zero()) return std::nullopt;
    return *top * bottom->Inverse();
  }

  std::optional<Rational> Group(char close, int depth) {
    if (depth >= kDepthMax) return std::nullopt;
    ++at_;
    auto value = Terms(depth + 1);
    return value && Eat(close) ? value : std::nullopt;
  }

  // A literal, or one with a whole exponent.
  std::optional<Rational> Power() {
    const size_t begin = at_;
    while (at_ < text_.size() && (IsDigit(text_[at_]) || text_[at_] == '.')) ++at_;
    const std::string_view digits = text_.substr(begin, at_ - begin);
    const auto base = digits.size() <= kLiteralBytesMax ? ParsePlainQuantity(digits) : std::nullopt;
    if (!base || digits.back() == '.') return std::nullopt;
    if (!Eat('^')) return base->value;
    const auto exponent = Step() ? Exponent() : std::nullopt;
    if (!exponent || Peek() == '^') return std::nullopt;
    if (digits == "10") return Rational::Decimal("1", *exponent);
    if (std::abs(*exponent) > kPowerMax || (*exponent < 1 && base->value.zero())) {
      return std::nullopt;
    }
    Rational value = Rational::Of(1);
    for (int i = 0; i < std::abs(*exponent); ++i) value = value * base->value;
    return *exponent < 0 ? value.Inverse() : value;
  }

  std::optional<int> Exponent() {
    const bool wrapped = Eat('(');
    const bool minus = Eat('-');
    int value = 0;
    int count = 0;
    for (; IsDigit(Peek()); ++at_, ++count) {
      if (value <= kExponentMax) value = value * 10 + (text_[at_] - '0');
    }
    if (count == 0 || (wrapped && !Eat(')')) || value > kExponentMax) return std::nullopt;
    return minus ? -value : value;
  }

  // The next that is no space. Spaces within a number end it, so that "1 2" does not read as 12.
  char Peek() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Eat(char c) {
    if (Peek() != c) return false;
    ++at_;
    Peek();
    return true;
  }
  bool Step() {
    Peek();
    return --*steps_ >= 0;
  }

  std::string_view text_;
  size_t at_ = 0;
  int* steps_;
};

}  // namespace

bool IsVariable(std::string_view name) {
  constexpr std::string_view kGreek =
      " alpha beta gamma delta epsilon theta lambda mu nu rho sigma tau phi omega ";
  if (name.empty() || !IsAlpha(name.front())) return false;
  if (name.size() == 1) return true;
  if (name.find(' ') == std::string_view::npos &&
      kGreek.find(" " + std::string(name) + " ") != std::string_view::npos) {
    return true;
  }
  const bool index = name[1] == '_' && name.size() > 2;
  const bool function = name[1] == '(' && name.size() > 3 && name.back() == ')' &&
                        std::string_view("fghFGHPEC").find(name[0]) != std::string_view::npos;
  if (!index && !function) return false;
  const bool wrapped = function || (name[2] == '(' && name.size() > 4 && name.back() == ')');
  const size_t begin = function ? 2 : (wrapped ? 3 : 2);
  for (const char c : name.substr(begin, name.size() - begin - (wrapped ? 1 : 0))) {
    if (!IsAlpha(c) && !IsDigit(c) && !(function && (c == ' ' || c == ','))) return false;
  }
  return true;
}

std::optional<Rational> SumOf(std::string_view plain, int* steps) {
  return Sum(plain, steps).Value();
}

bool NothingIsLost(std::string_view text) {
  if (text.find("~=") != std::string_view::npos || text.find("=~") != std::string_view::npos) {
    return false;
  }
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth < 0) {
      return false;
    }
  }
  return depth == 0;
}

std::optional<Quantity> ParsePlainQuantity(std::string_view plain, std::string* why) {
  if (plain.size() > kAnswerBytesMax) {
    if (why != nullptr) *why = "this is too long";
    return std::nullopt;
  }
  return Parser(Trimmed(plain)).Parse(why);
}

std::optional<Quantity> ParseQuantity(std::string_view text, std::string* why) {
  if (text.size() > kAnswerBytesMax) {
    if (why != nullptr) *why = "this is too long";
    return std::nullopt;
  }
  if (!NothingIsLost(text)) {
    if (why != nullptr) *why = "this has a mark too many";
    return std::nullopt;
  }
  return ParsePlainQuantity(Plain(text), why);
}

}  // namespace lyceum::grading
