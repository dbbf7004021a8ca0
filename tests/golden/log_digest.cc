#include "log_digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace lyceum::golden {
namespace {

constexpr std::string_view kHead =
    "# fold_version records users messages sha256-of-state sha256-of-output\n";

std::string LineOf(const LogDigest& digest) {
  return fmt::format("{} {} {} {} {} {}\n", digest.fold_version, digest.records, digest.users,
                     digest.messages, digest.state, digest.output);
}

}  // namespace

std::string EncodeDigests(const std::vector<LogDigest>& digests) {
  std::string text(kHead);
  for (const LogDigest& digest : digests) text += LineOf(digest);
  return text;
}

Result<std::vector<LogDigest>> DecodeDigests(std::string_view text) {
  std::vector<LogDigest> digests;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream fields(line);
    LogDigest digest;
    fields >> digest.fold_version >> digest.records >> digest.users >> digest.messages >>
        digest.state >> digest.output;
    const uint32_t last = digests.empty() ? 0 : digests.back().fold_version;
    if (!fields || line + "\n" != LineOf(digest) || digest.fold_version <= last) {
      return Reject("not a line of digests, or out of order: " + line);
    }
    digests.push_back(std::move(digest));
  }
  return digests;
}

Rewrite RewriteOf(const char* environment) {
  const std::string_view value = environment == nullptr ? "" : environment;
  if (value == "same") return Rewrite::kAll;
  return value == "1" ? Rewrite::kNewVersion : Rewrite::kNothing;
}

Compared Compare(std::vector<LogDigest> written, const std::vector<LogDigest>& folded,
                 Rewrite rewrite) {
  std::string wrong;
  for (const LogDigest& digest : folded) {
    const auto line = std::find_if(written.begin(), written.end(), [&](const LogDigest& one) {
      return one.fold_version == digest.fold_version;
    });
    if (line == written.end()) {
      if (rewrite == Rewrite::kNothing) {
        wrong += fmt::format(
            "there is no line for fold version {}: LYCEUM_REWRITE_GOLDEN=1 golden_logs adds it. ",
            digest.fold_version);
      } else {
        written.push_back(digest);
      }
    } else if (*line != digest) {
      if (rewrite == Rewrite::kAll) {
        *line = digest;
      } else {
        wrong += fmt::format(
            "what leaves has changed without a new fold version: raise kFoldVersion "
            "(lib/tutor/fold_version.h) and keep the old branch for one release, or undo it.\n"
            "  written {}  folded  {}",
            LineOf(*line), LineOf(digest));
      }
    }
  }
  std::sort(written.begin(), written.end(), [](const LogDigest& one, const LogDigest& other) {
    return one.fold_version < other.fold_version;
  });
  return {std::move(written), std::move(wrong)};
}

}  // namespace lyceum::golden
