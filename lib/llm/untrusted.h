// Untrusted text on its way into a prompt: a learner's, an author's, a model's own. There it is
// data between two tags, and nothing it holds can end them or look as if it did.
//
//   <data name="answer">x &lt; 3</data>
//
// Between the tags:
//   & < > and the characters that look like them    written &amp; &lt; &gt;
//   controls but line feed and tab, zero-width and   gone
//   bidirectional marks, variation selectors, tags
//   line and paragraph separators, CR                a line feed
//   what is not UTF-8                                U+FFFD
// So the only '<' of a rendered prompt are those of its template and of these tags, whatever the
// text holds. Total: every sequence of bytes gives some text.
#pragma once

#include <string>
#include <string_view>

namespace lyceum::llm {

// Said at the end of a text that was longer than its bound.
inline constexpr std::string_view kCutMark = " [the rest was cut off]";

// The name is [a-z_]{1,64}, ours; anything else is a CHECK failure. Of the text, after what is
// taken out and before what is escaped, at most bytes_max bytes stay.
std::string Quoted(std::string_view name, std::string_view text, size_t bytes_max);

// What stands between the tags, without them.
std::string Escaped(std::string_view text, size_t bytes_max);

}  // namespace lyceum::llm
