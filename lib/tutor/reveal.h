// The guard over what tools say while a question is open: does the text give the answer away?
#pragma once

#include <string_view>

#include "tutor/content.h"

namespace lyceum::tutor {

// True where the text holds a key as a whole token, spelling and spacing aside. A key of less than
// 3 characters counts only where it is said to be the answer ("= 5", "is 5", "answer: 5"), since it
// is everywhere; so does a choice's text, since the choices are public.
bool Reveals(std::string_view text, const Question& question);

}  // namespace lyceum::tutor
