// The course format of our own: one TOML file a course, described in ops/courses/README.md.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "tools/course.h"

namespace lyceum::tools {

inline constexpr size_t kCourseFileBytesMax = 16 * 1024 * 1024;

// kReject: not TOML (with line), not UTF-8, too large, or what Finish refuses as a whole.
Result<ReadCourse> ParseCourseFile(std::string_view text);
// The same of a file. kReject also: it can not be read.
Result<ReadCourse> ReadCourseFile(const std::string& path);

// A file's bytes. kReject: it can not be read, or is larger than that.
Result<std::string> ReadWhole(const std::string& path, size_t bytes_max);

}  // namespace lyceum::tools
