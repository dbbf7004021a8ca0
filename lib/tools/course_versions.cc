// The versions of a course in the bucket: what is put there, published, and rolled back.
#include <algorithm>
#include <charconv>
#include <utility>

#include "base/clock.h"
#include "envelope/topics.h"
#include "tools/course_bucket.h"
#include "tools/course_index.h"

namespace lyceum::tools {
namespace {

constexpr uint64_t kPublicationsMax = 10'000;
constexpr int kTriesMax = 8;  // Somebody else may publish at the same time.

Result<std::string> KeyOfDraft(const CourseId& course, const std::string& version) {
  auto part = KeyPart(course.value, "course");
  if (!part) return part;
  auto last = KeyPart(version, "version");
  if (!last) return last;
  return "draft." + *part + "." + *last;
}

Result<std::string> LogKeys(const CourseId& course) {
  auto part = KeyPart(course.value, "course");
  if (!part) return part;
  return "published." + *part + ".";
}

Error NoCourse(const CourseId& course) { return Reject("there is no course " + course.value); }

}  // namespace

Result<bool> CourseBucket::Put(const Course& course, As as) {
  const std::string index = EncodeIndex(IndexOf(course));
  if (index.size() > kIndexBytesMax) return Reject("the index of the course is over 1 MiB");
  for (const tutor::Topic& topic : course.topics) {
    const std::string bytes = envelope::EncodeTopic(topic);
    if (bytes.size() > kTopicBytesMax) {
      return Reject("the topic " + topic.id.value + " is over 256 KiB");
    }
    auto key = envelope::TopicKey({course.id, course.version, topic.id});
    if (!key) return key.error();
    auto created = bucket_.Create(*key, bytes);
    if (!created) return created.error();
  }
  auto key = IndexKey(course.id, course.version);
  if (!key) return key.error();
  if (as == As::kDraft) {
    // Before the index: where one is there without this, it was published.
    auto there = Find(course.id, course.version);
    if (!there) return there.error();
    auto draft = KeyOfDraft(course.id, course.version);
    if (!draft) return draft.error();
    if (!there->has_value()) {
      if (auto marked = bucket_.Create(*draft, ""); !marked) return marked.error();
    }
  }
  auto created = bucket_.Create(*key, index);
  if (!created) return created.error();
  if (as == As::kPublished) {
    if (auto published = Publish(course.id, course.version); !published) return published.error();
  }
  return *created;
}

Result<CourseBucket::Log> CourseBucket::ReadLog(const CourseId& course) {
  const auto begin = LogKeys(course);
  if (!begin) return begin.error();
  auto keys = bucket_.Keys();
  if (!keys) return keys.error();
  std::vector<uint64_t> numbers;
  for (const std::string& part : Parts(*keys, *begin, "")) {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (error == std::errc() && end == part.data() + part.size()) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  Log log;
  for (const uint64_t number : numbers) {
    auto bytes = bucket_.Get(*begin + std::to_string(number));
    if (!bytes) return bytes.error();
    log.next = number + 1;
    if (!bytes->has_value()) continue;  // Deleted by somebody's hand.
    const auto publication = DecodePublication(**bytes);
    if (!publication) {
      return Fatal("the course bucket holds a damaged publication at " + *begin +
                   std::to_string(number));
    }
    log.history.Add(*publication);
  }
  if (log.history.current().empty()) {
    auto current = Find(course);
    if (!current) return current.error();
    if (current->has_value()) log.history.Add({(*current)->version, false, 0});
  }
  return log;
}

Result<void> CourseBucket::AddToLog(const CourseId& course, const CoursePublication& publication) {
  const auto begin = LogKeys(course);
  if (!begin) return begin.error();
  for (int i = 0; i < kTriesMax; ++i) {
    auto log = ReadLog(course);
    if (!log) return log.error();
    if (log->next > kPublicationsMax) {
      return Reject("the course " + course.value +
                    " was published 10,000 times: import it as another");
    }
    // What was current before there was a history is its beginning.
    const bool begins = log->next == 1 && !log->history.current().empty() &&
                        log->history.current() != publication.version;
    const CoursePublication next =
        begins ? CoursePublication{log->history.current(), false, 0} : publication;
    auto created = bucket_.Create(*begin + std::to_string(log->next), EncodePublication(next));
    if (!created) return created.error();
    if (*created && !begins) return {};
  }
  return Retry("others publish the course " + course.value + " at the same time");
}

// What the log says last, also where somebody else has published meanwhile.
Result<void> CourseBucket::MakeCurrent(const CourseId& course) {
  auto current = IndexKey(course, {});
  if (!current) return current.error();
  for (int i = 0; i < kTriesMax; ++i) {
    auto log = ReadLog(course);
    if (!log) return log.error();
    auto now = Find(course);
    if (!now) return now.error();
    const std::string& version = log->history.current();
    if (now->has_value() && (*now)->version == version) return {};
    auto index = Find(course, version);
    if (!index) return index.error();
    if (!index->has_value()) return NoCourse(course);
    if (auto put = bucket_.Put(*current, EncodeIndex(**index)); !put) return put.error();
  }
  return Retry("others publish the course " + course.value + " at the same time");
}

Result<bool> CourseBucket::Publish(const CourseId& course, const std::string& version) {
  auto index = Find(course, version);
  if (!index) return index.error();
  if (version.empty() || !index->has_value()) return Missing({course, version, TopicId()});
  auto log = ReadLog(course);
  if (!log) return log.error();
  const bool changes = log->history.current() != version;
  if (changes || log->next == 1) {
    if (auto added = AddToLog(course, {version, false, UnixMs()}); !added) return added.error();
  }
  if (auto made = MakeCurrent(course); !made) return made.error();
  return changes;
}

Result<std::string> CourseBucket::RollBack(const CourseId& course, const std::string& to) {
  auto log = ReadLog(course);
  if (!log) return log.error();
  if (log->history.current().empty()) return Missing({course, {}, TopicId()});
  auto before = log->history.Before(to);
  if (!before) return before;
  if (auto added = AddToLog(course, {*before, true, UnixMs()}); !added) return added.error();
  if (auto made = MakeCurrent(course); !made) return made.error();
  return before;
}

Result<std::vector<CourseBucket::Version>> CourseBucket::Versions(const CourseId& course) {
  auto log = ReadLog(course);
  if (!log) return log.error();
  auto keys = bucket_.Keys();
  if (!keys) return keys.error();
  auto part = KeyPart(course.value, "course");
  if (!part) return part.error();
  const std::vector<std::string> drafts = Parts(*keys, "draft." + *part + ".", "");
  std::vector<Version> versions;
  for (const std::string& version : Parts(*keys, "course." + *part + ".", "")) {
    auto index = Find(course, version);
    if (!index) return index.error();
    if (!index->has_value()) continue;
    const bool draft = std::find(drafts.begin(), drafts.end(), version) != drafts.end();
    const auto without = draft ? VersionState::kDraft : VersionState::kEarlier;
    versions.push_back({std::move(**index), log->history.StateOf(version).value_or(without),
                        log->history.PublishedMs(version)});
  }
  const auto rank = [](const Version& each) {
    return each.state == VersionState::kCurrent ? 0 : each.state == VersionState::kDraft ? 2 : 1;
  };
  std::stable_sort(versions.begin(), versions.end(), [&](const Version& a, const Version& b) {
    return rank(a) != rank(b) ? rank(a) < rank(b) : a.published_ms > b.published_ms;
  });
  return versions;
}

Result<Course> CourseBucket::Whole(const CourseId& course, const std::string& version) {
  auto index = Find(course, version);
  if (!index) return index.error();
  if (!index->has_value()) return Missing({course, version, TopicId()});
  Course whole{(*index)->id, (*index)->title, (*index)->version, {}, (*index)->functions};
  for (const CourseIndex::Entry& entry : (*index)->topics) {
    auto topic = Get({course, whole.version, entry.id});
    if (!topic) return topic.error();
    whole.topics.push_back(**topic);
  }
  return whole;
}

}  // namespace lyceum::tools
