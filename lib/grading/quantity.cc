#include "grading/quantity.h"

#include <cctype>

#include "grading/plain.h"
#include "grading/unit.h"

namespace lyceum::grading {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlpha(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

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
    if (Eat('%') || EatWord("percent")) {
      quantity.percent = true;
      quantity.value = quantity.value * Rational::Fraction(1, 100);
    }
    if (!Rest(&quantity)) return std::nullopt;
    return quantity;
  }

  // "x =", "P(L) =": letters first, no second equals sign.
  void Variable(Quantity* quantity) {
    const size_t equals = text_.find('=');
    if (equals == std::string_view::npos || equals > 24) return;
    const std::string_view left = Trimmed(text_.substr(0, equals));
    if (left.empty() || !IsAlpha(left.front())) return;
    for (const char c : left) {
      if (!IsAlpha(c) && !IsDigit(c) && c != '_' && c != '(' && c != ')' && c != ' ') return;
    }
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
      for (const std::string_view money : {"$", "€", "£", "¥"}) {
        if (quantity->unit.empty() && text_.substr(at_, money.size()) == money) {
          quantity->unit = std::string(money);
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
    if (rest == "." || rest == "!") return true;
    if (rest.size() > 1 && rest.back() == '.') rest.remove_suffix(1);
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

}  // namespace

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
  return ParsePlainQuantity(Plain(text), why);
}

}  // namespace lyceum::grading
