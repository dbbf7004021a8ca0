#include "envelope/json_syntax.h"

#include <string>

#include "base/token.h"

namespace lyceum::envelope {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Recursive descent. Every step is false at the first fault, which `what_` and `at_` then name.
class Checker {
 public:
  explicit Checker(std::string_view text) : text_(text) {}

  Result<void> Check() {
    Space();
    if (!Next('{')) return Wrong();
    if (!Value(0)) return Wrong();
    Space();
    if (at_ != text_.size() && !Expect("the end")) return Wrong();
    return {};
  }

 private:
  bool Expect(const char* what) {
    what_ = what;
    return false;
  }
  Error Wrong() const {
    return Reject("not valid JSON at byte " + std::to_string(at_) + ": expected " + what_);
  }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Next(char c) const { return Peek() == c && c != '\0'; }
  bool Take(char c) {
    if (!Next(c)) return false;
    ++at_;
    return true;
  }
  void Space() {
    while (Next(' ') || Next('\t') || Next('\n') || Next('\r')) ++at_;
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
    ++at_;
    Space();
    if (Take('}')) return true;
    while (true) {
      Space();
      if (!Next('"')) return Expect("a name in double quotes");
      if (!String()) return false;
      Space();
      if (!Take(':')) return Expect("':'");
      Space();
      if (!Value(depth + 1)) return false;
      Space();
      if (Take('}')) return true;
      if (!Take(',')) return Expect("',' or '}'");
    }
  }

  bool Array(int depth) {
    ++at_;
    Space();
    if (Take(']')) return true;
    while (true) {
      Space();
      if (!Value(depth + 1)) return false;
      Space();
      if (Take(']')) return true;
      if (!Take(',')) return Expect("',' or ']'");
    }
  }

  bool String() {
    ++at_;
    while (at_ < text_.size()) {
      const unsigned char c = text_[at_];
      if (c < 0x20) return Expect("control characters in a string to be escaped");
      ++at_;
      if (c == '"') return true;
      if (c == '\\' && !Escape()) return false;
    }
    return Expect("'\"' at the end of a string");
  }

  bool Escape() {
    const char c = Peek();
    if (c == 'u') {
      ++at_;
      return Unicode();
    }
    if (c == '\0' || std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) {
      return Expect("a JSON escape after '\\'");
    }
    ++at_;
    return true;
  }

  bool Unicode() {
    uint32_t unit = 0;
    if (!Hex4(&unit)) return false;
    if (unit < 0xD800 || unit > 0xDFFF) return true;
    if (unit > 0xDBFF || !Take('\\') || !Take('u')) return Expect("a whole pair of \\u surrogates");
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
      ++at_;
    }
    return true;
  }

  bool Word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return Expect("a value");
    at_ += word.size();
    return true;
  }

  bool Digits() {
    if (!IsDigit(Peek())) return Expect("a digit");
    while (IsDigit(Peek())) ++at_;
    return true;
  }

  bool Number() {
    if (Peek() != '-' && !IsDigit(Peek())) return Expect("a value");
    Take('-');
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      return Digits();
    }
    return true;
  }

  const std::string_view text_;
  size_t at_ = 0;
  const char* what_ = "an object";
};

}  // namespace

Result<void> CheckJson(std::string_view text) {
  if (!IsUtf8(text)) return Reject("not valid JSON: the text is not UTF-8");
  return Checker(text).Check();
}

}  // namespace lyceum::envelope
