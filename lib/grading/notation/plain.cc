#include "grading/notation/plain.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <utility>

#include "grading/notation/letters.h"

namespace lyceum::grading {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::array kSymbols = {
    Pair{"−", "-"},
    Pair{"–", "-"},
    Pair{"—", "-"},
    Pair{"‐", "-"},
    Pair{"‑", "-"},
    Pair{"‒", "-"},
    Pair{"﹣", "-"},
    Pair{"－", "-"},
    Pair{"＋", "+"},
    Pair{"×", "*"},
    Pair{"✕", "*"},
    Pair{"·", "*"},
    Pair{"⋅", "*"},
    Pair{"∙", "*"},
    Pair{"•", "*"},
    Pair{"÷", "/"},
    Pair{"∕", "/"},
    Pair{"⁄", "/"},
    Pair{"≤", "<="},
    Pair{"⩽", "<="},
    Pair{"≥", ">="},
    Pair{"⩾", ">="},
    Pair{"≠", "!="},

    Pair{"∞", "inf"},
    Pair{"∪", " U "},
    Pair{"√", "sqrt"},
    Pair{"∛", "cbrt"},
    Pair{"π", "pi"},
    Pair{"\u2126", "Ω"},
    Pair{"∈", " in "},
    Pair{"ℝ", "R"},
    Pair{"∧", " and "},
    Pair{"∨", " or "},
    Pair{"′", "'"},
    Pair{"＝", "="},
    Pair{"％", "%"},
    Pair{"½",
         " \x01"
         "1\x02/\x01"
         "2\x02"},
    Pair{"⅓",
         " \x01"
         "1\x02/\x01"
         "3\x02"},
    Pair{"⅔",
         " \x01"
         "2\x02/\x01"
         "3\x02"},
    Pair{"¼",
         " \x01"
         "1\x02/\x01"
         "4\x02"},
    Pair{"¾",
         " \x01"
         "3\x02/\x01"
         "4\x02"},
    Pair{"⅕",
         " \x01"
         "1\x02/\x01"
         "5\x02"},
    Pair{"⅖",
         " \x01"
         "2\x02/\x01"
         "5\x02"},
    Pair{"⅗",
         " \x01"
         "3\x02/\x01"
         "5\x02"},
    Pair{"⅘",
         " \x01"
         "4\x02/\x01"
         "5\x02"},
    Pair{"⅙",
         " \x01"
         "1\x02/\x01"
         "6\x02"},
    Pair{"⅛",
         " \x01"
         "1\x02/\x01"
         "8\x02"},
    Pair{"⅜",
         " \x01"
         "3\x02/\x01"
         "8\x02"},
    Pair{"⅝",
         " \x01"
         "5\x02/\x01"
         "8\x02"},
    Pair{"⅞",
         " \x01"
         "7\x02/\x01"
         "8\x02"},
    Pair{"\u00a0", " "},
    Pair{"\u2009", " "},
    Pair{"\u202f", " "},
    Pair{"\u2007", " "},
    Pair{"\u200b", ""},
    Pair{"\ufeff", ""},
    Pair{"’", "'"},
    Pair{"‘", "'"},
    Pair{"“", "\""},
    Pair{"”", "\""},
};

constexpr std::array kCommands = {
    Pair{"left", ""},        Pair{"right", ""},        Pair{"big", ""},
    Pair{"Big", ""},         Pair{"displaystyle", ""}, Pair{"times", "*"},
    Pair{"cdot", "*"},       Pair{"div", "/"},         Pair{"leq", "<="},
    Pair{"le", "<="},        Pair{"geq", ">="},        Pair{"ge", ">="},
    Pair{"lt", "<"},         Pair{"gt", ">"},          Pair{"neq", "!="},
    Pair{"ne", "!="},        Pair{"pm", "±"},          Pair{"mp", "∓"},
    Pair{"infty", "inf"},    Pair{"cup", " U "},       Pair{"quad", " "},
    Pair{"qquad", " "},      Pair{"circ", "°"},        Pair{"degree", "°"},
    Pair{"lbrace", "{"},     Pair{"rbrace", "}"},      Pair{"mathbb", ""},
    Pair{"leqslant", "<="},  Pair{"geqslant", ">="},   Pair{"lvert", "|"},
    Pair{"rvert", "|"},      Pair{"vert", "|"},        Pair{"mid", "|"},
    Pair{"in", " in "},      Pair{"lor", " or "},      Pair{"vee", " or "},
    Pair{"land", " and "},   Pair{"wedge", " and "},   Pair{"emptyset", "∅"},
    Pair{"varnothing", "∅"}, Pair{"ast", "*"},         Pair{"partial", "∂"},
    Pair{"lfloor", "⌊"},     Pair{"rfloor", "⌋"},      Pair{"prime", "'"},
    Pair{"bigl", ""},        Pair{"bigr", ""},         Pair{"Bigl", ""},
    Pair{"Bigr", ""},        Pair{"bigg", ""},         Pair{"Bigg", ""},
    Pair{"limits", ""},      Pair{"textstyle", ""},    Pair{"thinspace", " "},
    Pair{"space", " "},      Pair{"colon", ":"},       Pair{"hspace", " "},
    Pair{"ohm", "Ω"},        Pair{"euro", "€"},        Pair{"pounds", "£"},
    Pair{"percent", "%"},    Pair{"lbrack", "["},      Pair{"rbrack", "]"},
    Pair{"therefore", " "},  Pair{"ldots", "..."},     Pair{"dots", "..."},
    Pair{"cdots", "..."},    Pair{"micro", "µ"},
};

// Letters and functions, by the names that token.h knows.
// They say how their argument looks.
constexpr std::array<std::string_view, 13> kFonts = {
    "text",   "mathrm", "textbf", "mathbf", "mathit", "operatorname", "textrm",
    "textit", "mathsf", "mathtt", "emph",   "mbox",   "mathop"};

constexpr std::array<std::string_view, 78> kNames = {
    "alpha",  "beta",    "gamma", "delta", "epsilon", "zeta",    "eta",    "theta",   "iota",
    "kappa",  "lambda",  "mu",    "nu",    "xi",      "omicron", "pi",     "rho",     "sigma",
    "tau",    "upsilon", "phi",   "chi",   "psi",     "omega",   "Gamma",  "Delta",   "Theta",
    "Lambda", "Sigma",   "Phi",   "Psi",   "Omega",   "Xi",      "Pi",     "Upsilon", "sin",
    "cos",    "tan",     "sec",   "csc",   "cot",     "arcsin",  "arccos", "arctan",  "arcsec",
    "arccsc", "arccot",  "sinh",  "cosh",  "tanh",    "sech",    "csch",   "coth",    "arsinh",
    "arcosh", "artanh",  "ln",    "log",   "exp",     "tg",      "ctg",    "cotg",    "arctg",
    "cosec",  "sgn",     "floor", "ceil",  "abs",     "max",     "min",    "gcd",     "lcm",
    "inf",    "R",       "N",     "Z",     "Q",       "C"};

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {
    for (const std::string_view mark :
         {"\\vec", "\\overrightarrow", "\\hat", "\\mathbf", "\\boldsymbol", "\\bm"}) {
      vectors_ = vectors_ || text.find(mark) != std::string_view::npos;
    }
  }

  // Until the end, or the brace that closes this group.
  std::string Group(int depth) {
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '}' && depth > 0) return out;
      if (c == '\\') {
        Command(depth, &out);
      } else if (c == '{' && depth < kPlainDepthMax) {
        const bool behind_digit = !out.empty() && IsDigit(out.back());
        std::string inside = Wrapped(Braced(depth));
        // 10^{2}5 is not 10^25.
        const bool beside = behind_digit || (at_ < text_.size() && IsDigit(text_[at_]));
        const bool number = !inside.empty() && IsDigit(inside.front());
        out += beside && number ? "(" + inside + ")" : inside;
      } else if (text_.substr(at_, 2) == "$$") {
        at_ += 2;
        out += ' ';
      } else {
        Symbol(&out);
      }
    }
    return out;
  }

 private:
  // {group} or the next single character, as LaTeX takes its arguments.
  std::string Argument(int depth) {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
    if (at_ >= text_.size()) return {};
    if (text_[at_] == '{' && depth < kPlainDepthMax) return Braced(depth);
    std::string out;
    if (text_[at_] == '\\' && depth < kPlainDepthMax) {
      Command(depth + 1, &out);
    } else {
      Symbol(&out);
    }
    return out;
  }

  std::string Braced(int depth) {
    ++at_;
    std::string inside = Group(depth + 1);
    if (at_ < text_.size()) ++at_;
    return inside;
  }

  // A comma with three digits behind it, as in 1,000 and 1{,}000.
  static bool Thousands(std::string_view text, size_t comma) {
    if (text[comma] != ',') return false;
    size_t digits = 0;
    while (comma + 1 + digits < text.size() && IsDigit(text[comma + 1 + digits])) ++digits;
    return digits == 3 || text.size() == 1;
  }

  static std::string Wrapped(const std::string& inside) {
    const std::string_view token = Trimmed(inside);
    bool number = true;
    bool set = false;
    for (size_t i = 0; i < token.size(); ++i) {
      const bool comma = token[i] == ',' || token[i] == ';';
      set = set || (comma && !Thousands(token, i));
      number = number && (IsDigit(token[i]) || token[i] == '.' || comma);
    }
    if (set) return "{" + std::string(token) + "}";
    if (number || token.size() == 1) return std::string(token);
    if (token.front() == '(' && Closing(token, 0) == token.size() - 1) return std::string(token);
    return "(" + std::string(token) + ")";
  }

  void Command(int depth, std::string* out) {
    size_t end = at_ + 1;
    while (end < text_.size() && IsAlpha(text_[end])) ++end;
    if (end == at_ + 1) {  // \% \$ \, \( and the like.
      const char c = end < text_.size() ? text_[end] : ' ';
      at_ = end < text_.size() ? end + 1 : end;
      if (c == '%' || c == '$' || c == '{' || c == '}' || c == '&' || c == '#' || c == '_') {
        *out += c;
      } else {
        *out += ' ';
      }
      return;
    }
    const std::string_view name = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end;
    if (name == "frac" || name == "dfrac" || name == "tfrac" || name == "cfrac") {
      const std::string top = Argument(depth);
      const std::string bottom = Argument(depth);
      *out += kFracOpen + top + kFracClose + "/" + kFracOpen + bottom + kFracClose;
    } else if (name == "sqrt") {
      Root(depth, out);
    } else if (std::find(kFonts.begin(), kFonts.end(), name) != kFonts.end()) {
      *out += Argument(depth);
    } else if (name == "boxed" || name == "fbox") {
      Boxed(name, depth, out);
    } else if (name == "overline" || name == "bar" || name == "dot" || name == "overparen") {
      Repeated(name, Argument(depth), out);
    } else if (name == "times" && vectors_) {
      *out += "×";  // Of vectors, not the product that \cdot is.
    } else {
      const std::string word = Word(name);
      // x\theta are two names.
      const bool beside =
          !out->empty() && IsAlpha(out->back()) && !word.empty() && IsAlpha(word[0]);
      *out += beside ? " " + word : word;
    }
  }

  // A box around the whole of the answer, or around the end of it.
  void Boxed(std::string_view name, int depth, std::string* out) {
    const std::string_view before = Trimmed(*out);
    const bool begins = before.empty() || before.back() == '=' || before.back() == '$';
    const std::string inside = Argument(depth);
    const std::string_view rest = Trimmed(text_.substr(std::min(at_, text_.size())));
    if (begins && rest.find_first_not_of("$. ") == std::string_view::npos) {
      *out += Wrapped(inside);
    } else {
      *out += "\\" + std::string(name) + "(" + inside + ")";
    }
  }

  // 0.1\overline{6} is 15/90: the last digits without an end.
  static void Repeated(std::string_view name, const std::string& argument, std::string* out) {
    constexpr size_t kRepeatedMax = 15;
    const std::string_view cycle = Trimmed(argument);
    size_t begin = out->size();
    size_t point = std::string::npos;
    while (begin > 0 && (IsDigit((*out)[begin - 1]) ||
                         ((*out)[begin - 1] == '.' && point == std::string::npos))) {
      --begin;
      if ((*out)[begin] == '.') point = begin;
    }
    const bool digits = !cycle.empty() && std::all_of(cycle.begin(), cycle.end(), IsDigit);
    if (!digits || point == std::string::npos ||
        out->size() - begin + cycle.size() > kRepeatedMax) {
      *out += "\\" + std::string(name) + "(" + argument + ")";
      return;
    }
    const size_t fixed = out->size() - point - 1;
    std::string head = out->substr(begin, point - begin) + out->substr(point + 1);
    const long long whole = std::atoll((head + std::string(cycle)).c_str());
    const long long part = std::atoll(head.c_str());
    out->resize(begin);
    *out += kFracOpen + std::to_string(whole - part) + kFracClose + "/" + kFracOpen +
            std::string(cycle.size(), '9') + std::string(fixed, '0') + kFracClose;
  }

  void Root(int depth, std::string* out) {
    std::string index;
    if (at_ < text_.size() && text_[at_] == '[') {
      const size_t close = text_.find(']', at_);
      if (close != std::string_view::npos) {
        index = std::string(text_.substr(at_ + 1, close - at_ - 1));
        at_ = close + 1;
      }
    }
    *out += "sqrt" + (index.empty() ? "" : "[" + index + "]") + "(" + Argument(depth) + ")";
  }

  static std::string Word(std::string_view name) {
    for (const auto& [command, plain] : kCommands) {
      if (command == name) return std::string(plain);
    }
    // \alpha, \sin: by their names. What is not known keeps its mark, so that it is no letters.
    const std::string_view base = name.substr(0, 3) == "var" ? name.substr(3) : name;
    const auto known = std::find(kNames.begin(), kNames.end(), base);
    return known != kNames.end() ? std::string(base) : "\\" + std::string(name);
  }

  // Subscript digits (of a letter: _(12)) and fullwidth ones: two bytes, and one from `zero` on.
  bool Digits(std::string_view lead, unsigned char zero, std::string* out) {
    std::string digits;
    while (text_.substr(at_, 2) == lead && at_ + 2 < text_.size()) {
      const int digit = static_cast<unsigned char>(text_[at_ + 2]) - zero;
      if (digit < 0 || digit > 9) break;
      digits += static_cast<char>('0' + digit);
      at_ += 3;
    }
    const bool subscript = zero == 0x80 && !out->empty() && IsAlpha(out->back());
    *out += subscript && !digits.empty() ? "_(" + digits + ")" : digits;
    return !digits.empty();
  }

  // A run of superscripts is one exponent: 10²³, 10⁻³.
  bool Superscript(std::string* out) {
    static constexpr std::array<std::string_view, 12> kMarks = {"⁰", "¹", "²", "³", "⁴", "⁵",
                                                                "⁶", "⁷", "⁸", "⁹", "⁻", "⁺"};
    std::string run;
    for (size_t i = 0; i < kMarks.size();) {
      if (text_.substr(at_, kMarks[i].size()) == kMarks[i]) {
        run += "0123456789-+"[i];
        at_ += kMarks[i].size();
        i = 0;
      } else {
        ++i;
      }
    }
    if (run.empty()) return false;
    constexpr std::string_view kRoot = "√";
    if (text_.substr(at_, kRoot.size()) == kRoot && run[0] != '-') {
      at_ += kRoot.size();
      *out += "sqrt[" + run + "]";
      return true;
    }
    const bool sign = run.find_first_of("+-") != std::string::npos;  // 10⁻³, Ca²⁺
    *out += sign ? "^(" + run + ")" : "^" + run;
    return true;
  }

  // "5~cm" and "\text{of}~\text{it}": a space of LaTeX. Elsewhere it says "about" or "not".
  bool Ties(const std::string& out) const {
    const char before = out.empty() ? ' ' : out.back();
    const char after = at_ < text_.size() ? text_[at_] : ' ';
    if (after == '\\') return true;
    return (IsDigit(before) || before == ')' || before == '}') && IsAlpha(after);
  }

  void Symbol(std::string* out) {
    const char c = text_[at_];
    if (static_cast<unsigned char>(c) < 0x80) {
      ++at_;
      // Marks stay: plain text is plain again.
      *out += IsSpace(c) || (c == '~' && Ties(*out)) ? ' ' : c;
      return;
    }
    if (Superscript(out)) return;
    if (Digits("\xE2\x82", 0x80, out) || Digits("\xEF\xBC", 0x90, out)) return;
    for (const auto& [symbol, plain] : kSymbols) {
      if (symbol[0] == c && text_.substr(at_, symbol.size()) == symbol) {
        at_ += symbol.size();
        *out += plain;
        return;
      }
    }
    *out += c;
    ++at_;
  }

  std::string_view text_;
  size_t at_ = 0;
  bool vectors_ = false;
};

bool IsOpen(char c) { return c == '(' || c == '[' || c == '{' || c == kFracOpen; }
bool IsClose(char c) { return c == ')' || c == ']' || c == '}' || c == kFracClose; }

}  // namespace

std::string Plain(std::string_view text) {
  text = Trimmed(text);
  const bool inline_math = text.size() > 2 && text.front() == '$' && text.back() == '$' &&
                           text[1] != '$' && text[text.size() - 2] != '\\';
  if (inline_math) text = text.substr(1, text.size() - 2);
  Reader reader(text);
  const std::string out = reader.Group(0);
  return std::string(Trimmed(out));
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

// Half open intervals close with the other bracket: only the depth counts.
bool Balanced(std::string_view plain) {
  int depth = 0;
  for (const char c : plain) {
    if (IsOpen(c)) ++depth;
    if (IsClose(c) && --depth < 0) return false;
  }
  return depth == 0;
}

size_t Closing(std::string_view plain, size_t open) {
  int depth = 0;
  for (size_t i = open; i < plain.size(); ++i) {
    if (IsOpen(plain[i])) ++depth;
    if (IsClose(plain[i]) && --depth == 0) return i;
  }
  return std::string_view::npos;
}

std::vector<size_t> Closings(std::string_view plain) {
  std::vector<size_t> closings(plain.size(), std::string_view::npos);
  std::vector<size_t> open;
  for (size_t i = 0; i < plain.size(); ++i) {
    if (IsOpen(plain[i])) open.push_back(i);
    if (!IsClose(plain[i]) || open.empty()) continue;
    closings[open.back()] = i;
    open.pop_back();
  }
  return closings;
}

}  // namespace lyceum::grading
