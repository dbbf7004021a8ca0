// Whole: mixed references that are compared as they stand, and not by the steps towards them: words
// (wording.h), amounts (amount.h), all solutions of an equation, the coordinates of a point.
#pragma once

#include <optional>

#include "grading/answer/pair.h"

namespace lyceum::grading {

// Of a pair with one reference. Nothing: it is none of these, and for algebra.
std::optional<PairGrade> GradeWhole(const Pair& pair);

}  // namespace lyceum::grading
