// The target of a request: its path in segments, and its query.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lyceum::gateway {

struct Target {
  std::vector<std::string> path;             // Percent-decoded; "/" has none.
  std::map<std::string, std::string> query;  // Percent-decoded, the first of each name.

  std::string QueryText(const std::string& name) const;
};

// Empty: not a target in origin form, a bad escape, a control character, or an empty, "." or ".." segment.
std::optional<Target> ParseTarget(std::string_view target);

// A whole number of 32 bits in decimal. Empty: anything else.
std::optional<uint32_t> ParseNumber(std::string_view text);

}  // namespace lyceum::gateway
