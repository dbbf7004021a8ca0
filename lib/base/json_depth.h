// How deep JSON of others is nested, before anything parses it: what parses and what frees a value recurse.
#pragma once

#include <cstddef>
#include <string_view>

namespace lyceum {

inline constexpr size_t kJsonDepthMax = 64;

// Whether arrays and objects lie in each other more than depth_max deep. Of what is no JSON it may say either.
inline bool IsTooDeepJson(std::string_view text, size_t depth_max = kJsonDepthMax) {
  size_t depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      if (++depth > depth_max) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace lyceum
