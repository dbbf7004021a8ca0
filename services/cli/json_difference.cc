#include "cli/json_difference.h"

namespace lyceum::cli {

using Json = nlohmann::ordered_json;

std::string FirstDifference(const Json& live, const Json& replayed, const std::string& path) {
  if (live == replayed) return "";
  if (live.is_object() && replayed.is_object()) {
    Json keys = live;
    keys.update(replayed);
    for (const auto& [key, unused] : keys.items()) {
      const Json a = live.contains(key) ? live[key] : Json();
      const Json b = replayed.contains(key) ? replayed[key] : Json();
      std::string found = FirstDifference(a, b, path.empty() ? key : path + "." + key);
      if (!found.empty()) return found;
    }
    return "";
  }
  if (live.is_array() && replayed.is_array() && live.size() == replayed.size()) {
    for (size_t i = 0; i < live.size(); ++i) {
      std::string found =
          FirstDifference(live[i], replayed[i], path + "[" + std::to_string(i) + "]");
      if (!found.empty()) return found;
    }
    return "";
  }
  return path + ": live " + live.dump() + ", replayed " + replayed.dump();
}

}  // namespace lyceum::cli
