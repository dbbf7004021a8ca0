#include "tools/markup.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace lyceum::tools {
namespace {

template <size_t kCount>
bool IsIn(const std::array<std::string_view, kCount>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 17> kInline = {
    "span", "font", "u",    "small", "big",  "label", "ins",         "mark",        "cite",
    "abbr", "dfn",  "time", "bdi",   "data", "nobr",  "contentbody", "content-body"};
constexpr std::array<std::string_view, 17> kBlocks = {
    "p",  "div", "body", "section", "article",    "header", "footer",  "center", "h1",
    "h2", "h3",  "h4",   "h5",      "blockquote", "h6",     "address", "main"};
constexpr std::array<std::string_view, 5> kCode = {"code", "tt", "kbd", "samp", "var"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kNamed = {
    {{"img", "a picture"},
     {"image", "a picture"},
     {"picture", "a picture"},
     {"svg", "a picture"},
     {"canvas", "a picture"},
     {"audio", "sound"},
     {"video", "a film"},
     {"object", "a file"},
     {"embed", "a file"},
     {"iframe", "a page of somewhere else"},
     {"script", "a script"},
     {"style", "a style sheet"},
     {"table", "a table"},
     {"ruby", "ruby characters"}}};

Error Unknown(const XmlNode& node) {
  std::string why = "<" + node.name + ">";
  for (const auto& [name, what] : kNamed) {
    if (node.name == name) why += ": " + std::string(what);
  }
  return Reject(std::move(why));
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Digits and signs have characters of their own as sub- and superscripts.
std::string Scripted(const std::string& text, bool super) {
  constexpr std::string_view kPlain = "0123456789+-";
  constexpr std::array<std::string_view, 12> kSuper = {"⁰", "¹", "²", "³", "⁴", "⁵",
                                                       "⁶", "⁷", "⁸", "⁹", "⁺", "⁻"};
  constexpr std::array<std::string_view, 12> kSub = {"₀", "₁", "₂", "₃", "₄", "₅",
                                                     "₆", "₇", "₈", "₉", "₊", "₋"};
  std::string out;
  for (const char c : text) {
    const size_t index = kPlain.find(c);
    if (index == std::string_view::npos) {
      const std::string mark = super ? "^" : "_";
      return text.size() == 1 ? mark + text : mark + "(" + text + ")";
    }
    out += super ? kSuper[index] : kSub[index];
  }
  return out;
}

class Writer {
 public:
  Result<void> Inside(const XmlNode& node) {
    for (const XmlNode& child : node.children) {
      auto written = child.is_text() ? Text(child.text) : Element(child);
      if (!written) return written;
    }
    return {};
  }
  std::string Done() {
    while (!out_.empty() && IsSpace(out_.back())) out_.pop_back();
    const size_t begin = std::min(out_.find_first_not_of(" \n"), out_.size());
    return out_.substr(begin);
  }

 private:
  Result<void> Text(const std::string& text) {
    for (const char c : text) {
      if (preformatted_ || !IsSpace(c)) {
        out_ += c;
      } else if (!out_.empty() && !IsSpace(out_.back())) {
        out_ += ' ';
      }
    }
    return {};
  }
  void TrimLine() {
    while (!out_.empty() && (out_.back() == ' ' || out_.back() == '\t')) out_.pop_back();
  }
  void Line() {
    TrimLine();
    if (!out_.empty() && out_.back() != '\n') out_ += '\n';
  }
  void Paragraph() {
    Line();
    if (!out_.empty() && !out_.ends_with("\n\n")) out_ += '\n';
  }
  // What is inside, on its own.
  Result<std::string> Apart(const XmlNode& node) {
    Writer writer;
    auto inside = writer.Inside(node);
    if (!inside) return inside.error();
    return writer.Done();
  }
  Result<void> Around(const XmlNode& node, std::string_view mark) {
    auto inside = Apart(node);
    if (!inside) return inside.error();
    if (!inside->empty()) out_ += std::string(mark) + *inside + std::string(mark);
    return {};
  }
  Result<void> List(const XmlNode& node) {
    const bool ordered = node.name == "ol";
    int number = 0;
    Paragraph();
    for (const XmlNode& child : node.children) {
      if (child.is_text()) {
        if (child.text.find_first_not_of(" \t\r\n") == std::string::npos) continue;
        return Reject("text between the items of <" + node.name + ">");
      }
      if (child.name != "li") return Unknown(child);
      auto item = Apart(child);
      if (!item) return item.error();
      Line();
      out_ += ordered ? std::to_string(++number) + ". " : "- ";
      // What goes on in an item stands under it.
      for (const char c : *item) {
        if (c == '\n') {
          out_ += "\n  ";
        } else {
          out_ += c;
        }
      }
    }
    Paragraph();
    return {};
  }
  Result<void> Link(const XmlNode& node) {
    const std::string address = node.Attribute("href");
    if (address.find("PLUGINFILE") != std::string::npos) return Reject("<a>: a file");
    auto inside = Apart(node);
    if (!inside) return inside.error();
    out_ += *inside;
    const bool web = address.starts_with("http://") || address.starts_with("https://");
    if (!web && !address.empty() && !address.starts_with("#")) {
      return Reject("<a>: a link to " + address.substr(0, 80));
    }
    if (web && *inside != address) out_ += " (" + address + ")";
    return {};
  }
  Result<void> Script(const XmlNode& node) {
    auto inside = Apart(node);
    if (!inside) return inside.error();
    if (!inside->empty()) out_ += Scripted(*inside, node.name == "sup");
    return {};
  }
  Result<void> Element(const XmlNode& node) {
    const std::string& name = node.name;
    if (name == "br") {
      TrimLine();
      out_ += '\n';
      return {};
    }
    if (name == "hr") return Paragraph(), Result<void>();
    if (IsIn(kInline, name)) return Inside(node);
    if (IsIn(kBlocks, name)) {
      Paragraph();
      auto inside = Inside(node);
      Paragraph();
      return inside;
    }
    if (name == "ul" || name == "ol") return List(node);
    if (name == "b" || name == "strong") return Around(node, "**");
    if (name == "i" || name == "em") return Around(node, "*");
    if (IsIn(kCode, name)) return Around(node, "`");
    if (name == "q") return Around(node, "\"");
    if (name == "sub" || name == "sup") return Script(node);
    if (name == "a") return Link(node);
    if (name == "pre") {
      Paragraph();
      out_ += "```\n";
      preformatted_ = true;
      auto inside = Inside(node);
      preformatted_ = false;
      Line();
      out_ += "```\n";
      Paragraph();
      return inside;
    }
    if (name == "math") {
      auto latex = LatexOf(node);
      if (!latex) return latex.error();
      if (!latex->empty()) out_ += "$$" + *latex + "$$";
      return {};
    }
    return Unknown(node);
  }

  std::string out_;
  bool preformatted_ = false;
};

bool HoldsMarkup(std::string_view text) {
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    const bool letter = std::isalpha(static_cast<unsigned char>(text[i + 1])) != 0;
    if (text[i] == '<' && (letter || text[i + 1] == '/' || text[i + 1] == '!')) return true;
    const size_t end = text.find_first_of("; \n", i);
    const bool entity = text[i] == '&' && (letter || text[i + 1] == '#');
    if (entity && end != std::string_view::npos && text[end] == ';') return true;
  }
  return false;
}

}  // namespace

std::string WithCourseMath(std::string_view text) {
  constexpr std::array<std::string_view, 8> kMarks = {
      "\\(", "\\)", "\\[", "\\]", "[mathjaxinline]", "[/mathjaxinline]", "[mathjax]", "[/mathjax]"};
  std::string out;
  for (size_t i = 0; i < text.size();) {
    size_t length = 0;
    // Behind another backslash it is a line break of LaTeX.
    const bool escaped = i > 0 && text[i - 1] == '\\';
    for (const std::string_view mark : kMarks) {
      if (!escaped && text.substr(i, mark.size()) == mark) length = mark.size();
    }
    if (length > 0) {
      out += "$$";
      i += length;
    } else {
      out += text[i++];
    }
  }
  const size_t begin = out.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return out.substr(begin, out.find_last_not_of(" \t\r\n") + 1 - begin);
}

Result<std::string> MarkdownOf(const XmlNode& node) {
  Writer writer;
  auto inside = writer.Inside(node);
  if (!inside) return inside.error();
  return WithCourseMath(writer.Done());
}

Result<std::string> MarkdownOfHtml(std::string_view html) {
  if (!HoldsMarkup(html)) return WithCourseMath(html);
  auto parsed = ParseHtml(html);
  if (!parsed) return parsed.error();
  return MarkdownOf(*parsed);
}

}  // namespace lyceum::tools
