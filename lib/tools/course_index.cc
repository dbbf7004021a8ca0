#include "tools/course_index.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "envelope/topics.h"

namespace lyceum::tools {

// The key form of an id: its token with '=' for '~'.
Result<std::string> KeyPart(const std::string& id, const char* what) {
  auto part = envelope::KeyPartOf(id);
  if (!part) return Reject(std::string("this is no id of a ") + what);
  return std::move(*part);
}

Result<std::string> IndexKey(const CourseId& course, const std::string& version) {
  auto part = KeyPart(course.value, "course");
  if (!part) return part;
  auto last = KeyPart(version.empty() ? "current" : version, "version");
  if (!last) return last;
  return "course." + *part + "." + *last;
}

// What stands between `begin` and `end` in those keys that have both, as ids; "current" is none.
std::vector<std::string> Parts(const std::vector<std::string>& keys, std::string_view begin,
                               std::string_view end) {
  std::vector<std::string> parts;
  for (const std::string& key : keys) {
    if (key.size() <= begin.size() + end.size()) continue;
    if (!key.starts_with(begin) || !key.ends_with(end)) continue;
    std::string part = key.substr(begin.size(), key.size() - begin.size() - end.size());
    if (part == "current" || part.find('.') != std::string::npos) continue;
    if (part.front() == '=') {
      const auto id = DecodeBase64Url(std::string_view(part).substr(1));
      if (!id) continue;
      part = *id;
    }
    parts.push_back(std::move(part));
  }
  std::sort(parts.begin(), parts.end());
  return parts;
}

std::string EncodeIndex(const CourseIndex& index) {
  nlohmann::json topics = nlohmann::json::array();
  for (const auto& topic : index.topics) {
    topics.push_back({{"id", topic.id.value},
                      {"title", topic.title},
                      {"segments", topic.segments},
                      {"questions", topic.questions}});
  }
  nlohmann::json json = {{"course", index.id.value},
                         {"title", index.title},
                         {"version", index.version},
                         {"topics", std::move(topics)}};
  const std::string functions = EncodeFunctions(index.functions);
  if (!functions.empty()) json["functions"] = nlohmann::json::parse(functions);
  return json.dump();
}

Result<CourseIndex> DecodeIndex(const std::string& key, const std::string& bytes) {
  const nlohmann::json json = bytes.size() > kIndexBytesMax
                                  ? nlohmann::json()
                                  : nlohmann::json::parse(bytes, nullptr, false);
  const Error damaged = Fatal("the course bucket holds a damaged index at " + key);
  if (!json.is_object() || !json.contains("topics") || !json["topics"].is_array()) return damaged;
  const auto text = [](const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto count = [](const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number_unsigned() ? found->get<uint32_t>() : 0U;
  };
  CourseIndex index{
      CourseId(text(json, "course")), text(json, "title"), text(json, "version"), {}, {}};
  for (const nlohmann::json& topic : json["topics"]) {
    if (!topic.is_object() || text(topic, "id").empty()) return damaged;
    index.topics.push_back({TopicId(text(topic, "id")), text(topic, "title"),
                            count(topic, "segments"), count(topic, "questions")});
  }
  // Later programs may write more about a function, and earlier ones wrote none.
  for (const nlohmann::json& each : json.value("functions", nlohmann::json::array())) {
    if (!each.is_object() || text(each, "name").empty()) return damaged;
    index.functions.push_back({text(each, "name"), text(each, "description"),
                               text(each, "arguments"), text(each, "result")});
  }
  if (index.id.empty() || index.version.empty() || index.topics.empty()) return damaged;
  return index;
}

}  // namespace lyceum::tools
