// What somebody may have meant who mistyped a name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lyceum::cli {

// The nearest of `known`: at most a third of its letters inserted, left out, changed or swapped with the next.
// Empty: none is near, or `typed` is longer than 64 bytes.
std::optional<std::string> Suggest(std::string_view typed, const std::vector<std::string>& known);

}  // namespace lyceum::cli
