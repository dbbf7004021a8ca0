// TextForm: a text as it is compared: without what says nothing (spaces, the punctuation of prose,
// marks of emphasis), and with all that does. "1,000 people." is 1000 people; the comma of (1.5,4),
// the minus of y=-x, the prime of f'(x), the mark of 5! and the charge of Br- stay.
#pragma once

#include <string>
#include <string_view>

namespace lyceum::grading {

// Small letters: Latin with its extensions, Greek, Cyrillic and Armenian; other bytes stay.
std::string Folded(std::string_view text);

// In the case of the text. Of LaTeX, HTML, Unicode or ASCII.
std::string TextForm(std::string_view text);

// Of two forms that are equal when folded: does their difference in case say nothing? It says
// something of one or two letters (Co and CO, x and X), of genes (Aa) and inside of a word (NaCl).
bool SameCase(std::string_view key_form, std::string_view answer_form);

}  // namespace lyceum::grading
