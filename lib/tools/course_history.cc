#include "tools/course_history.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"

namespace lyceum::tools {

std::string EncodePublication(const CoursePublication& publication) {
  return nlohmann::json{{"version", publication.version},
                        {"rolls_back", publication.rolls_back},
                        {"at_ms", publication.at_ms}}
      .dump();
}

std::optional<CoursePublication> DecodePublication(std::string_view bytes) {
  constexpr size_t kPublicationBytesMax = 4096;
  if (bytes.size() > kPublicationBytesMax) return std::nullopt;
  const auto json = nlohmann::json::parse(bytes, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto version = json.find("version"), at = json.find("at_ms"),
             back = json.find("rolls_back");
  if (version == json.end() || !version->is_string() || version->get<std::string>().empty() ||
      at == json.end() || !at->is_number_integer()) {
    return std::nullopt;
  }
  return CoursePublication{version->get<std::string>(),
                           back != json.end() && back->is_boolean() && back->get<bool>(),
                           at->get<int64_t>()};
}

std::string_view Name(VersionState state) {
  switch (state) {
    case VersionState::kDraft:
      return "draft";
    case VersionState::kCurrent:
      return "current";
    case VersionState::kEarlier:
      return "earlier";
    case VersionState::kWithdrawn:
      return "withdrawn";
  }
  CheckFailed(__FILE__, __LINE__, "a value of the enum");
}

void CourseHistory::Add(const CoursePublication& publication) {
  all_.push_back(publication);
  const auto found = std::find(pile_.begin(), pile_.end(), publication.version);
  // Rolled back to what is not there, by two people at one time: it is published.
  if (publication.rolls_back && found != pile_.end()) {
    pile_.erase(found + 1, pile_.end());
    return;
  }
  if (found != pile_.end()) pile_.erase(found);
  pile_.push_back(publication.version);
}

const std::string& CourseHistory::current() const {
  static const std::string kNone;
  return pile_.empty() ? kNone : pile_.back();
}

Result<std::string> CourseHistory::Before(const std::string& to) const {
  if (pile_.size() < 2) {
    return Reject("no version was current before: name one to lyceum course publish");
  }
  if (to.empty()) return pile_[pile_.size() - 2];
  if (std::find(pile_.begin(), pile_.end() - 1, to) == pile_.end() - 1) {
    return Reject("version " + to +
                  " is none that was current before this one: lyceum course versions lists them, "
                  "lyceum course publish takes any");
  }
  return to;
}

std::optional<VersionState> CourseHistory::StateOf(const std::string& version) const {
  if (version == current() && !version.empty()) return VersionState::kCurrent;
  if (std::find(pile_.begin(), pile_.end(), version) != pile_.end()) return VersionState::kEarlier;
  const bool known = std::any_of(all_.begin(), all_.end(), [&](const CoursePublication& each) {
    return each.version == version;
  });
  return known ? std::optional(VersionState::kWithdrawn) : std::nullopt;
}

int64_t CourseHistory::PublishedMs(const std::string& version) const {
  const auto found = std::find_if(all_.rbegin(), all_.rend(), [&](const CoursePublication& each) {
    return each.version == version;
  });
  return found == all_.rend() ? 0 : found->at_ms;
}

}  // namespace lyceum::tools
