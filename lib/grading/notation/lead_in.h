// LeadIn: the words before an answer, all of them read.
#pragma once

#include <string_view>

namespace lyceum::grading {

// "The answer is **18**." is 18. Only words that change nothing are skipped; where another one
// stands in front, nothing is.
struct LeadIn {
  std::string_view rest;     // Of the text that was given.
  bool words = false;        // Some were skipped.
  bool verb = false;         // And one was "is" or the like, ":" or "=".
  bool approximate = false;  // It began with ≈.
};
// `names`: a letter may be named too, "x is 18".
LeadIn ReadLeadIn(std::string_view text, bool names);

}  // namespace lyceum::grading
