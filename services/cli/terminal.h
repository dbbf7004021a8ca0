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

// How many columns a line of valid UTF-8 takes: wide characters (East Asian, emoji) take two, marks that
// combine with the one before them none.
size_t ColumnsOf(std::string_view line);

// Broken at spaces so that no line takes more than `width` columns, where words allow it; a word that is
// longer is broken where `break_words`. 0: as it is. `text` is valid UTF-8.
std::string Wrap(std::string_view text, size_t width, bool break_words = false);

}  // namespace lyceum::cli
