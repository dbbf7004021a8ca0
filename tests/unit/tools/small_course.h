// A course in memory, for the tests of the tools.
#pragma once

#include <memory>

#include "base/check.h"
#include "tools/course_bucket.h"
#include "tools/course_file.h"

namespace lyceum::tools {

inline Course DefaultCourse() {
  auto read = ReadCourseFile(LYCEUM_SOURCE_DIR "/ops/courses/fractions.toml");
  CHECK(read);
  return read->course;
}

class MemorySource : public TopicSource {
 public:
  explicit MemorySource(Course course) : course_(std::move(course)) {}
  Result<std::shared_ptr<const tutor::Topic>> Get(const tutor::TopicRef& ref) override {
    ++asked;
    if (asked <= away) return Retry("nobody is there");
    for (const tutor::Topic& topic : course_.topics) {
      if (ref.course == course_.id && (ref.topic.empty() || ref.topic == topic.id)) {
        return std::make_shared<const tutor::Topic>(topic);
      }
    }
    return Reject("there is no topic " + ref.topic.value);
  }
  Result<std::vector<TopicId>> Order(const CourseId&, const std::string&) override {
    std::vector<TopicId> topics;
    for (const tutor::Topic& topic : course_.topics) topics.push_back(topic.id);
    return topics;
  }
  size_t away = 0;  // So many times nobody is there.
  size_t asked = 0;

 private:
  Course course_;
};

}  // namespace lyceum::tools
