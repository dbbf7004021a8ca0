// classify_intent by rules: what a learner's line is meant as.
#pragma once

#include <string_view>

#include "tutor/call.h"

namespace lyceum::tools {

// `question`: the open one, with as much of it as is known. Null: none is open, so nothing is an
// answer.
tutor::ClassifyIntentOk ClassifyIntent(std::string_view text, const tutor::Question* question);

}  // namespace lyceum::tools
