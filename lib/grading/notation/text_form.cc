#include "grading/notation/text_form.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "grading/notation/letters.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

using std::string_view;

bool IsWide(char c) { return static_cast<unsigned char>(c) >= 0x80; }
bool IsLetter(char c) { return IsAlpha(c) || IsWide(c); }
bool IsAlnum(char c) { return IsLetter(c) || IsDigit(c); }

struct Range {
  uint32_t first, last;
  int step;  // Added to a capital; 1: capitals are the even ones; -1: the odd ones.
};
constexpr std::array kCapitals = {
    Range{0xC0, 0xD6, 32},    Range{0xD8, 0xDE, 32},   Range{0x100, 0x12F, 1},
    Range{0x132, 0x137, 1},   Range{0x139, 0x148, -1}, Range{0x14A, 0x177, 1},
    Range{0x179, 0x17E, -1},  Range{0x1CD, 0x1DC, -1}, Range{0x1DE, 0x1EF, 1},
    Range{0x1F8, 0x21F, 1},   Range{0x222, 0x233, 1},  Range{0x386, 0x386, 38},
    Range{0x388, 0x38A, 37},  Range{0x38C, 0x38C, 64}, Range{0x38E, 0x38F, 63},
    Range{0x391, 0x3A1, 32},  Range{0x3A3, 0x3AB, 32}, Range{0x400, 0x40F, 80},
    Range{0x410, 0x42F, 32},  Range{0x460, 0x481, 1},  Range{0x48A, 0x4BF, 1},
    Range{0x4C1, 0x4CE, -1},  Range{0x4D0, 0x52F, 1},  Range{0x531, 0x556, 48},
    Range{0x1E00, 0x1E95, 1}, Range{0x1EA0, 0x1EFF, 1}};

uint32_t Small(uint32_t c) {
  if (c >= 'A' && c <= 'Z') return c + 32;
  if (c < 0xC0) return c;
  if (c == 0x178) return 0xFF;
  if (c == 0x1E9E) return 0xDF;
  if (c == 0x3C2) return 0x3C3;  // The sigma at the end of a word.
  for (const Range& range : kCapitals) {
    if (c < range.first || c > range.last) continue;
    if (range.step > 1) return c + static_cast<uint32_t>(range.step);
    const bool capital = (c % 2 == 0) == (range.step == 1);
    return capital ? c + 1 : c;
  }
  return c;
}

// The letter at `at` as a code point and its length. Bytes that are no UTF-8 are themselves.
uint32_t Decode(string_view text, size_t at, size_t* length) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const uint32_t lead = byte(at);
  const size_t wanted = lead >= 0xE0 && lead < 0xF0 ? 3 : (lead >= 0xC2 && lead < 0xE0 ? 2 : 1);
  *length = 1;
  if (wanted == 1 || at + wanted > text.size()) return lead < 0x80 ? lead : 0xFFFF'0000U + lead;
  uint32_t c = wanted == 2 ? lead & 0x1F : lead & 0x0F;
  for (size_t i = 1; i < wanted; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0xFFFF'0000U + lead;
    c = (c << 6) | (byte(at + i) & 0x3F);
  }
  *length = wanted;
  return c;
}

void Encode(uint32_t c, std::string* out) {
  const auto add = [&](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c < 0x80 || c >= 0xFFFF'0000U) {
    add(c & 0xFF);
  } else if (c < 0x800) {
    add(0xC0 | (c >> 6));
    add(0x80 | (c & 0x3F));
  } else {
    add(0xE0 | (c >> 12));
    add(0x80 | ((c >> 6) & 0x3F));
    add(0x80 | (c & 0x3F));
  }
}

// Tags that only say how a text looks.
constexpr std::array<string_view, 15> kTags = {"b",    "i",   "u",    "em",    "strong",
                                               "p",    "br",  "br/",  "span",  "div",
                                               "code", "sub", "mark", "small", "sup"};

std::string WithoutTags(string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t close = text[i] == '<' ? text.substr(0, i + 64).find('>', i) : text.npos;
    if (close != text.npos) {
      string_view name = text.substr(i + 1, close - i - 1);
      const bool end = !name.empty() && name[0] == '/';
      if (end) name.remove_prefix(1);
      name = name.substr(0, name.find(' '));
      if (std::find(kTags.begin(), kTags.end(), name) != kTags.end()) {
        if (name == "sup" && !end) out += '^';
        if (name[0] == 'p' || name.substr(0, 2) == "br") out += ' ';
        i = close;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

// Emphasis around the whole of it, and the dollars of a formula: $x$-axis.
std::string Unmarked(string_view text) {
  text = Trimmed(text);
  for (int i = 0; i < 3; ++i) {
    for (const string_view mark : {"**", "__", "`"}) {
      if (text.size() > 2 * mark.size() && text.substr(0, mark.size()) == mark &&
          text.substr(text.size() - mark.size()) == mark) {
        text = Trimmed(text.substr(mark.size(), text.size() - 2 * mark.size()));
      }
    }
  }
  return std::string(text);
}

constexpr string_view kSigns = "=+*/^<>,;:()[]{}|-&~!";
bool IsSign(char c) { return kSigns.find(c) != string_view::npos; }

class Former {
 public:
  explicit Former(string_view text) : text_(text), closings_(Closings(text)) { prose_ = Prose(); }

  std::string Run() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (IsAlnum(c)) {
        out_ += c;
      } else if (c == ' ' || !Means(c)) {
        Space();
      }
    }
    return Tight();
  }

 private:
  // Only words of two letters and more, and no sign of mathematics: brackets are punctuation.
  bool Prose() const {
    size_t run = 0;
    for (size_t i = 0; i <= text_.size(); ++i) {
      const char c = i < text_.size() ? text_[i] : ' ';
      if (IsDigit(c) || string_view("=+*/^<>|[]{}#_\x01").find(c) != string_view::npos) {
        return false;
      }
      if (!IsLetter(c) && run == 1 && c != '\'') return false;
      run = IsLetter(c) ? run + 1 : 0;
    }
    return true;
  }

  char At(size_t i) const { return i < text_.size() ? text_[i] : ' '; }
  char Before() const { return at_ > 0 ? text_[at_ - 1] : ' '; }
  char After() const { return At(at_ + 1); }
  // The letters right before and right behind, over spaces where `far`.
  size_t Left(bool far = false) const {
    size_t i = at_;
    while (far && i > 0 && text_[i - 1] == ' ') --i;
    size_t count = 0;
    while (i > count && IsLetter(text_[i - 1 - count])) ++count;
    return count;
  }
  size_t Right(bool far = false) const {
    size_t i = at_ + 1;
    while (far && At(i) == ' ' && i < text_.size()) ++i;
    size_t count = 0;
    while (i + count < text_.size() && IsLetter(text_[i + count])) ++count;
    return count;
  }
  bool Last() const { return Trimmed(text_.substr(at_ + 1)).empty(); }

  void Space() {
    if (!out_.empty() && out_.back() != ' ') out_ += ' ';
  }
  bool Keep() {
    out_ += text_[at_];
    return true;
  }
  static constexpr bool kNothing = true;  // Dropped, and no space is left.

  bool Thousands() const {
    size_t before = 0;
    while (before < at_ && IsDigit(text_[at_ - 1 - before])) ++before;
    size_t after = 0;
    while (IsDigit(At(at_ + 1 + after))) ++after;
    return before >= 1 && before <= 3 && after == 3 && text_[at_ - before] != '0';
  }

  // True: dealt with; false: it is a space.
  bool Means(char c) {
    switch (c) {
      case '.':
        return IsDigit(After()) || (IsAlnum(Before()) && IsAlnum(After())) ? Keep() : Last();
      case ',':
        if (IsDigit(Before()) && IsDigit(After())) return Thousands() ? kNothing : Keep();
        return Left(true) < 2 && Right(true) < 2 && !Last() && !out_.empty() ? Keep() : false;
      case ';':
      case ':':
        return Left(true) < 2 && Right(true) < 2 && !Last() ? Keep() : false;
      case '!':
        return IsDigit(Before()) || Before() == ')' || Left() == 1 ? Keep()
                                                                   : After() == '=' && Keep();
      case '?':
        return Last() ? false : Keep();
      case '\'':
        if (Left() >= 2 || (Left() == 1 && Right() > 0)) return kNothing;
        return Left() == 1 || Before() == ')' || IsDigit(Before()) || Before() == '\'' ? Keep()
                                                                                       : false;
      case '"':
        return IsDigit(Before()) || kSigns.find(Before()) != kSigns.npos ||
                       kSigns.find(After()) != kSigns.npos
                   ? Keep()
                   : false;
      case '-':
        return Minus();
      case '(':
      case ')':
        return prose_ ? false : Keep();
      case '_':
        return Index();
      case '^':
        return Charge();
      case '`':
        return false;
      case kFracOpen:
      case kFracClose:
        return Fraction(c);
      default:
        return Keep();
    }
  }

  // A hyphen joins words; a dash stands between them.
  bool Minus() {
    const bool open = out_.empty() || (IsSign(out_.back()) && out_.back() != ')');
    if (open) return Last() ? false : Keep();
    if (Last()) return IsAlnum(Before()) ? Keep() : false;
    if (Before() == ' ' && After() != ' ' && Right() < 2) return Keep();
    return Left(true) < 2 && Right(true) < 2 ? Keep() : false;
  }

  // H_(2)O and H_2O are H2O.
  bool Index() {
    if (IsDigit(After()) && IsLetter(Before())) return kNothing;
    const size_t close = After() == '(' ? text_.find(')', at_) : text_.npos;
    if (close == text_.npos || !IsLetter(Before())) return Keep();
    const string_view inside = text_.substr(at_ + 2, close - at_ - 2);
    if (inside.empty() || !std::all_of(inside.begin(), inside.end(), IsAlnum)) return Keep();
    out_ += inside;
    at_ = close;
    return true;
  }

  // Ca^2+ and Ca^(2+) are Ca2+.
  bool Charge() {
    const bool wrapped = After() == '(';
    size_t end = at_ + (wrapped ? 2 : 1);
    const size_t begin = end;
    while (IsDigit(At(end))) ++end;
    const bool sign = At(end) == '+' || At(end) == '-';
    const char next = At(end + (wrapped ? 2 : 1));
    if (!sign || out_.empty() || !IsAlnum(out_.back()) || (wrapped && At(end + 1) != ')') ||
        next != ' ') {
      return Keep();
    }
    out_ += text_.substr(begin, end + 1 - begin);
    at_ = end + (wrapped ? 1 : 0);
    return true;
  }

  // One token above or below the line needs no brackets.
  bool Fraction(char c) {
    if (c == kFracClose) {
      if (!bare_.empty()) {
        if (!bare_.back()) out_ += ')';
        bare_.pop_back();
      }
      return true;
    }
    const size_t close = closings_[at_];
    const string_view inside =
        close == text_.npos ? string_view() : Trimmed(text_.substr(at_ + 1, close - at_ - 1));
    constexpr size_t kTokenMax = 64;
    const bool bare =
        inside.size() <= kTokenMax &&
        std::all_of(inside.begin(), inside.end(), [](char x) { return IsAlnum(x) || x == '.'; });
    if (bare_.size() > static_cast<size_t>(kPlainDepthMax)) return true;
    bare_.push_back(bare);
    if (!bare) out_ += '(';
    return true;
  }

  // No space beside a sign, and none between a number and what it counts.
  std::string Tight() const {
    std::string tight;
    for (size_t i = 0; i < out_.size(); ++i) {
      if (out_[i] != ' ') {
        tight += out_[i];
        continue;
      }
      const char before = tight.empty() ? '=' : tight.back();
      const char after = i + 1 < out_.size() ? out_[i + 1] : '=';
      const bool unit = (IsDigit(before) && IsLetter(after)) || after == '%' || before == '$';
      if (!IsSign(before) && !IsSign(after) && !unit) tight += ' ';
    }
    return tight;
  }

  string_view text_;
  std::vector<size_t> closings_;
  size_t at_ = 0;
  bool prose_ = false;
  std::vector<bool> bare_;
  std::string out_;
};

std::vector<string_view> RunsOf(string_view text) {
  std::vector<string_view> runs;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && IsLetter(text[end])) ++end;
    if (end > i) runs.push_back(text.substr(i, end - i));
    i = std::max(end, i + 1);
  }
  return runs;
}

struct Run {
  size_t letters = 0;
  size_t capitals = 0;
  bool first = false;   // The first letter is one.
  bool doubled = true;  // aa, AaBb: genes.

  explicit Run(string_view text) {
    uint32_t last = 0;
    for (size_t i = 0, length = 1; i < text.size(); i += length) {
      const uint32_t c = Decode(text, i, &length);
      const uint32_t small = Small(c);
      if (small != c) {
        ++capitals;
        first = first || letters == 0;
      }
      if (letters % 2 == 1) doubled = doubled && small == last;
      last = small;
      ++letters;
    }
    doubled = doubled && letters % 2 == 0;
  }
  bool Mixed() const { return capitals > 0 && capitals < letters && !(capitals == 1 && first); }
};

constexpr string_view kShortWords =
    " no on up to go it is in at of or by us we he me be do so if as an am my ok la le el il un et "
    "ja si ";

bool SameCaseOfRun(string_view key, string_view answer, bool phrase, bool formal) {
  if (key == answer) return true;
  const Run k(key);
  const Run a(answer);
  if (k.letters == 1) return phrase && !formal;
  if (k.doubled) return false;
  if (k.letters == 2) {
    const bool word = kShortWords.find(" " + Folded(key) + " ") != string_view::npos;
    return !formal && (phrase || word);
  }
  return !k.Mixed() && (!a.Mixed() || k.letters > 4);
}

}  // namespace

std::string Folded(string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0, length = 1; i < text.size(); i += length) {
    const uint32_t c = Small(Decode(text, i, &length));
    c == 0xDF ? void(out += "ss") : Encode(c, &out);
  }
  return out;
}

std::string TextForm(string_view given) {
  const std::string plain = Plain(WithoutTags(Unmarked(given)));
  return Former(plain).Run();
}

bool SameCase(string_view key, string_view answer) {
  if (key == answer) return true;
  const std::vector<string_view> keys = RunsOf(key);
  const std::vector<string_view> answers = RunsOf(answer);
  if (keys.size() != answers.size()) return false;
  const bool phrase =
      std::any_of(keys.begin(), keys.end(), [](string_view run) { return run.size() > 3; });
  bool formal = key.find_first_of("=+*/^<>()[]|'#") != string_view::npos;
  for (size_t i = 0; i + 1 < key.size() && !formal; ++i) {
    formal = IsLetter(key[i]) && IsDigit(key[i + 1]);
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!SameCaseOfRun(keys[i], answers[i], phrase, formal)) return false;
  }
  return true;
}

}  // namespace lyceum::grading
