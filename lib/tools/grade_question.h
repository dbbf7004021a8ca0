// Between the tutor's questions and the grader.
#pragma once

#include "grading/answer/grade.h"
#include "tutor/call.h"

namespace lyceum::tools {

grading::Item ItemOf(const tutor::Question& question);

// check_answer: the verdict with words for the learner that never hold the key.
tutor::CheckAnswerOk GradeAnswer(const tutor::CheckAnswerArgs& args);

// True where grading is known to take some tens of microseconds: a choice or a number, or little
// text on both sides.
bool IsQuickToGrade(const tutor::CheckAnswerArgs& args);
// Free text that the program did not recognize: whether other words mean the same is nothing that it
// can tell. One that it did recognize, by a known error too, is decided.
bool NeedsJudge(const tutor::CheckAnswerArgs& args, const tutor::CheckAnswerOk& graded);
// What is said of it where no language model judges: ungraded, no guess.
tutor::CheckAnswerOk Unjudged(const tutor::CheckAnswerOk& graded);

}  // namespace lyceum::tools
