// Terms: a text as a search sees it.
//
// A term is lower case letters and digits, with everything beyond ASCII, by its stem. A number with
// a stroke, a point or a comma inside is one term: 3/4, 2.5. "%" is "percent". Apostrophes are left
// out: "don't" is "dont".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lyceum::tools {

// How much a term says by itself.
enum class TermKind {
  kContent,
  // A word of everyday speech that is one of some subject, too: mean, work, or. It counts little
  // beside others, and fully where it is alone.
  kLight,
  kFiller,  // the, is, please
};

struct Term {
  std::string word;  // As written, in lower case.
  std::string stem;
  TermKind kind = TermKind::kContent;
};

std::vector<Term> TermsOf(std::string_view text);

// The stems of what is content, in the order of the text.
std::vector<std::string> ContentWords(std::string_view text);

}  // namespace lyceum::tools
