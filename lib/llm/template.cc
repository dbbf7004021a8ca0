#include "llm/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "llm/untrusted.h"

namespace lyceum::llm {
namespace {

using Node = Template::Node;

constexpr size_t kNestingMax = 8;
constexpr size_t kWordBytesMax = 128;
constexpr std::string_view kItem = ".";

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' ||
         c == '_' || c == '.' || c == '-';
}

std::string_view WithoutBlanks(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

struct Mark {
  char sigil = 0;  // # ^ / > !  0: a value.
  std::string name;
};

class Parser {
 public:
  Parser(const TemplateNames& names, const TemplateParts& parts) : names_(names), parts_(parts) {}

  Result<std::vector<Node>> Parse(std::string_view text) {
    open_.push_back({{}, {}, false});
    if (auto read = Read(text, 0); !read) return read.error();
    if (open_.size() > 1) return Reject("{{#" + open_.back().node.text + "}} is not closed");
    return std::move(open_.back().node.inside);
  }

 private:
  struct Open {
    Node node;
    std::vector<std::string> fields;  // Names that are known here and not outside.
    bool of_part = false;             // A part closes what it opens.
  };

  Result<void> Read(std::string_view text, size_t depth) {
    if (depth > kNestingMax) return Reject("the parts are nested too deep, or in a circle");
    size_t line = 1;
    size_t done = 0;
    while (true) {
      const size_t begin = text.find("{{", done);
      if (begin == std::string_view::npos) break;
      line += static_cast<size_t>(std::count(text.begin() + static_cast<long>(done),
                                             text.begin() + static_cast<long>(begin), '\n'));
      const size_t close = text.find("}}", begin);
      if (close == std::string_view::npos) return At(line, "a tag is not closed");
      auto tag = ReadTag(text.substr(begin + 2, close - begin - 2));
      if (!tag) return At(line, tag.error().text);
      size_t text_end = begin;
      size_t next = close + 2;
      if (tag->sigil != 0) TakeLine(text, done, &text_end, &next);
      AddText(text.substr(done, text_end - done));
      if (auto taken = Take(*tag, depth); !taken) return At(line, taken.error().text);
      line += static_cast<size_t>(std::count(text.begin() + static_cast<long>(begin),
                                             text.begin() + static_cast<long>(next), '\n'));
      done = next;
    }
    AddText(text.substr(done));
    return {};
  }

  static Error At(size_t line, const std::string& what) {
    return Reject(fmt::format("line {}: {}", line, what));
  }

  // A tag that is alone on its line: the line goes with it.
  static void TakeLine(std::string_view text, size_t done, size_t* text_end, size_t* next) {
    size_t begin = *text_end;
    while (begin > done && (text[begin - 1] == ' ' || text[begin - 1] == '\t')) --begin;
    if (begin > 0 && text[begin - 1] != '\n') return;
    size_t end = *next;
    while (end < text.size() && (text[end] == ' ' || text[end] == '\t' || text[end] == '\r')) ++end;
    if (end < text.size() && text[end] != '\n') return;
    *text_end = begin;
    *next = std::min(end + 1, text.size());
  }

  static Result<Mark> ReadTag(std::string_view inside) {
    Mark tag;
    inside = WithoutBlanks(inside);
    if (!inside.empty() && inside[0] == '!') return Mark{'!', ""};
    if (!inside.empty() && std::string_view("#^/>").find(inside[0]) != std::string_view::npos) {
      tag.sigil = inside[0];
      inside = WithoutBlanks(inside.substr(1));
    }
    const bool good = inside == kItem ||
                      (!inside.empty() && std::all_of(inside.begin(), inside.end(), [](char c) {
                        return (c >= 'a' && c <= 'z') || c == '_';
                      }));
    if (!good) {
      return Reject(
          "a tag holds # ^ / > ! or nothing, then a name of [a-z_], or a dot; there is "
          "no unescaped form");
    }
    tag.name = std::string(inside);
    return tag;
  }

  void AddText(std::string_view text) {
    if (text.empty()) return;
    open_.back().node.inside.push_back({Node::Kind::kText, std::string(text), {}});
  }

  bool IsKnown(const std::string& name) const {
    if (name != kItem && names_.contains(name)) return true;
    return std::any_of(open_.begin(), open_.end(), [&](const Open& open) {
      return std::find(open.fields.begin(), open.fields.end(), name) != open.fields.end();
    });
  }
  // The names inside a list; empty: it is none.
  std::vector<std::string> FieldsOf(const std::string& name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? std::vector<std::string>{} : found->second;
  }
  std::string Known() const {
    std::string all;
    for (const auto& [name, fields] : names_) all += (all.empty() ? "" : ", ") + name;
    for (const Open& open : open_) {
      for (const std::string& field : open.fields) all += ", " + field;
    }
    return all;
  }

  Result<void> Take(const Mark& tag, size_t depth) {
    if (tag.sigil == '!') return {};
    if (tag.sigil == '>') return TakePart(tag.name, depth);
    if (tag.sigil == '/') return Close(tag.name);
    if (!IsKnown(tag.name)) {
      return Reject("{{" + tag.name + "}} is not known here; known are " + Known());
    }
    if (tag.sigil == 0) {
      if (!FieldsOf(tag.name).empty()) {
        return Reject("{{" + tag.name + "}} is a list: {{#" + tag.name + "}} goes through it");
      }
      open_.back().node.inside.push_back({Node::Kind::kValue, tag.name, {}});
      return {};
    }
    if (open_.size() > kNestingMax) return Reject("sections are nested too deep");
    Open open;
    open.node.kind = tag.sigil == '#' ? Node::Kind::kSection : Node::Kind::kInverted;
    open.node.text = tag.name;
    if (tag.sigil == '#') open.fields = FieldsOf(tag.name);
    open_.push_back(std::move(open));
    return {};
  }

  Result<void> TakePart(const std::string& name, size_t depth) {
    const auto part = parts_.find(name);
    if (part == parts_.end()) return Reject("there is no part " + name);
    const size_t open_before = open_.size();
    const bool of_part = std::exchange(open_.back().of_part, true);
    auto read = Read(part->second, depth + 1);
    if (!read) return Reject("in the part " + name + ", " + read.error().text);
    if (open_.size() != open_before) {
      return Reject("the part " + name + " leaves {{#" + open_.back().node.text + "}} open");
    }
    open_.back().of_part = of_part;
    return {};
  }

  Result<void> Close(const std::string& name) {
    Open& last = open_.back();
    if (open_.size() == 1 || last.node.text != name || last.of_part) {
      return Reject("{{/" + name + "}} closes what is not open");
    }
    Node node = std::move(last.node);
    open_.pop_back();
    open_.back().node.inside.push_back(std::move(node));
    return {};
  }

  const TemplateNames& names_;
  const TemplateParts& parts_;
  std::vector<Open> open_;  // The whole first.
};

class Writer {
 public:
  explicit Writer(size_t bytes_max) : bytes_max_(bytes_max) {}

  // False: it is longer than it may be.
  bool Write(const std::vector<Node>& nodes) {
    return std::all_of(nodes.begin(), nodes.end(), [&](const Node& node) { return Write(node); });
  }
  void Enter(const Values* values, std::string_view list) { scopes_.push_back({values, list}); }
  void Leave() { scopes_.pop_back(); }
  std::string Take() { return std::move(out_); }

 private:
  struct Scope {
    const Values* values;
    std::string_view list;  // Whose item it is.
  };

  bool Write(const Node& node) {
    switch (node.kind) {
      case Node::Kind::kText:
        return Add(node.text);
      case Node::Kind::kValue:
        return WriteValue(node.text);
      case Node::Kind::kSection:
        return WriteSection(node);
      case Node::Kind::kInverted:
        return !IsEmpty(Find(node.text)) || Write(node.inside);
    }
    return true;
  }

  bool Add(std::string_view text) {
    if (out_.size() + text.size() > bytes_max_) return false;
    out_ += text;
    return true;
  }

  const Values::Value* Find(std::string_view name) const {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      if (const Values::Value* found = scope->values->Find(name)) return found;
    }
    return nullptr;
  }

  static bool IsEmpty(const Values::Value* value) {
    if (value == nullptr) return true;
    if (const auto* word = std::get_if<std::string>(value)) return word->empty();
    if (const auto* text = std::get_if<Values::Untrusted>(value)) return text->text.empty();
    return std::get<std::vector<Values>>(*value).empty();
  }

  bool WriteValue(const std::string& name) {
    const Values::Value* value = Find(name);
    if (value == nullptr) return true;
    if (const auto* word = std::get_if<std::string>(value)) return Add(*word);
    CHECK(std::holds_alternative<Values::Untrusted>(*value));
    const auto& text = std::get<Values::Untrusted>(*value);
    const std::string_view shown = name == kItem ? scopes_.back().list : std::string_view(name);
    return Add(Quoted(shown, text.text, text.bytes_max));
  }

  bool WriteSection(const Node& node) {
    const Values::Value* value = Find(node.text);
    if (IsEmpty(value)) return true;
    const auto* items = std::get_if<std::vector<Values>>(value);
    if (items == nullptr) return Write(node.inside);
    return std::all_of(items->begin(), items->end(), [&](const Values& item) {
      Enter(&item, node.text);
      const bool fits = Write(node.inside);
      Leave();
      return fits;
    });
  }

  const size_t bytes_max_;
  std::vector<Scope> scopes_;
  std::string out_;
};

}  // namespace

Values& Values::Word(std::string name, std::string word) {
  CHECK(word.size() <= kWordBytesMax && std::all_of(word.begin(), word.end(), IsWordByte));
  values_.insert_or_assign(std::move(name), std::move(word));
  return *this;
}

Values& Values::Text(std::string name, std::string text, size_t bytes_max) {
  values_.insert_or_assign(std::move(name), Untrusted{std::move(text), bytes_max});
  return *this;
}

Values& Values::List(std::string name, std::vector<Values> items) {
  values_.insert_or_assign(std::move(name), std::move(items));
  return *this;
}

Values& Values::Texts(std::string name, const std::vector<std::string>& texts, size_t bytes_max) {
  std::vector<Values> items;
  for (const std::string& text : texts) {
    items.emplace_back().Text(std::string(kItem), text, bytes_max);
  }
  return List(std::move(name), std::move(items));
}

const Values::Value* Values::Find(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

Result<Template> Template::Parse(std::string_view text, const TemplateNames& names,
                                 const TemplateParts& parts) {
  auto nodes = Parser(names, parts).Parse(text);
  if (!nodes) return nodes.error();
  Template parsed;
  parsed.nodes_ = std::move(*nodes);
  return parsed;
}

Result<std::string> Template::Render(const Values& values, size_t bytes_max) const {
  Writer writer(bytes_max);
  writer.Enter(&values, {});
  if (!writer.Write(nodes_)) {
    return Reject(fmt::format("the prompt would be longer than {} bytes", bytes_max));
  }
  return writer.Take();
}

}  // namespace lyceum::llm
