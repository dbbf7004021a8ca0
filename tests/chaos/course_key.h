// What a learner must know to pass: the course's id and a right answer to each question.
#pragma once

#include <string>

#include "base/ids.h"
#include "learner.h"
#include "tools/course.h"

namespace lyceum::chaos {

struct Course {
  CourseId id;
  AnswerKey key;
  size_t topics = 0;
};
Course KeyOf(const tools::Course& course);
// Of a file in our own format. Throws where it can not be read or anything in it is refused.
Course ReadCourse(const std::string& path);

}  // namespace lyceum::chaos
