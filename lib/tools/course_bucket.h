// The courses in the KV bucket lyceum_courses.
//
//   course.<course>.current             {"version", "title", ...}: the index of the version to
//                                       start with, with the course's functions
//   course.<course>.<version>           the same of that version; never changed
//   topic.<course>.<version>.<topic>    EncodeTopic; never changed
// Ids are subject tokens with '=' for '~', which a key may not hold.
// Errors: kReject: no such course, version or topic (the text says which); kRetry: NATS is away.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "envelope/subjects.h"
#include "tools/course.h"
#include "tutor/call.h"
#include "wire/jetstream.h"

namespace lyceum::tools {

struct CourseIndex {
  CourseId id;
  std::string title;
  std::string version;
  struct Entry {
    TopicId id;
    std::string title;
    uint32_t segments = 0;
    uint32_t questions = 0;
  };
  std::vector<Entry> topics;  // In the order of teaching.
  std::vector<CourseFunction> functions;
};

CourseIndex IndexOf(const Course& course);

// Where tools find content.
class TopicSource {
 public:
  virtual ~TopicSource() = default;
  // Version empty: the current one. Topic empty: the first one. Thread-safe.
  virtual Result<std::shared_ptr<const tutor::Topic>> Get(const tutor::TopicRef& ref) = 0;
  // The result of load_topic: the content, or its name where a session worker finds it under that.
  virtual Result<tutor::LoadTopicOk> Load(const tutor::TopicRef& ref);
  // The topics of a version of a course, in their order. kReject: the source does not know it.
  virtual Result<std::vector<TopicId>> Order(const CourseId&, const std::string&) {
    return Reject("the order of the topics is not known");
  }
  // As Get, where it is there without a wait; else null.
  virtual std::shared_ptr<const tutor::Topic> AtHand(const tutor::TopicRef&) { return nullptr; }
  // What the tutor's model may call there; and the same where it is there without a wait, else null.
  virtual Result<std::shared_ptr<const CourseFunctions>> Functions(const tutor::TopicRef& ref);
  virtual std::shared_ptr<const CourseFunctions> FunctionsAtHand(const tutor::TopicRef& ref);
};

// Thread-safe. Keeps topics it has read, up to cache_bytes_max of them.
class CourseBucket : public TopicSource {
 public:
  static constexpr size_t kCacheBytes = 64 * 1024 * 1024;

  // kReject: there is no such bucket yet.
  static Result<std::unique_ptr<CourseBucket>> Open(std::shared_ptr<wire::Connection> connection,
                                                    const envelope::Subjects& subjects,
                                                    size_t cache_bytes_max = kCacheBytes);
  ~CourseBucket() override;

  // Topics first, then the index, then current: a reader never finds a course without its topics.
  // True: this version is new.
  Result<bool> Put(const Course& course);
  // Version empty: the current one. Empty: not there.
  Result<std::optional<CourseIndex>> Find(const CourseId& course, const std::string& version = {});
  Result<std::vector<CourseIndex>> List();
  Result<std::shared_ptr<const tutor::Topic>> Get(const tutor::TopicRef& ref) override;
  Result<tutor::LoadTopicOk> Load(const tutor::TopicRef& ref) override;
  std::shared_ptr<const tutor::Topic> AtHand(const tutor::TopicRef& ref) override;
  Result<std::shared_ptr<const CourseFunctions>> Functions(const tutor::TopicRef& ref) override;
  std::shared_ptr<const CourseFunctions> FunctionsAtHand(const tutor::TopicRef& ref) override;
  Result<std::vector<TopicId>> Order(const CourseId& course, const std::string& version) override;

 private:
  struct Value;
  class Cache;
  class FunctionCache;
  CourseBucket(std::shared_ptr<wire::Connection> connection, wire::Bucket bucket,
               size_t cache_bytes_max);
  Result<tutor::TopicRef> Whole(const tutor::TopicRef& given);
  Result<std::shared_ptr<const Value>> Read(const tutor::TopicRef& ref);
  Error Missing(const tutor::TopicRef& ref);

  std::shared_ptr<wire::Connection> connection_;  // Outlives the bucket.
  wire::Bucket bucket_;
  std::unique_ptr<Cache> cache_;
  std::unique_ptr<FunctionCache> functions_;
};

}  // namespace lyceum::tools
