// What a grade does: check_answer of table B.
#pragma once

#include "tutor/step.h"

namespace lyceum::tutor {

// The session stands in the origin of the call. A grade of another question, or one of a rubric
// that is not sure, counts as ungraded.
void ApplyGrade(Step& step, const Call& call, const CheckAnswerOk& grade);

}  // namespace lyceum::tutor
