// The digests of a recorded log, beside it: one line a fold version, and when one may change.
//
//   # a comment
//   fold_version records users messages sha256-of-state sha256-of-output
// The fold version is the one the log is folded under before its first barrier.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "log_fold.h"

namespace lyceum::golden {

std::string EncodeDigests(const std::vector<LogDigest>& digests);
// kReject: a line that is not one, or versions that do not grow.
Result<std::vector<LogDigest>> DecodeDigests(std::string_view text);

// LYCEUM_REWRITE_GOLDEN: "1" adds lines for a version that has none, "same" also changes those that
// are there: for a log that was recorded anew.
enum class Rewrite { kNothing, kNewVersion, kAll };
Rewrite RewriteOf(const char* environment);

// The lines as they should stand after the log was folded under each version in `folded`; and what
// is wrong, one sentence that says what to do, or empty.
struct Compared {
  std::vector<LogDigest> lines;
  std::string wrong;
};
Compared Compare(std::vector<LogDigest> written, const std::vector<LogDigest>& folded,
                 Rewrite rewrite);

}  // namespace lyceum::golden
