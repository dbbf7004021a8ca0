// How the codecs read JSON that others have written: a field that is missing, null or of another
// type is not there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/json_depth.h"
#include "llm/text_joiner.h"

namespace lyceum::llm {

using Json = nlohmann::json;

// The value's field, or null.
inline const Json& Field(const Json& object, const char* name) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

inline std::string TextField(const Json& object, const char* name) {
  const Json& field = Field(object, name);
  return field.is_string() ? field.get<std::string>() : std::string();
}

// Of a count of tokens. Negative and fractional ones are 0.
inline uint32_t CountField(const Json& object, const char* name) {
  const Json& field = Field(object, name);
  if (!field.is_number_unsigned()) return 0;
  return static_cast<uint32_t>(
      std::min<uint64_t>(field.get<uint64_t>(), std::numeric_limits<uint32_t>::max()));
}

// Never throws: bytes that are not UTF-8 become U+FFFD.
inline std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Discarded where it is not JSON. Texts in it are Marked.
inline Json ParseJson(std::string_view text) {
  if (IsTooDeepJson(text)) return Json(Json::value_t::discarded);
  return Json::parse(Marked(text), nullptr, false);
}

}  // namespace lyceum::llm
