// CourseHistory: which version of a course was made the current one, and when. Pure.
//
// It is a log of publications, from the first. One that rolls back takes those after the version it
// names from the pile, so that rolling back again goes further back; to publish a version puts it on
// top, wherever it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lyceum::tools {

struct CoursePublication {
  std::string version;
  bool rolls_back = false;
  int64_t at_ms = 0;  // Unix, UTC. 0: before there was a history.
  bool operator==(const CoursePublication&) const = default;
};

// What lies in the bucket: {"version": "...", "at_ms": 0, "rolls_back": true}. Nothing: it is none.
std::string EncodePublication(const CoursePublication& publication);
std::optional<CoursePublication> DecodePublication(std::string_view bytes);

enum class VersionState {
  kDraft,      // Was never current.
  kCurrent,    // What new sessions get.
  kEarlier,    // Was current, and may be again by rolling back.
  kWithdrawn,  // Was current, and was rolled back.
};
std::string_view Name(VersionState state);

class CourseHistory {
 public:
  void Add(const CoursePublication& publication);

  // Empty: none.
  const std::string& current() const;
  // The one that rolling back leads to: before the current one, or `to`. kReject: there is none, or
  // `to` is not one of them; the text says what to do.
  Result<std::string> Before(const std::string& to = {}) const;
  // As it is after all publications. Nothing: it is not in the history.
  std::optional<VersionState> StateOf(const std::string& version) const;
  // When it became current last. 0: not known.
  int64_t PublishedMs(const std::string& version) const;

 private:
  std::vector<CoursePublication> all_;
  std::vector<std::string> pile_;  // The current one last.
};

}  // namespace lyceum::tools
