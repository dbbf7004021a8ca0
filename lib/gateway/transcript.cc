#include "gateway/transcript.h"

#include <algorithm>

#include "base/digest.h"
#include "base/json_depth.h"
#include "gateway/limits.h"

namespace lyceum::gateway {

using nlohmann::json;

json ReadJson(std::string_view text) {
  if (IsTooDeepJson(text)) return json(json::value_t::discarded);
  return json::parse(text, nullptr, false);
}

std::string EventIdOf(const std::string& id) {
  const bool good = !id.empty() && id.size() <= kIdBytesMax &&
                    std::all_of(id.begin(), id.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  return good ? id : "h-" + Sha256Hex(id).substr(0, 40);
}

std::string TextOfParts(const json& parts) {
  std::string text;
  if (!parts.is_array()) return text;
  for (const json& part : parts) {
    if (part.is_object() && part.value("type", json()) == "text" && part.contains("text") &&
        part["text"].is_string()) {
      text += part["text"].get<std::string>();
    }
  }
  return text;
}

Result<std::string> EventJson(const json& lyceum, const std::string& id, const std::string& text) {
  json event = json::object();
  if (!lyceum.is_discarded()) {
    if (!lyceum.is_object() || lyceum.size() != 1) {
      return Reject("`lyceum` is one event: {\"start\": {\"course\": ...}}, {\"hint\": {}}, ...");
    }
    event = lyceum;
  } else {
    if (text.empty()) return Reject("The last message of the user has no text: send one that has.");
    event["message"] = {{"text", text}};
  }
  event["id"] = EventIdOf(id);
  return event.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace lyceum::gateway
