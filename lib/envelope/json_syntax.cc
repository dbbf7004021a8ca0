#include "envelope/json_syntax.h"

#include <string>

#include "base/token.h"

namespace lyceum::envelope {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Recursive descent. Every step is false at the first fault, which `what_` and `pos_` then name.
class Checker {
 public:
  Checker(std::string_view text, JsonRoot* root) : text_(text), root_(root) {}

  Result<void> Check() {
    Space();
    if (!Next('{')) return Wrong();
    if (!Value(0)) return Wrong();
    Space();
    if (pos_ != text_.size() && !Expect("the end")) return Wrong();
    return {};
  }

 private:
  bool Expect(const char* what) {
    what_ = what;
    return false;
  }
  Error Wrong() const {
    return Reject("not valid JSON at byte " + std::to_string(pos_) + ": expected " + what_);
  }
  char Peek() const { return pos_ < text_.size() ? text_[pos_] : '\0'; }
  bool Next(char c) const { return Peek() == c && c != '\0'; }
  bool Accept(char c) {
    if (!Next(c)) return false;
    ++pos_;
    return true;
  }
  void Space() {
    while (Next(' ') || Next('\t') || Next('\n') || Next('\r')) ++pos_;
  }

  bool Value(int depth) {
    switch (Peek()) {
      case '{':
        return depth < kNestingMax ? Object(depth) : Expect("no deeper nesting than 32");
      case '[':
        return depth < kNestingMax ? Array(depth) : Expect("no deeper nesting than 32");
      case '"':
        return String();
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      default:
        return Number();
    }
  }

  bool Object(int depth) {
    ++pos_;
    Space();
    if (Accept('}')) return true;
    while (true) {
      Space();
      if (!Next('"')) return Expect("a name in double quotes");
      const size_t name = pos_;
      if (!String()) return false;
      const size_t name_end = pos_;
      Space();
      if (!Accept(':')) return Expect("':'");
      Space();
      const size_t value = pos_;
      if (!Value(depth + 1)) return false;
      if (depth == 0 && root_ != nullptr) {
        Note(text_.substr(name, name_end - name), text_.substr(value, pos_ - value));
      }
      Space();
      if (Accept('}')) return true;
      if (!Accept(',')) return Expect("',' or '}'");
    }
  }

  void Note(std::string_view name, std::string_view value) {
    if (name == "\"id\"") root_->id = value;
    if (name == "\"client\"") root_->client = value;
  }

  bool Array(int depth) {
    ++pos_;
    Space();
    if (Accept(']')) return true;
    while (true) {
      Space();
      if (!Value(depth + 1)) return false;
      Space();
      if (Accept(']')) return true;
      if (!Accept(',')) return Expect("',' or ']'");
    }
  }

  bool String() {
    ++pos_;
    while (pos_ < text_.size()) {
      const unsigned char c = text_[pos_];
      if (c < 0x20) return Expect("control characters in a string to be escaped");
      ++pos_;
      if (c == '"') return true;
      if (c == '\\' && !Escape()) return false;
    }
    return Expect("'\"' at the end of a string");
  }

  bool Escape() {
    const char c = Peek();
    if (c == 'u') {
      ++pos_;
      return Unicode();
    }
    if (c == '\0' || std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) {
      return Expect("a JSON escape after '\\'");
    }
    ++pos_;
    return true;
  }

  bool Unicode() {
    uint32_t unit = 0;
    if (!Hex4(&unit)) return false;
    if (unit < 0xD800 || unit > 0xDFFF) return true;
    if (unit > 0xDBFF || !Accept('\\') || !Accept('u'))
      return Expect("a whole pair of \\u surrogates");
    if (!Hex4(&unit)) return false;
    return (unit >= 0xDC00 && unit <= 0xDFFF) || Expect("a whole pair of \\u surrogates");
  }

  bool Hex4(uint32_t* unit) {
    *unit = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = Peek();
      const int digit = IsDigit(c)             ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return Expect("four hexadecimal digits after \\u");
      *unit = *unit << 4 | static_cast<uint32_t>(digit);
      ++pos_;
    }
    return true;
  }

  bool Word(std::string_view word) {
    if (text_.substr(pos_, word.size()) != word) return Expect("a value");
    pos_ += word.size();
    return true;
  }

  bool Digits() {
    if (!IsDigit(Peek())) return Expect("a digit");
    while (IsDigit(Peek())) ++pos_;
    return true;
  }

  bool Number() {
    if (Peek() != '-' && !IsDigit(Peek())) return Expect("a value");
    Accept('-');
    if (!Accept('0') && !Digits()) return false;
    if (Accept('.') && !Digits()) return false;
    if (Accept('e') || Accept('E')) {
      if (!Accept('+')) Accept('-');
      return Digits();
    }
    return true;
  }

  const std::string_view text_;
  JsonRoot* const root_;
  size_t pos_ = 0;
  const char* what_ = "an object";
};

}  // namespace

Result<void> CheckJson(std::string_view text, JsonRoot* root) {
  if (root != nullptr) *root = {};
  if (!IsUtf8(text)) return Reject("not valid JSON: the text is not UTF-8");
  auto checked = Checker(text, root).Check();
  if (!checked && root != nullptr) *root = {};
  return checked;
}

}  // namespace lyceum::envelope
