#include "llm/structured.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace lyceum::llm {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

// As the words of an enum are written: lower case, "_" between.
std::string Plain(std::string_view text) {
  std::string plain(Trimmed(text));
  while (!plain.empty() && (plain.back() == '.' || plain.back() == '!')) plain.pop_back();
  for (char& c : plain) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == ' ' || c == '-') c = '_';
  }
  return plain;
}

// Where the object that begins here ends; empty: it does not.
std::optional<size_t> ObjectEnd(std::string_view text, size_t begin) {
  size_t depth = 0;
  bool in_text = false;
  for (size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return i + 1;
    }
  }
  return std::nullopt;
}

void MendText(const Json& schema, Json* value) {
  if (value->is_null()) *value = "";
  if (value->is_number_integer()) *value = Dump(*value);
  const Json& words = Field(schema, "enum");
  if (!value->is_string() || !words.is_array()) return;
  if (std::find(words.begin(), words.end(), *value) != words.end()) return;
  const std::string plain = Plain(value->get_ref<const std::string&>());
  for (const Json& word : words) {
    if (word.is_string() && word.get_ref<const std::string&>() == plain) *value = word;
  }
}

void MendNumber(Json* value) {
  if (!value->is_string()) return;
  const std::string_view text = Trimmed(value->get_ref<const std::string&>());
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return;
  *value = number;
}

void MendObject(const Json& schema, Json* value) {
  const Json& properties = Field(schema, "properties");
  if (!properties.is_object()) return;
  for (const auto& [name, of] : properties.items()) {
    if (value->contains(name)) continue;
    for (const auto& item : value->items()) {
      if (properties.contains(item.key()) || Plain(item.key()) != Plain(name)) continue;
      Json moved = std::move(item.value());
      value->erase(item.key());
      (*value)[name] = std::move(moved);
      break;
    }
  }
  if (Field(schema, "additionalProperties") == false) {
    for (auto item = value->begin(); item != value->end();) {
      item = properties.contains(item.key()) ? std::next(item) : value->erase(item);
    }
  }
  for (const auto& [name, of] : properties.items()) {
    if (const auto found = value->find(name); found != value->end()) Mend(of, &*found);
  }
}

}  // namespace

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::vector<Json> ObjectsIn(std::string_view text) {
  Json whole = ParseJson(text);
  // With some servers the input of a tool is a text of JSON in a text.
  if (whole.is_string()) whole = ParseJson(whole.get<std::string>());
  if (whole.is_array() && whole.size() == 1) whole = Json(whole[0]);
  if (whole.is_object()) return {std::move(whole)};
  std::vector<Json> objects;
  size_t tries = 0;
  for (size_t at = text.find('{'); at != std::string_view::npos && objects.size() < kObjectsMax;) {
    const std::optional<size_t> end = ObjectEnd(text, at);
    Json object(Json::value_t::discarded);
    if (end) object = ParseJson(text.substr(at, *end - at));
    if (!end && ++tries > kObjectsMax) break;  // Each looks through the rest.
    size_t next = at + 1;
    if (object.is_object()) {
      objects.push_back(std::move(object));
      next = *end;
    }
    at = text.find('{', next);
  }
  return objects;
}

void Mend(const Json& schema, Json* value) {
  const std::string type = TextField(schema, "type");
  if (type == "object" && value->is_object()) return MendObject(schema, value);
  if (type == "string") return MendText(schema, value);
  if (type == "number") return MendNumber(value);
  if (type == "boolean" && value->is_string()) {
    const std::string plain = Plain(value->get_ref<const std::string&>());
    if (plain == "true" || plain == "false") *value = plain == "true";
  }
  if (type != "array") return;
  if (value->is_null()) *value = Json::array();
  if (!value->is_array()) return;
  for (Json& item : *value) Mend(Field(schema, "items"), &item);
}

}  // namespace lyceum::llm
