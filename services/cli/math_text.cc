#include "cli/math_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

namespace lyceum::cli {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr Pair kSymbols[] = {
    {"alpha", "α"},   {"approx", "≈"},     {"ast", "*"},        {"beta", "β"},   {"bullet", "•"},
    {"cap", "∩"},     {"cdot", "·"},       {"cdots", "…"},      {"circ", "°"},   {"cos", "cos"},
    {"cup", "∪"},     {"degree", "°"},     {"delta", "δ"},      {"Delta", "Δ"},  {"div", "÷"},
    {"dots", "…"},    {"emptyset", "∅"},   {"epsilon", "ε"},    {"equiv", "≡"},  {"exists", "∃"},
    {"forall", "∀"},  {"gamma", "γ"},      {"ge", "≥"},         {"geq", "≥"},    {"gt", ">"},
    {"implies", "⇒"}, {"in", "∈"},         {"infty", "∞"},      {"int", "∫"},    {"lambda", "λ"},
    {"ldots", "…"},   {"le", "≤"},         {"leq", "≤"},        {"lfloor", "⌊"}, {"ln", "ln"},
    {"log", "log"},   {"lt", "<"},         {"mp", "∓"},         {"mu", "μ"},     {"ne", "≠"},
    {"neq", "≠"},     {"notin", "∉"},      {"omega", "ω"},      {"Omega", "Ω"},  {"percent", "%"},
    {"phi", "φ"},     {"pi", "π"},         {"pm", "±"},         {"quad", " "},   {"rfloor", "⌋"},
    {"rho", "ρ"},     {"rightarrow", "→"}, {"Rightarrow", "⇒"}, {"sigma", "σ"},  {"sim", "~"},
    {"sin", "sin"},   {"subset", "⊂"},     {"sum", "∑"},        {"tan", "tan"},  {"theta", "θ"},
    {"times", "×"},   {"to", "→"},
};
// Commands that only say how their argument, or what follows, looks.
constexpr std::string_view kLooksOnly[] = {"left",   "right",  "text",  "mathrm",
                                           "mathbf", "mathit", "boxed", "displaystyle"};
constexpr Pair kRaised[] = {{"0", "⁰"}, {"1", "¹"}, {"2", "²"}, {"3", "³"}, {"4", "⁴"},
                            {"5", "⁵"}, {"6", "⁶"}, {"7", "⁷"}, {"8", "⁸"}, {"9", "⁹"},
                            {"+", "⁺"}, {"-", "⁻"}, {"n", "ⁿ"}};
constexpr Pair kLowered[] = {{"0", "₀"}, {"1", "₁"}, {"2", "₂"}, {"3", "₃"}, {"4", "₄"},
                             {"5", "₅"}, {"6", "₆"}, {"7", "₇"}, {"8", "₈"}, {"9", "₉"}};

constexpr size_t kGroupBytesMax = 2048;

bool IsLetter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

// Empty: a character has no such form.
template <size_t N>
std::optional<std::string> Shifted(const Pair (&forms)[N], std::string_view text) {
  std::string shifted;
  for (char c : text) {
    const auto* form = std::find_if(std::begin(forms), std::end(forms),
                                    [c](const Pair& pair) { return pair.first[0] == c; });
    if (form == std::end(forms)) return std::nullopt;
    shifted += form->second;
  }
  return shifted.empty() ? std::nullopt : std::optional(shifted);
}

// In brackets where it is more than a number or a name, so that it stays one thing.
std::string AsOne(const std::string& text) {
  const bool simple = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' ||
           (static_cast<unsigned char>(c) & 0x80) != 0;
  });
  const bool wrapped = text.size() >= 2 && text.front() == '(' && text.back() == ')' &&
                       text.find('(', 1) == std::string::npos;
  return simple || wrapped ? text : "(" + text + ")";
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::string Read() { return ReadUntil("", false, 0); }

 private:
  bool At(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  bool Done() const { return at_ >= text_.size(); }

  // The argument of a command: a group, or one character. Empty: there is none.
  std::optional<std::string> Argument(bool math, int depth) {
    while (math && At(" ")) ++at_;
    if (Done() || depth >= kMathDepthMax) return std::nullopt;
    if (!At("{")) {
      if (At("\\")) return Command(math, depth + 1);
      size_t size = 1;
      while (at_ + size < text_.size() &&
             (static_cast<unsigned char>(text_[at_ + size]) & 0xC0) == 0x80) {
        ++size;
      }
      std::string one(text_.substr(at_, size));
      at_ += size;
      return one;
    }
    if (!Closes()) return std::nullopt;
    ++at_;
    return ReadUntil("}", true, depth + 1);
  }

  // Whether the group that begins here ends, within kGroupBytesMax: one that never ends is not read
  // again for each command that it might belong to.
  bool Closes() const {
    int open = 0;
    for (size_t i = at_; i < text_.size() && i < at_ + kGroupBytesMax; ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == '{') {
        ++open;
      } else if (text_[i] == '}' && --open == 0) {
        return true;
      }
    }
    return false;
  }

  std::string Fraction(size_t begun, bool math, int depth) {
    auto above = Argument(math, depth);
    auto below = above ? Argument(math, depth) : std::nullopt;
    if (below) return AsOne(*above) + "/" + AsOne(*below);
    at_ = begun + 1;
    return "\\";
  }

  std::string Root(size_t begun, bool math, int depth) {
    std::string degree;
    if (At("[")) {
      const size_t end = text_.find(']', at_);
      if (end != std::string_view::npos) {
        degree = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
      }
    }
    auto under = Argument(math, depth);
    if (!under) {
      at_ = begun + 1;
      return "\\";
    }
    const std::string sign = degree.empty() || degree == "2" ? "√"
                             : degree == "3"                 ? "∛"
                                                             : degree + "√";
    return sign + AsOne(*under);
  }

  // At a backslash.
  std::string Command(bool math, int depth) {
    const size_t begun = at_++;
    size_t size = 0;
    while (at_ + size < text_.size() && IsLetter(text_[at_ + size])) ++size;
    const std::string_view name = text_.substr(at_, size);
    if (name.empty()) return Escaped(math);
    at_ += size;
    if (name == "frac" || name == "dfrac" || name == "tfrac") return Fraction(begun, math, depth);
    if (name == "sqrt") return Root(begun, math, depth);
    for (std::string_view looks : kLooksOnly) {
      if (name != looks) continue;
      if (!At("{")) return "";
      if (auto inside = Argument(math, depth)) return *inside;
    }
    for (const auto& [known, sign] : kSymbols) {
      if (name == known) return std::string(sign);
    }
    return std::string(text_.substr(begun, at_ - begun));
  }

  // After a backslash that no letter follows.
  std::string Escaped(bool math) {
    if (Done()) return "\\";
    const char c = text_[at_];
    constexpr std::string_view kItself = "$%&#_{}";
    if (kItself.find(c) != std::string_view::npos) {
      ++at_;
      return std::string(1, c);
    }
    if (math && (c == ',' || c == ';' || c == ':' || c == ' ' || c == '!')) {
      ++at_;
      return c == '!' ? "" : " ";
    }
    return "\\";
  }

  std::string Script(bool up, int depth) {
    const char sign = text_[at_++];
    auto inside = Argument(true, depth);
    if (!inside) return std::string(1, sign);
    if (*inside == "°") return *inside;
    if (auto shifted = up ? Shifted(kRaised, *inside) : Shifted(kLowered, *inside)) return *shifted;
    return sign + AsOne(*inside);
  }

  // The delimiter of mathematics that begins here, and its end. Empty: none.
  std::optional<Pair> Opening() const {
    constexpr std::array<Pair, 4> kDelimiters = {
        {{"$$", "$$"}, {"\\[", "\\]"}, {"\\(", "\\)"}, {"$", "$"}}};
    for (const Pair& pair : kDelimiters) {
      if (!At(pair.first)) continue;
      const size_t from = at_ + pair.first.size();
      const size_t end = text_.find(pair.second, from);
      if (end == std::string_view::npos || end == from) continue;
      // "$5 and $6": a price, since mathematics neither begins nor ends with a space.
      if (pair.first == "$" && (text_[from] == ' ' || text_[end - 1] == ' ' ||
                                text_.substr(from, end - from).find('\n') != std::string::npos)) {
        continue;
      }
      return pair;
    }
    return std::nullopt;
  }

  std::string ReadUntil(std::string_view end, bool math, int depth) {
    std::string read;
    while (!Done()) {
      if (!end.empty() && At(end)) {
        at_ += end.size();
        return read;
      }
      if (depth >= kMathDepthMax) {
        read += text_[at_++];
        continue;
      }
      if (const auto opening = math ? std::nullopt : Opening()) {
        at_ += opening->first.size();
        read += ReadUntil(opening->second, true, depth + 1);
      } else if (At("\\")) {
        read += Command(math, depth);
      } else if (math && (At("^") || At("_"))) {
        read += Script(At("^"), depth);
      } else if (math && (At("{") || (At("}") && end != "}"))) {
        ++at_;  // A group of its own: its brackets say nothing to a reader.
      } else {
        read += text_[at_++];
      }
    }
    return read;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::string ReadableMath(std::string_view text) {
  if (text.find_first_of("\\$") == std::string_view::npos) return std::string(text);
  return Reader(text).Read();
}

}  // namespace lyceum::cli
