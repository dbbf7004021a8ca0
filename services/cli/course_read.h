// A course as the commands of `lyceum course` read it, and what they say about it.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "cli/cli.h"
#include "tools/course.h"
#include "tools/course_bucket.h"

namespace lyceum::cli {

// `unreadable` becomes true where a file is not there: a wrong usage and not a bad course.
Result<tools::ReadCourse> ReadCourseFrom(const CourseSource& source, bool* unreadable);

// The courses of the server. Null: they cannot be had, `*code` is the exit code, and why was said.
std::unique_ptr<tools::CourseBucket> OpenCourses(const Common& common, int* code);

// Refusals, warnings and keys that nobody can type: a line each on standard error, and with --json on
// standard output.
void PrintFindings(const Common& common, const tools::ReadCourse& read);

// How many questions of each format were imported, and how many items were refused for each reason.
std::string SummaryOf(const tools::ReadCourse& read);

}  // namespace lyceum::cli
