#include "grading/algebra/token.h"

#include <algorithm>
#include <array>

#include "grading/notation/letters.h"
#include "grading/notation/plain.h"
#include "grading/units/quantity.h"

namespace lyceum::grading {
namespace {

constexpr size_t kTokensMax = 4096;
constexpr size_t kSpellingMax = 12;  // Letters of the longest function.
constexpr size_t kWordMin = 5;       // Letters in a row that make one name.

struct Spelling {
  std::string_view text;
  Function function;
};
// Longer ones first where one begins another.
constexpr std::array kFunctions = {
    Spelling{"arcsinh", Function::kArsinh},
    Spelling{"arccosh", Function::kArcosh},
    Spelling{"arctanh", Function::kArtanh},
    Spelling{"arccosec", Function::kArccsc},
    Spelling{"arcsin", Function::kArcsin},
    Spelling{"arccos", Function::kArccos},
    Spelling{"arctan", Function::kArctan},
    Spelling{"arcsec", Function::kArcsec},
    Spelling{"arccsc", Function::kArccsc},
    Spelling{"arccot", Function::kArccot},
    Spelling{"arsinh", Function::kArsinh},
    Spelling{"arcosh", Function::kArcosh},
    Spelling{"artanh", Function::kArtanh},
    Spelling{"asinh", Function::kArsinh},
    Spelling{"acosh", Function::kArcosh},
    Spelling{"atanh", Function::kArtanh},
    Spelling{"asin", Function::kArcsin},
    Spelling{"acos", Function::kArccos},
    Spelling{"atan", Function::kArctan},
    Spelling{"asec", Function::kArcsec},
    Spelling{"acsc", Function::kArccsc},
    Spelling{"acot", Function::kArccot},
    Spelling{"cosech", Function::kCsch},
    Spelling{"cosec", Function::kCsc},
    Spelling{"sinh", Function::kSinh},
    Spelling{"cosh", Function::kCosh},
    Spelling{"tanh", Function::kTanh},
    Spelling{"sech", Function::kSech},
    Spelling{"csch", Function::kCsch},
    Spelling{"coth", Function::kCoth},
    Spelling{"sin", Function::kSin},
    Spelling{"cos", Function::kCos},
    Spelling{"tan", Function::kTan},
    Spelling{"sec", Function::kSec},
    Spelling{"csc", Function::kCsc},
    Spelling{"cot", Function::kCot},
    Spelling{"sqrt", Function::kSqrt},
    Spelling{"cbrt", Function::kRoot},
    Spelling{"root", Function::kRoot},
    Spelling{"abs", Function::kAbs},
    Spelling{"log", Function::kLog},
    Spelling{"ln", Function::kLn},
    Spelling{"factorial", Function::kFactorial},
};

// As they are written elsewhere: only where an argument follows.
constexpr std::array kForeign = {
    Spelling{"arctg", Function::kArctan},  Spelling{"arcsen", Function::kArcsin},
    Spelling{"arcctg", Function::kArccot}, Spelling{"nthroot", Function::kRoot},
    Spelling{"cotg", Function::kCot},      Spelling{"ctg", Function::kCot},
    Spelling{"sen", Function::kSin},       Spelling{"tg", Function::kTan}};

constexpr std::array<std::string_view, 28> kGreek = {
    "epsilon", "upsilon", "omicron", "lambda", "alpha", "theta", "kappa",
    "sigma",   "omega",   "gamma",   "delta",  "beta",  "zeta",  "iota",
    "eta",     "rho",     "tau",     "phi",    "chi",   "psi",   "Delta",
    "Omega",   "Gamma",   "Theta",   "Lambda", "Sigma", "Phi",   "Psi"};

// What LaTeX writes above, below or around something, and is not read here.
constexpr std::array<std::string_view, 16> kUnread = {
    "binom", "overline", "underline", "bar",    "vec", "hat", "sum", "int",
    "lim",   "prod",     "begin",     "matrix", "max", "min", "gcd", "lcm"};

// Words that stand for signs, or that change what is beside them.
constexpr std::array<std::string_view, 24> kOperators = {
    "minus",   "plus",      "times",   "over",         "choose", "divided", "multiplied", "implies",
    "union",   "intersect", "subset",  "squared",      "cubed",  "power",   "floor",      "ceil",
    "ceiling", "round",     "without", "intersection", "cross",  "modulo",  "bmod",       "pmod"};
constexpr std::array<std::string_view, 15> kShortOperators = {"mod", "and", "or",  "not", "xor",
                                                              "iff", "to",  "in",  "of",  "by",
                                                              "if",  "is",  "dot", "per", "div"};

struct GreekLetter {
  std::string_view sign;
  std::string_view name;
};
constexpr std::array kGreekLetters = {
    GreekLetter{"α", "alpha"},   GreekLetter{"β", "beta"},    GreekLetter{"γ", "gamma"},
    GreekLetter{"δ", "delta"},   GreekLetter{"ε", "epsilon"}, GreekLetter{"ϵ", "epsilon"},
    GreekLetter{"ζ", "zeta"},    GreekLetter{"η", "eta"},     GreekLetter{"θ", "theta"},
    GreekLetter{"ι", "iota"},    GreekLetter{"κ", "kappa"},   GreekLetter{"λ", "lambda"},
    GreekLetter{"μ", "mu"},      GreekLetter{"ν", "nu"},      GreekLetter{"ξ", "xi"},
    GreekLetter{"ρ", "rho"},     GreekLetter{"σ", "sigma"},   GreekLetter{"τ", "tau"},
    GreekLetter{"υ", "upsilon"}, GreekLetter{"φ", "phi"},     GreekLetter{"ϕ", "phi"},
    GreekLetter{"χ", "chi"},     GreekLetter{"ψ", "psi"},     GreekLetter{"ω", "omega"},
    GreekLetter{"Γ", "Gamma"},   GreekLetter{"Δ", "Delta"},   GreekLetter{"Θ", "Theta"},
    GreekLetter{"Λ", "Lambda"},  GreekLetter{"Σ", "Sigma"},   GreekLetter{"Φ", "Phi"},
    GreekLetter{"Ψ", "Psi"},     GreekLetter{"Ω", "Omega"}};

const Spelling* FunctionAt(std::string_view run) {
  for (const Spelling& spelling : kFunctions) {
    if (run.substr(0, spelling.text.size()) == spelling.text) return &spelling;
  }
  return nullptr;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Tokens Run() {
    while (at_ < text_.size() && tokens_.error.empty()) {
      if (tokens_.list.size() >= kTokensMax) return Fail("this is too long");
      const char c = text_[at_];
      if (c == ' ') {
        space_ = true;
        ++at_;
      } else if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) {
        Number();
      } else if (IsAlpha(c)) {
        Letters();
      } else {
        Sign(c);
      }
    }
    return std::move(tokens_);
  }

 private:
  char Peek(size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  Tokens Fail(std::string_view why) {
    tokens_.error = std::string(why);
    tokens_.list.clear();
    return std::move(tokens_);
  }
  void Refuse(std::string_view why) { tokens_.error = std::string(why); }

  Token& Push(TokenKind kind, size_t length) {
    Token token{kind};
    token.space = space_;
    token.text = text_.substr(at_, length);
    space_ = false;
    at_ += length;
    tokens_.list.push_back(std::move(token));
    return tokens_.list.back();
  }

  bool Thousands(size_t at) const {
    const auto digit = [&](size_t i) { return i < text_.size() && IsDigit(text_[i]); };
    return at < text_.size() && text_[at] == ',' && digit(at + 1) && digit(at + 2) &&
           digit(at + 3) && !digit(at + 4);
  }

  void Number() {
    size_t end = at_;
    bool point = false;
    while (end < text_.size() && IsDigit(text_[end])) ++end;
    if (end - at_ <= 3) {
      while (Thousands(end)) end += 4;
    }
    if (end < text_.size() && text_[end] == '.' &&
        !(end + 1 < text_.size() && text_[end + 1] == '.')) {
      point = true;
      ++end;
      while (end < text_.size() && IsDigit(text_[end])) ++end;
    }
    const size_t e = end;
    if (e < text_.size() && (text_[e] == 'e' || text_[e] == 'E')) {
      size_t digits = e + 1;
      const bool sign = digits < text_.size() && (text_[digits] == '+' || text_[digits] == '-');
      if (sign) ++digits;
      size_t last = digits;
      while (last < text_.size() && IsDigit(text_[last])) ++last;
      if (last > digits && (!sign || point || text_[e] == 'E')) end = last;
    }
    if (end - at_ > kDigitsMax + 32) return Refuse("this has too many digits");
    // "2x10^3": the x is a cross.
    const bool cross = end + 4 < text_.size() && (text_[end] == 'x' || text_[end] == 'X') &&
                       text_.substr(end + 1, 3) == "10^";
    Push(TokenKind::kNumber, end - at_);
    if (cross) Push(TokenKind::kSign, 1).sign = '*';
  }

  // A letter's subscript: digits at once, or _ and digits, a letter or (letters and digits).
  size_t Subscript(size_t at, std::string* name) const {
    size_t end = at;
    while (end < text_.size() && IsDigit(text_[end])) ++end;
    if (end > at) {
      *name += "_" + std::string(text_.substr(at, end - at));
    } else if (at + 1 < text_.size() && text_[at] == '_') {
      const bool wrapped = text_[at + 1] == '(';
      end = at + (wrapped ? 2 : 1);
      const size_t begin = end;
      while (end < text_.size() && (IsDigit(text_[end]) || (wrapped && IsAlpha(text_[end])))) ++end;
      if (end == begin && end < text_.size() && IsAlpha(text_[end])) ++end;
      if (end == begin || (wrapped && (end >= text_.size() || text_[end] != ')'))) return at;
      std::string inside(text_.substr(begin, end - begin));
      if (wrapped) ++end;
      // Written so that it reads as one token again.
      *name += inside.size() > 1 && !std::all_of(inside.begin(), inside.end(), IsDigit)
                   ? "_(" + inside + ")"
                   : "_" + inside;
    }
    while (end < text_.size() && text_[end] == '\'' && end - at < 40) {
      *name += '\'';
      ++end;
    }
    return end;
  }

  void Name(size_t length) { Name(length, text_.substr(at_, length)); }

  void Name(size_t length, std::string_view called) {
    std::string name(called);
    // 8C3 counts choices.
    const bool counts = (name == "C" || name == "P") && at_ > 0 && IsDigit(text_[at_ - 1]);
    if (counts && IsDigit(Peek(1))) return Refuse("this notation is not read here");
    const size_t end = Subscript(at_ + length, &name);
    if (end - at_ > 48) return Refuse("this name is too long");
    Push(TokenKind::kName, end - at_).name = std::move(name);
  }

  void Constant(Op op, size_t length) { Push(TokenKind::kConstant, length).constant = op; }

  // dy/dx, d^2y/dx^2, \frac{dy}{dx}, with d or ∂: a name of its own, and no quotient of letters.
  // Of x it is y'. False: there is none here.
  bool Derivative() {
    size_t at = at_;
    const bool fraction = Skip(&at, "\x01");
    const auto mark = [&] { return Skip(&at, "d") ? 'd' : (Skip(&at, "∂") ? 'p' : '\0'); };
    const auto order = [&]() -> int {
      if (!Skip(&at, "^")) return 1;
      return at < text_.size() && IsDigit(text_[at]) ? text_[at++] - '0' : 0;
    };
    const auto letter = [&]() -> std::string {
      Skip(&at, " ");
      const bool one = at < text_.size() && IsAlpha(text_[at]) &&
                       (at + 1 >= text_.size() || !IsAlpha(text_[at + 1]));
      return one ? std::string(1, text_[at++]) : std::string();
    };
    const char above = mark();
    if (above == '\0') return false;
    const int times = order();
    const std::string of = letter();
    if (fraction && !Skip(&at, "\x02")) return false;
    if (!fraction) Skip(&at, " ");
    if (!Skip(&at, "/")) return false;
    if (!fraction) Skip(&at, " ");
    if (fraction && !Skip(&at, "\x01")) return false;
    if (mark() != above) return false;
    const std::string by = letter();
    const int again = by.empty() ? 0 : order();
    if (by.empty() || (fraction && !Skip(&at, "\x02"))) return false;
    if (of.empty() || times != again || times < 1) {
      Refuse("a derivative in this is not read here");
      return true;
    }
    std::string name;
    if (above == 'd' && by == "x") {
      name = of + std::string(static_cast<size_t>(times), '\'');
    } else {
      const std::string d = above == 'd' ? "d" : "∂";
      const std::string power = times == 1 ? "" : "^" + std::to_string(times);
      name = d + power + of + "/" + d + by + power;
    }
    Push(TokenKind::kName, at - at_).name = std::move(name);
    return true;
  }

  bool Skip(size_t* at, std::string_view what) const {
    if (text_.substr(*at, what.size()) != what) return false;
    *at += what.size();
    return true;
  }

  void Letters() {
    if (text_[at_] == 'd' && Derivative()) return;
    if (at_ >= run_end_) {
      run_end_ = at_;
      while (run_end_ < text_.size() && IsAlpha(text_[run_end_])) ++run_end_;
    }
    const std::string_view run = text_.substr(at_, run_end_ - at_);
    if (run.size() <= kSpellingMax && Whole(run)) return;
    Cut(run);
  }

  // A run that is one of the spellings that count in any case. False: it is none of them.
  bool Whole(std::string_view run) {
    const std::string lower = Lower(run);
    const Spelling* spelling = FunctionAt(lower);
    if (lower == "infinity" || lower == "inf" || lower == "infty") {
      Constant(Op::kInfinity, run.size());
    } else if (std::find(kUnread.begin(), kUnread.end(), run) != kUnread.end()) {
      Refuse("this notation is not read here");
    } else if (IsOperator(lower)) {
      Refuse("a word in this is not read here: use a sign");
    } else if (lower == "pi") {
      Constant(Op::kPi, run.size());
    } else if (spelling != nullptr && spelling->text == lower) {
      Function_(*spelling);  // SIN, Sqrt
    } else if (const Spelling* foreign = Foreign(lower)) {
      Function_(*foreign);
    } else {
      return false;
    }
    return true;
  }

  // "minus"; "mod" and "or" only where they stand alone: m*o*d may be meant.
  bool IsOperator(const std::string& lower) const {
    if (std::find(kOperators.begin(), kOperators.end(), lower) != kOperators.end()) return true;
    const bool apart = space_ && run_end_ < text_.size() && text_[run_end_] == ' ';
    return apart && std::find(kShortOperators.begin(), kShortOperators.end(), lower) !=
                        kShortOperators.end();
  }

  // tg(x), "sen x"; tg alone is a product, and so it is in tgh.
  const Spelling* Foreign(const std::string& lower) const {
    for (const Spelling& spelling : kForeign) {
      const std::string_view rest =
          std::string_view(lower).substr(std::min(lower.size(), spelling.text.size()));
      if (lower.substr(0, spelling.text.size()) != spelling.text) continue;
      const bool letter = rest.size() == 1 && std::string_view("xyt").find(rest[0]) < 3;
      size_t next = run_end_;
      while (next < text_.size() && text_[next] == ' ') ++next;
      const bool apart =
          next > run_end_ && next < text_.size() && (IsAlpha(text_[next]) || IsDigit(text_[next]));
      const bool power = next < text_.size() && (text_[next] == '(' || text_[next] == '^');
      if (rest.empty() ? apart || power : letter && spelling.text.size() > 2) return &spelling;
    }
    return nullptr;
  }

  void Function_(const Spelling& spelling) {
    Token& token = Push(TokenKind::kFunction, spelling.text.size());
    token.function = spelling.function;
    token.cube = spelling.text == "cbrt";
  }

  // The first token of a run; the rest of the run is read as the next one.
  void Cut(std::string_view run) {
    if (const Spelling* spelling = FunctionAt(run)) return Function_(*spelling);
    if (run == "sgn" || run == "sign" || run == "signum") {
      Push(TokenKind::kName, run.size()).name = "sgn";
      return;
    }
    if (run.substr(0, 3) == "exp" && (run.size() == 3 || !IsAlpha(run[3]))) {
      Push(TokenKind::kName, 3).name = "exp";
      return;
    }
    for (const std::string_view greek : kGreek) {
      if (run.substr(0, greek.size()) == greek) return Name(greek.size());
    }
    if (run == "mu" || run == "nu" || run == "xi") return Name(2);
    if (run.size() >= kWordMin && run_end_ > word_end_) {
      bool holds = false;
      for (size_t i = 0; i < run.size() && !holds; ++i)
        holds = FunctionAt(run.substr(i)) != nullptr;
      if (!holds) return Word(run);
      word_end_ = run_end_;  // Cut it up: the rest of this run is letters and functions.
    }
    if (run.size() >= 2 && space_ && !tokens_.list.empty()) Prose(run);
    if (run.substr(0, 2) == "pi") return Constant(Op::kPi, 2);
    if (run[0] == 'e') return Constant(Op::kE, 1);
    Name(1);
  }

  void Word(std::string_view run) {
    if (run.size() > 32) return Refuse("this name is too long");
    Prose(run);
    Name(run.size());
  }

  // Two words in a row are a sentence.
  void Prose(std::string_view run) {
    if (tokens_.list.empty()) return;
    const Token& last = tokens_.list.back();
    const char* begin = last.text.data();
    const bool name = last.kind == TokenKind::kName || last.kind == TokenKind::kConstant;
    size_t length = 0;  // Of the letters that end right before this run.
    if (name) {
      const char* stop = begin + last.text.size();
      while (stop - length > text_.data() && IsAlpha(*(stop - length - 1))) ++length;
    }
    if (space_ && std::min(length, run.size()) >= 2 && std::max(length, run.size()) >= 3)
      Refuse("this reads like a sentence");
  }

  void Sign(char c) {
    if ((c == kFracOpen || text_.substr(at_, 3) == "∂") && Derivative()) return;
    if (text_.substr(at_, 2) == "**") {
      Push(TokenKind::kSign, 2).sign = '^';
      return;
    }
    if (text_.substr(at_, 2) == "±") {
      Push(TokenKind::kSign, 2).sign = kPlusMinus;
      return;
    }
    if (text_.substr(at_, 3) == "∓") {
      Push(TokenKind::kSign, 3).sign = kMinusPlus;
      return;
    }
    if (c == '$') {  // A currency sign in front of a number says nothing here.
      ++at_;
      return;
    }
    if (static_cast<unsigned char>(c) >= 0x80) return GreekSign();
    if (std::string_view("+-*/^()[]{}|!%,_\x01\x02").find(c) == std::string_view::npos) {
      return Refuse("a sign in this is not known here");
    }
    Push(TokenKind::kSign, 1).sign = c;
  }

  // By their names, as LaTeX says them.
  void GreekSign() {
    for (const GreekLetter& letter : kGreekLetters) {
      if (text_.substr(at_, 2) == letter.sign) return Name(2, letter.name);
    }
    Refuse("a sign in this is not known here");
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t run_end_ = 0;   // Of the letters at hand.
  size_t word_end_ = 0;  // Of those that are cut up.
  bool space_ = false;
  Tokens tokens_;
};

}  // namespace

Tokens Tokenize(std::string_view plain) { return Lexer(plain).Run(); }

}  // namespace lyceum::grading
