// Mathematics in LaTeX, made readable as plain text: \frac{3}{4} is 3/4, x^{2} is x², \le is ≤.
//
// Only what stands between $, $$, \( \) or \[ \], and commands that are known, is changed; the rest of a text
// stays byte for byte. Pure; nesting is read to kMathDepthMax and left as it is below that.
#pragma once

#include <string>
#include <string_view>

namespace lyceum::cli {

inline constexpr int kMathDepthMax = 8;

// `text` is valid UTF-8; so is what comes back.
std::string ReadableMath(std::string_view text);

}  // namespace lyceum::cli
