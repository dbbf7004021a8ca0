#include "tools/course_bucket.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/base64url.h"
#include "base/token.h"
#include "envelope/codec.h"
#include "tools/lru.h"

namespace lyceum::tools {
namespace {

using Json = nlohmann::json;

constexpr size_t kIndexBytesMax = 1024 * 1024;

// The key form of an id: its token with '=' for '~'.
Result<std::string> KeyPart(const std::string& id, const char* what) {
  auto token = ToToken(id);
  if (!token) return Reject(std::string("this is no id of a ") + what);
  std::replace(token->begin(), token->end(), '~', '=');
  return token;
}

Result<std::string> IndexKey(const CourseId& course, const std::string& version) {
  auto part = KeyPart(course.value, "course");
  if (!part) return part;
  auto last = KeyPart(version.empty() ? "current" : version, "version");
  if (!last) return last;
  return "course." + *part + "." + *last;
}

Result<std::string> TopicKey(const CourseId& course, const std::string& version,
                             const TopicId& topic) {
  auto course_part = KeyPart(course.value, "course");
  if (!course_part) return course_part;
  auto version_part = KeyPart(version, "version");
  if (!version_part) return version_part;
  auto topic_part = KeyPart(topic.value, "topic");
  if (!topic_part) return topic_part;
  return "topic." + *course_part + "." + *version_part + "." + *topic_part;
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

// "; there are: a, b", the first ones.
std::string ThereAre(const std::vector<std::string>& names) {
  constexpr size_t kNamesMax = 12;
  if (names.empty()) return "; there is none";
  std::string text = "; there are: ";
  for (size_t i = 0; i < std::min(names.size(), kNamesMax); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  return names.size() > kNamesMax ? text + " ..." : text;
}

std::string EncodeIndex(const CourseIndex& index) {
  Json topics = Json::array();
  for (const auto& topic : index.topics) {
    topics.push_back({{"id", topic.id.value},
                      {"title", topic.title},
                      {"segments", topic.segments},
                      {"questions", topic.questions}});
  }
  return Json{{"course", index.id.value},
              {"title", index.title},
              {"version", index.version},
              {"topics", std::move(topics)}}
      .dump();
}

Result<CourseIndex> DecodeIndex(const std::string& key, const std::string& bytes) {
  const Json json = bytes.size() > kIndexBytesMax ? Json() : Json::parse(bytes, nullptr, false);
  const Error damaged = Fatal("the course bucket holds a damaged index at " + key);
  if (!json.is_object() || !json.contains("topics") || !json["topics"].is_array()) return damaged;
  const auto text = [](const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto count = [](const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number_unsigned() ? found->get<uint32_t>() : 0U;
  };
  CourseIndex index{CourseId(text(json, "course")), text(json, "title"), text(json, "version"), {}};
  for (const Json& topic : json["topics"]) {
    if (!topic.is_object() || text(topic, "id").empty()) return damaged;
    index.topics.push_back({TopicId(text(topic, "id")), text(topic, "title"),
                            count(topic, "segments"), count(topic, "questions")});
  }
  if (index.id.empty() || index.version.empty() || index.topics.empty()) return damaged;
  return index;
}

}  // namespace

class CourseBucket::Cache : public Lru<tutor::Topic> {
 public:
  using Lru::Lru;
};

CourseIndex IndexOf(const Course& course) {
  CourseIndex index{course.id, course.title, course.version, {}};
  for (const tutor::Topic& topic : course.topics) {
    index.topics.push_back({topic.id, topic.title, static_cast<uint32_t>(topic.material.size()),
                            static_cast<uint32_t>(topic.questions.size())});
  }
  return index;
}

CourseBucket::CourseBucket(std::shared_ptr<wire::Connection> connection, wire::Bucket bucket,
                           size_t cache_bytes_max)
    : connection_(std::move(connection)),
      bucket_(std::move(bucket)),
      cache_(std::make_unique<Cache>(cache_bytes_max)) {}

CourseBucket::~CourseBucket() = default;

Result<std::unique_ptr<CourseBucket>> CourseBucket::Open(
    std::shared_ptr<wire::Connection> connection, const envelope::Subjects& subjects,
    size_t cache_bytes_max) {
  auto bucket = wire::Bucket::Open(*connection, subjects.CourseBucket());
  if (!bucket) return bucket.error();
  if (!bucket->has_value()) {
    return Reject("there is no bucket " + subjects.CourseBucket() + ": run lyceum init first");
  }
  return std::unique_ptr<CourseBucket>(
      new CourseBucket(std::move(connection), std::move(**bucket), cache_bytes_max));
}

Result<bool> CourseBucket::Put(const Course& course) {
  const std::string index = EncodeIndex(IndexOf(course));
  if (index.size() > kIndexBytesMax) return Reject("the index of the course is over 1 MiB");
  for (const tutor::Topic& topic : course.topics) {
    const std::string bytes = envelope::EncodeTopic(topic);
    if (bytes.size() > kTopicBytesMax) {
      return Reject("the topic " + topic.id.value + " is over 256 KiB");
    }
    auto key = TopicKey(course.id, course.version, topic.id);
    if (!key) return key.error();
    auto created = bucket_.Create(*key, bytes);
    if (!created) return created.error();
  }
  auto key = IndexKey(course.id, course.version);
  if (!key) return key.error();
  auto created = bucket_.Create(*key, index);
  if (!created) return created.error();
  auto current = IndexKey(course.id, {});
  if (!current) return current.error();
  if (auto put = bucket_.Put(*current, index); !put) return put.error();
  return *created;
}

Result<std::optional<CourseIndex>> CourseBucket::Find(const CourseId& course,
                                                      const std::string& version) {
  auto key = IndexKey(course, version);
  if (!key) return key.error();
  auto bytes = bucket_.Get(*key);
  if (!bytes) return bytes.error();
  if (!bytes->has_value()) return std::optional<CourseIndex>();
  auto index = DecodeIndex(*key, **bytes);
  if (!index) return index.error();
  return std::optional<CourseIndex>(std::move(*index));
}

Result<std::vector<CourseIndex>> CourseBucket::List() {
  auto keys = bucket_.Keys();
  if (!keys) return keys.error();
  std::sort(keys->begin(), keys->end());
  std::vector<CourseIndex> courses;
  const std::string_view last = ".current";
  for (const std::string& key : *keys) {
    const bool current = key.rfind("course.", 0) == 0 && key.size() > last.size() &&
                         key.compare(key.size() - last.size(), last.size(), last) == 0;
    if (!current) continue;
    auto bytes = bucket_.Get(key);
    if (!bytes) return bytes.error();
    if (!bytes->has_value()) continue;  // Deleted since.
    auto index = DecodeIndex(key, **bytes);
    if (!index) return index.error();
    courses.push_back(std::move(*index));
  }
  return courses;
}

Result<std::shared_ptr<const tutor::Topic>> CourseBucket::Get(const tutor::TopicRef& given) {
  tutor::TopicRef ref = given;
  if (ref.version.empty() || ref.topic.empty()) {
    auto index = Find(ref.course, ref.version);
    if (!index) return index.error();
    if (!index->has_value()) return Missing(ref);
    ref.version = (*index)->version;
    if (ref.topic.empty()) ref.topic = (*index)->topics.front().id;
  }
  return Read(ref);
}

Result<std::vector<TopicId>> CourseBucket::Order(const CourseId& course,
                                                 const std::string& version) {
  const auto index = Find(course, version);
  if (!index) return index.error();
  std::vector<TopicId> topics;
  if (!index->has_value()) return topics;
  for (const auto& topic : (*index)->topics) topics.push_back(topic.id);
  return topics;
}

// Who asks for what is not there is told what is.
Error CourseBucket::Missing(const tutor::TopicRef& ref) {
  auto keys = bucket_.Keys();
  if (!keys) return keys.error();
  const std::vector<std::string> courses = Parts(*keys, "course.", ".current");
  auto course = KeyPart(ref.course.value, "course");
  if (!course) return course.error();
  const std::vector<std::string> versions = Parts(*keys, "course." + *course + ".", "");
  if (versions.empty()) {
    return Reject("there is no course " + ref.course.value + ThereAre(courses));
  }
  auto index = Find(ref.course, ref.version);
  if (!index) return index.error();
  if (!index->has_value()) {
    return Reject("the course " + ref.course.value + " has no version " + ref.version +
                  ThereAre(versions));
  }
  std::vector<std::string> topics;
  for (const auto& topic : (*index)->topics) topics.push_back(topic.id.value);
  return Reject("the course " + ref.course.value + " has no topic " + ref.topic.value +
                " in version " + ref.version + ThereAre(topics));
}

std::shared_ptr<const tutor::Topic> CourseBucket::AtHand(const tutor::TopicRef& ref) {
  if (ref.version.empty() || ref.topic.empty()) return nullptr;
  const auto key = TopicKey(ref.course, ref.version, ref.topic);
  return key ? cache_->Get(*key) : nullptr;
}

Result<std::shared_ptr<const tutor::Topic>> CourseBucket::Read(const tutor::TopicRef& ref) {
  auto key = TopicKey(ref.course, ref.version, ref.topic);
  if (!key) return key.error();
  if (auto kept = cache_->Get(*key)) return kept;
  auto bytes = bucket_.Get(*key);
  if (!bytes) return bytes.error();
  if (!bytes->has_value()) {
    return Missing(ref);
  }
  auto topic = envelope::DecodeTopic(**bytes);
  if (!topic) return Fatal("the course bucket holds a damaged topic at " + *key);
  auto shared = std::make_shared<const tutor::Topic>(std::move(*topic));
  cache_->Put(*key, shared, (*bytes)->size());
  return shared;
}

}  // namespace lyceum::tools
