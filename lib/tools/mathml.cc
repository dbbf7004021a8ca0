// MathML as LaTeX: rows, fractions, roots, scripts, fences; no tables, no layout.
#include <array>
#include <cctype>

#include "tools/markup.h"

namespace lyceum::tools {
namespace {

struct Sign {
  std::string_view utf8;
  std::string_view latex;
};
constexpr std::array<Sign, 36> kSigns = {
    {{"×", "\\times "}, {"·", "\\cdot "},   {"⋅", "\\cdot "},   {"÷", "\\div "},
     {"−", "-"},        {"±", "\\pm "},     {"≤", "\\le "},     {"≥", "\\ge "},
     {"≠", "\\ne "},    {"≈", "\\approx "}, {"∞", "\\infty "},  {"π", "\\pi "},
     {"α", "\\alpha "}, {"β", "\\beta "},   {"γ", "\\gamma "},  {"δ", "\\delta "},
     {"Δ", "\\Delta "}, {"θ", "\\theta "},  {"λ", "\\lambda "}, {"μ", "\\mu "},
     {"σ", "\\sigma "}, {"φ", "\\varphi "}, {"ω", "\\omega "},  {"∑", "\\sum "},
     {"∏", "\\prod "},  {"∫", "\\int "},    {"√", "\\sqrt "},   {"→", "\\to "},
     {"∈", "\\in "},    {"∪", "\\cup "},    {"∩", "\\cap "},    {"°", "^\\circ "},
     {"\u2062", " "},   {"\u2061", " "},    {"\u2063", " "},    {"\u00A0", " "}}};

std::string Spelled(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    bool known = false;
    for (const Sign& sign : kSigns) {
      if (!text.starts_with(sign.utf8)) continue;
      out += sign.latex;
      text.remove_prefix(sign.utf8.size());
      known = true;
      break;
    }
    if (known) continue;
    const char c = text.front();
    if (c == '%' || c == '$' || c == '#' || c == '&' || c == '{' || c == '}') out += '\\';
    if (c != '\n' && c != '\t' && c != '\r') out += c;
    text.remove_prefix(1);
  }
  const size_t begin = out.find_first_not_of(' ');
  return begin == std::string::npos ? std::string() : out.substr(begin);
}

std::vector<const XmlNode*> Elements(const XmlNode& node) {
  std::vector<const XmlNode*> elements;
  for (const XmlNode& child : node.children) {
    if (!child.is_text()) elements.push_back(&child);
  }
  return elements;
}

Result<std::string> Write(const XmlNode& node);

Result<std::string> Row(const XmlNode& node, std::string_view between = "") {
  std::string row;
  for (const XmlNode* child : Elements(node)) {
    auto part = Write(*child);
    if (!part) return part;
    if (!row.empty()) row += between;
    row += *part;
  }
  return row;
}

// A pattern where {0}, {1}, {2} are the children.
Result<std::string> Pattern(const XmlNode& node, std::string_view pattern, size_t count) {
  const auto elements = Elements(node);
  if (elements.size() != count) return Reject("MathML <" + node.name + "> with missing parts");
  std::vector<std::string> parts;
  for (const XmlNode* element : elements) {
    auto part = Write(*element);
    if (!part) return part;
    parts.push_back(std::move(*part));
  }
  std::string out;
  for (const char c : pattern) {
    if (c >= '0' && c <= '2') {
      out += parts[static_cast<size_t>(c - '0')];
    } else {
      out += c;
    }
  }
  return out;
}

// A base of several signs goes into braces before a script.
Result<std::string> Script(const XmlNode& node, std::string_view pattern, size_t count) {
  const auto elements = Elements(node);
  const bool row = !elements.empty() && elements[0]->name == "mrow";
  return Pattern(node, (row ? "{0}" : "0") + std::string(pattern), count);
}

Result<std::string> Write(const XmlNode& node) {
  const std::string& name = node.name;
  if (name == "mi") {
    const std::string text = Spelled(node.AllText());
    constexpr std::array<std::string_view, 9> kFunctions = {"sin", "cos", "tan", "log", "ln",
                                                            "exp", "lim", "max", "min"};
    for (const std::string_view function : kFunctions) {
      if (text == function) return "\\" + text + " ";
    }
    const bool word = text.size() > 1 && text.find_first_of("\\ ") == std::string::npos &&
                      std::isalpha(static_cast<unsigned char>(text[0])) != 0;
    return word ? "\\mathrm{" + text + "}" : text;
  }
  if (name == "mn" || name == "mo") return Spelled(node.AllText());
  if (name == "mtext" || name == "ms") return "\\text{" + node.AllText() + "}";
  if (name == "mspace") return std::string(" ");
  if (name == "mrow" || name == "math" || name == "mstyle" || name == "mpadded") return Row(node);
  if (name == "semantics") {
    const auto elements = Elements(node);
    return elements.empty() ? std::string() : Write(*elements[0]);
  }
  if (name == "mfrac") return Pattern(node, "\\frac{0}{1}", 2);
  if (name == "msup") return Script(node, "^{1}", 2);
  if (name == "msub") return Script(node, "_{1}", 2);
  if (name == "msubsup" || name == "munderover") return Script(node, "_{1}^{2}", 3);
  if (name == "munder") return Script(node, "_{1}", 2);
  if (name == "mroot") return Pattern(node, "\\sqrt[1]{0}", 2);
  if (name == "msqrt" || name == "mfenced") {
    auto row = Row(node, name == "mfenced" ? "," : "");
    if (!row) return row;
    if (name == "msqrt") return "\\sqrt{" + *row + "}";
    if (node.HasAttribute("open") || node.HasAttribute("close")) {
      return node.Attribute("open") + *row + node.Attribute("close");
    }
    return "(" + *row + ")";
  }
  return Reject("MathML <" + name + ">");
}

}  // namespace

Result<std::string> LatexOf(const XmlNode& math) { return Write(math); }

}  // namespace lyceum::tools
