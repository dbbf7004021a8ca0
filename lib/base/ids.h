// Distinct id types: strings that do not convert into each other.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace lyceum {

template <class Tag>
struct Id {
  std::string value;

  Id() = default;
  explicit Id(std::string text) : value(std::move(text)) {}
  bool empty() const { return value.empty(); }
  auto operator<=>(const Id&) const = default;
};

using UserId = Id<struct UserTag>;      // A subject token, see base/token.h.
using ClientId = Id<struct ClientTag>;  // A subject token.
using EventId = Id<struct EventTag>;    // The gateway's own, 1 to 128 bytes of UTF-8.
using CallId = Id<struct CallTag>;      // "<pp>-<seq>-<index>"
using CourseId = Id<struct CourseTag>;
using TopicId = Id<struct TopicTag>;
using QuestionId = Id<struct QuestionTag>;
using ErrorId = Id<struct ErrorTag>;  // A registered misconception of a topic.

}  // namespace lyceum

template <class Tag>
struct std::hash<lyceum::Id<Tag>> {
  size_t operator()(const lyceum::Id<Tag>& id) const { return std::hash<std::string>{}(id.value); }
};
