// What a learner meets who answers a question with its own key.
#pragma once

#include <string>
#include <string_view>

#include "tutor/content.h"

namespace lyceum::tools {

// Why nobody can give this key by typing: it is not graded as correct, has characters without a key
// on a keyboard or LaTeX that no plain notation says, or is a long sentence. Empty: it can be typed.
// Choices have letters: they can always be given.
std::string WhyUntypable(const tutor::Question& question, const std::string& key);

// The first figure that a question refers to as ##name.ext##: there are none to show. Empty: none.
std::string MissingFigure(const tutor::Question& question);
std::string MissingFigure(std::string_view text);

}  // namespace lyceum::tools
