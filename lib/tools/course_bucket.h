// The courses in the KV bucket lyceum_courses.
//
//   course.<course>.current             {"version", "title", ...}: the index of the version to
//                                       start with, with the course's functions
//   course.<course>.<version>           the same of that version; never changed
//   topic.<course>.<version>.<topic>    EncodeTopic; never changed
//   draft.<course>.<version>            it was imported as a draft
//   published.<course>.<1, 2, 3 ...>    EncodePublication (course_history.h); never changed
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
#include "tools/course_history.h"
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

  // Topics first, then the index: a reader never finds a course without its topics. Then it is
  // published, or stays a draft: sessions get it only where they name its version. A version that
  // was published is none. True: this version is new.
  enum class As { kPublished, kDraft };
  Result<bool> Put(const Course& course, As as = As::kPublished);
  // Makes a version that is there the current one: for sessions that begin from now on. Those that
  // run keep theirs. True: it was not yet. kReject: there is no such version.
  Result<bool> Publish(const CourseId& course, const std::string& version);
  // Makes the version that was current before this one the current one again; or `to`, one of those
  // before. The version. kReject: there is none.
  Result<std::string> RollBack(const CourseId& course, const std::string& to = {});
  struct Version {
    CourseIndex index;
    VersionState state = VersionState::kDraft;
    int64_t published_ms = 0;  // Last. 0: never, or before there was a history.
  };
  // Those published last first, drafts behind. Empty: there is no such course.
  Result<std::vector<Version>> Versions(const CourseId& course);
  // All of a version as it was imported; version empty: the current one. kReject: not there.
  Result<Course> Whole(const CourseId& course, const std::string& version = {});
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
  // With the version and topic that an empty one means.
  Result<tutor::TopicRef> Full(const tutor::TopicRef& given);
  struct Log {
    CourseHistory history;
    uint64_t next = 1;  // The number of the next publication.
  };
  // With the version that was current before there was a history.
  Result<Log> ReadLog(const CourseId& course);
  Result<void> AddToLog(const CourseId& course, const CoursePublication& publication);
  Result<void> MakeCurrent(const CourseId& course);
  Result<std::shared_ptr<const Value>> Read(const tutor::TopicRef& ref);
  Error Missing(const tutor::TopicRef& ref);

  std::shared_ptr<wire::Connection> connection_;  // Outlives the bucket.
  wire::Bucket bucket_;
  std::unique_ptr<Cache> cache_;
  std::unique_ptr<FunctionCache> functions_;
};

}  // namespace lyceum::tools
