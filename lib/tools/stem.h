// Stems: fractions, fraction -> fraction; adding, added, adds -> add. By Snowball's English stemmer
// (libstemmer). Words of other languages mostly stay as they are.
#pragma once

#include <string>
#include <string_view>

namespace lyceum::tools {

// Of a word in lower case. Any thread.
std::string Stem(std::string_view word);

}  // namespace lyceum::tools
