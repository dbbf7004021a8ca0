// Whether a learner's text looks like an answer to a question, before anything is graded.
//
// Decides only which tool reads them: what looks like an answer is checked, anything else is
// classified first. So it may be wrong in either direction, at the price of one more call or one
// wrong try.
#pragma once

#include <string_view>

#include "tutor/content.h"

namespace lyceum::tutor {

//   choice   a letter or number in range ("b", "(B)", "2."), or a choice's text
//   numeric  [name =] [sign] number, fraction, mixed number, percent, scientific or LaTeX [unit]
//   others   short, no question mark at the end, and not begun as a question or a call for help
bool LooksLikeAnswer(std::string_view text, const Question& question);

}  // namespace lyceum::tutor
