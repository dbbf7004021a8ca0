// ExportCourse: a course as a file of our own format (ops/courses/README.md), to read and to edit.
//
// What is imported from it has the same version: nothing is lost. Fields that have their default are
// left out.
#pragma once

#include <string>

#include "tools/course.h"

namespace lyceum::tools {

std::string ExportCourse(const Course& course);

}  // namespace lyceum::tools
