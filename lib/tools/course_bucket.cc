#include "tools/course_bucket.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "envelope/topics.h"
#include "tools/course_index.h"
#include "tools/lru.h"

namespace lyceum::tools {
namespace {

constexpr size_t kFunctionsCacheBytes = 8 * 1024 * 1024;
constexpr size_t kFunctionsBytesLeast = 512;
constexpr size_t kBytesPerSchemaByte = 16;  // Of a schema that was read, by and large.

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

}  // namespace

struct CourseBucket::Value {
  tutor::Topic topic;
  std::string digest;  // Of its bytes.
};

class CourseBucket::Cache : public Lru<Value> {
 public:
  using Lru::Lru;
};

Result<tutor::LoadTopicOk> TopicSource::Load(const tutor::TopicRef& ref) {
  auto topic = Get(ref);
  if (!topic) return topic.error();
  std::string digest = Sha256Hex(envelope::EncodeTopic(**topic));
  return tutor::LoadTopicOk{std::move(*topic), std::move(digest)};
}

class CourseBucket::FunctionCache : public Lru<CourseFunctions> {
 public:
  using Lru::Lru;
};

Result<std::shared_ptr<const CourseFunctions>> TopicSource::Functions(const tutor::TopicRef& ref) {
  return FunctionsAtHand(ref);
}

std::shared_ptr<const CourseFunctions> TopicSource::FunctionsAtHand(const tutor::TopicRef&) {
  static const auto none = std::make_shared<const CourseFunctions>(std::vector<CourseFunction>());
  return none;
}

CourseIndex IndexOf(const Course& course) {
  CourseIndex index{course.id, course.title, course.version, {}, course.functions};
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
      cache_(std::make_unique<Cache>(cache_bytes_max)),
      functions_(std::make_unique<FunctionCache>(kFunctionsCacheBytes)) {}

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

Result<tutor::TopicRef> CourseBucket::Full(const tutor::TopicRef& given) {
  tutor::TopicRef ref = given;
  if (!ref.version.empty() && !ref.topic.empty()) return ref;
  auto index = Find(ref.course, ref.version);
  if (!index) return index.error();
  if (!index->has_value()) return Missing(ref);
  ref.version = (*index)->version;
  if (ref.topic.empty()) ref.topic = (*index)->topics.front().id;
  return ref;
}

Result<std::shared_ptr<const tutor::Topic>> CourseBucket::Get(const tutor::TopicRef& given) {
  auto ref = Full(given);
  if (!ref) return ref.error();
  auto value = Read(*ref);
  if (!value) return value.error();
  return std::shared_ptr<const tutor::Topic>(*value, &(*value)->topic);
}

Result<tutor::LoadTopicOk> CourseBucket::Load(const tutor::TopicRef& given) {
  auto ref = Full(given);
  if (!ref) return ref.error();
  auto value = Read(*ref);
  if (!value) return value.error();
  return tutor::LoadTopicOk{nullptr, (*value)->digest, std::move(*ref)};
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

std::shared_ptr<const CourseFunctions> CourseBucket::FunctionsAtHand(const tutor::TopicRef& ref) {
  if (ref.version.empty()) return nullptr;
  const auto key = IndexKey(ref.course, ref.version);
  return key ? functions_->Get(*key) : nullptr;
}

Result<std::shared_ptr<const CourseFunctions>> CourseBucket::Functions(const tutor::TopicRef& ref) {
  if (auto kept = FunctionsAtHand(ref)) return kept;
  auto index = Find(ref.course, ref.version);
  if (!index) return index.error();
  if (!index->has_value()) return Missing(ref);
  const auto key = IndexKey(ref.course, (*index)->version);
  if (!key) return key.error();
  size_t bytes = kFunctionsBytesLeast;
  for (const CourseFunction& function : (*index)->functions) {
    bytes += kBytesPerSchemaByte * (function.arguments.size() + function.result.size());
  }
  auto functions = std::make_shared<const CourseFunctions>((*index)->functions);
  functions_->Put(*key, functions, bytes);
  return functions;
}

std::shared_ptr<const tutor::Topic> CourseBucket::AtHand(const tutor::TopicRef& ref) {
  if (ref.version.empty() || ref.topic.empty()) return nullptr;
  const auto key = envelope::TopicKey(ref);
  const auto value = key ? cache_->Get(*key) : nullptr;
  if (value == nullptr) return nullptr;
  return std::shared_ptr<const tutor::Topic>(value, &value->topic);
}

Result<std::shared_ptr<const CourseBucket::Value>> CourseBucket::Read(const tutor::TopicRef& ref) {
  auto key = envelope::TopicKey(ref);
  if (!key) return key.error();
  if (auto kept = cache_->Get(*key)) return kept;
  auto bytes = bucket_.Get(*key);
  if (!bytes) return bytes.error();
  if (!bytes->has_value()) {
    return Missing(ref);
  }
  auto topic = envelope::DecodeTopic(**bytes);
  if (!topic) return Fatal("the course bucket holds a damaged topic at " + *key);
  auto shared = std::make_shared<const Value>(Value{std::move(*topic), Sha256Hex(**bytes)});
  cache_->Put(*key, shared, (*bytes)->size());
  return shared;
}

}  // namespace lyceum::tools
