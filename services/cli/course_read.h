// A course as the commands of `lyceum course` read it, and what they say about it.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/cli.h"
#include "tools/course.h"

namespace lyceum::cli {

// `unreadable` becomes true where a file is not there: a wrong usage and not a bad course.
Result<tools::ReadCourse> ReadCourseFrom(const CourseSource& source, bool* unreadable);

// Refusals, warnings and keys that nobody can type: a line each on standard error, and with --json on
// standard output.
void PrintFindings(const Common& common, const tools::ReadCourse& read);

// How many questions of each format were imported, and how many items were refused for each reason.
std::string SummaryOf(const tools::ReadCourse& read);

}  // namespace lyceum::cli
