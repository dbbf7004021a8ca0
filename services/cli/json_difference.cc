#include "cli/json_difference.h"

#include <algorithm>

namespace lyceum::cli {

using Json = nlohmann::ordered_json;

namespace {

void AddDifferences(const Json& was, const Json& is, const std::string& path,
                    std::vector<JsonDifference>* found) {
  if (was == is) return;
  // What is not there is told member by member where there is something to compare it with.
  const auto can_be = [](const Json& value, bool (Json::*is_kind)() const noexcept) {
    return value.is_null() || (value.*is_kind)();
  };
  if (can_be(was, &Json::is_object) && can_be(is, &Json::is_object)) {
    Json keys = was.is_null() ? Json::object() : was;
    if (!is.is_null()) keys.update(is);
    for (const auto& [key, unused] : keys.items()) {
      AddDifferences(was.contains(key) ? was[key] : Json(), is.contains(key) ? is[key] : Json(),
                     path.empty() ? key : path + "." + key, found);
    }
  } else if (can_be(was, &Json::is_array) && can_be(is, &Json::is_array)) {
    for (size_t i = 0; i < std::max(was.size(), is.size()); ++i) {
      AddDifferences(i < was.size() ? was[i] : Json(), i < is.size() ? is[i] : Json(),
                     path + "[" + std::to_string(i) + "]", found);
    }
  } else {
    found->push_back({path, was, is});
  }
}

}  // namespace

std::vector<JsonDifference> Differences(const Json& was, const Json& is) {
  std::vector<JsonDifference> found;
  AddDifferences(was, is, "", &found);
  return found;
}

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
