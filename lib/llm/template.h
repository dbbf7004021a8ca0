// Template: a prompt with places for values. No logic but "for each" and "if there is any".
//
//   {{name}}                        a value
//   {{#name}} ... {{/name}}         for each item of a list; of a text: if it is not empty
//   {{^name}} ... {{/name}}         if the list or the text is empty
//   {{.}}                           the item itself, in a list of texts
//   {{> part}}                      another file of shared words, as if it stood here
//   {{! a comment }}
// A tag of a section, part or comment that is alone on its line takes the line with it. There is no
// unescaped form: a value of ours is a plain word, any other is data between tags (untrusted.h).
// A value is never read as a template. Errors at load (kReject, with the line): a name that is not
// known there, a section that is not closed or not open, nesting over 8.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace lyceum::llm {

// What stands in the places. A name without a value counts as empty.
class Values {
 public:
  // Ours: a number or a word of a table, [A-Za-z0-9 _.-]{0,128}. Anything else is a CHECK failure.
  Values& Word(std::string name, std::string word);
  // Everybody else's. At most bytes_max bytes of it are shown.
  Values& Text(std::string name, std::string text, size_t bytes_max);
  Values& List(std::string name, std::vector<Values> items);
  Values& Texts(std::string name, const std::vector<std::string>& texts, size_t bytes_max);

  struct Untrusted {
    std::string text;
    size_t bytes_max = 0;
  };
  using Value = std::variant<std::string, Untrusted, std::vector<Values>>;
  const Value* Find(std::string_view name) const;  // Null: not there.

 private:
  std::map<std::string, Value, std::less<>> values_;
};

// The names that a template may use. Of a list: the names inside it, or "." for a list of texts.
// Of anything else: nothing.
using TemplateNames = std::map<std::string, std::vector<std::string>, std::less<>>;
// The shared parts, by name.
using TemplateParts = std::map<std::string, std::string, std::less<>>;

class Template {
 public:
  static Result<Template> Parse(std::string_view text, const TemplateNames& names,
                                const TemplateParts& parts = {});
  // kReject: it would be longer than bytes_max.
  Result<std::string> Render(const Values& values, size_t bytes_max) const;

  struct Node {
    enum class Kind { kText, kValue, kSection, kInverted };
    Kind kind = Kind::kText;
    std::string text;  // Or the name.
    std::vector<Node> inside;
  };

 private:
  std::vector<Node> nodes_;
};

}  // namespace lyceum::llm
