// classify_intent by rules: what a learner's line is meant as.
#pragma once

#include <string_view>

#include "tutor/call.h"

namespace lyceum::tools {

// Of an answer: what the grader reads as one. No model is asked whether it is.
inline constexpr double kReadsConfidence = 0.95;

// `question`: the open one, with as much of it as is known. Null: none is open, so nothing is an
// answer.
tutor::ClassifyIntentOk ClassifyIntent(std::string_view text, const tutor::Question* question);

}  // namespace lyceum::tools
