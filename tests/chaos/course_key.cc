#include "course_key.h"

#include <stdexcept>

#include "tools/course_file.h"

namespace lyceum::chaos {

Course KeyOf(const tools::Course& course) {
  Course known{.id = course.id, .topics = course.topics.size()};
  for (const tutor::Topic& topic : course.topics) {
    for (const tutor::Question& question : topic.questions) {
      known.key[question.id.value] = question.answers.front();
    }
  }
  return known;
}

Course ReadCourse(const std::string& path) {
  auto read = tools::ReadCourseFile(path);
  if (!read) throw std::runtime_error(path + ": " + read.error().text);
  if (!read->refusals.empty()) throw std::runtime_error(path + ": " + read->refusals[0].reason);
  return KeyOf(read->course);
}

}  // namespace lyceum::chaos
