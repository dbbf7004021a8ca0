// The index of a course as it lies in the bucket, and the keys there. See course_bucket.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tools/course_bucket.h"

namespace lyceum::tools {

inline constexpr size_t kIndexBytesMax = 1024 * 1024;

std::string EncodeIndex(const CourseIndex& index);
// kFatal: it is damaged; the text names `key`.
Result<CourseIndex> DecodeIndex(const std::string& key, const std::string& bytes);

// The key form of an id: its token with '=' for '~'. kReject: it is no id of a `what`.
Result<std::string> KeyPart(const std::string& id, const char* what);
// Version empty: that of the current one.
Result<std::string> IndexKey(const CourseId& course, const std::string& version);

// What stands between `begin` and `end` in those keys that have both, as ids; "current" is none.
std::vector<std::string> Parts(const std::vector<std::string>& keys, std::string_view begin,
                               std::string_view end);

}  // namespace lyceum::tools
