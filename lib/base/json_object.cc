#include "base/json_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/token.h"

namespace lyceum {
namespace {

bool IsEscaped(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

void AppendEscape(char c, std::string* out) {
  constexpr std::string_view kLetters = "\"\\\b\f\n\r\t";
  const size_t letter = kLetters.find(c);
  if (letter != std::string_view::npos) {
    out->append(1, '\\').append(1, "\"\\bfnrt"[letter]);
  } else {
    fmt::format_to(std::back_inserter(*out), "\\u{:04x}", static_cast<unsigned>(c));
  }
}

}  // namespace

void JsonObject::Name(std::string_view name) {
  text_.append(text_.empty() ? "{\"" : ",\"").append(name).append("\":");
}

JsonObject& JsonObject::Add(std::string_view name, std::string_view text) {
  if (!IsUtf8(text)) {
    using Json = nlohmann::json;
    return AddJson(name, Json(text).dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  Name(name);
  text_.reserve(text_.size() + text.size() + text.size() / 16 + 2);
  text_ += '"';
  for (auto at = text.begin(); at != text.end();) {
    const auto stop = std::find_if(at, text.end(), IsEscaped);
    text_.append(at, stop);
    if (stop == text.end()) break;
    AppendEscape(*stop, &text_);
    at = stop + 1;
  }
  text_ += '"';
  return *this;
}

JsonObject& JsonObject::Add(std::string_view name, bool value) {
  return AddJson(name, value ? "true" : "false");
}

JsonObject& JsonObject::Add(std::string_view name, double value) {
  return AddJson(name, nlohmann::json(value).dump());
}

JsonObject& JsonObject::AddInteger(std::string_view name, int64_t value) {
  return AddJson(name, fmt::format_int(value).c_str());
}

JsonObject& JsonObject::AddJson(std::string_view name, std::string_view json) {
  Name(name);
  text_ += json;
  return *this;
}

std::string JsonObject::End() {
  text_ += text_.empty() ? "{}" : "}";
  return std::move(text_);
}

}  // namespace lyceum
