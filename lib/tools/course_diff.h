// DiffCourses: what is different between two courses, by topic and question.
#pragma once

#include <string>
#include <vector>

#include "tools/course.h"

namespace lyceum::tools {

struct CourseChange {
  enum class Kind { kAdded, kRemoved, kChanged };
  Kind kind = Kind::kChanged;
  std::string item;    // "course", "topic sums", "question sums/q1", "function look_up".
  std::string fields;  // kChanged: the names of what differs, with commas.
  bool operator==(const CourseChange&) const = default;
};

// Topics and questions are the same where their ids are: one that moved to another topic is removed
// and added. In the order of the new course, removed ones behind. Versions are not compared.
std::vector<CourseChange> DiffCourses(const Course& from, const Course& to);

}  // namespace lyceum::tools
