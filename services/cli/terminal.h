// Text of the outside world, made safe to print on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace lyceum::cli {

// Without control characters (C0 but newline and tab, DEL, C1), bidirectional overrides and bytes
// that are not UTF-8: nothing in a learner's or tool's text can move the cursor or change the
// terminal.
std::string Plain(std::string_view text);
// The same on one line, at most bytes_max long, for tables and logs of steps.
std::string PlainLine(std::string_view text, size_t bytes_max);

// Broken at spaces so that no line has more than `width` characters, where words allow it. 0: as it
// is.
std::string Wrap(std::string_view text, size_t width);

}  // namespace lyceum::cli
