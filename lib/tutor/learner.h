// What a learner's event does, where no tool runs. The cells of table A name these.
#pragma once

#include "tutor/step.h"

namespace lyceum::tutor {

// A message in a state that may have an open question: checked, clarified or classified.
void ReadMessage(Step& step, const UserMessage& message);
void CheckAnswer(Step& step, const std::string& answer);
void Clarify(Step& step, const std::string& text);

// The next rung of the ladder; when it is spent, the worked solution.
void NextHint(Step& step);
// Closes the question as skipped, and goes on.
void SkipQuestion(Step& step);
// From setting_question: a question that is still to be made is given up.
void SkipSetting(Step& step);
// No topic of the course was ever there.
bool IsNeverLoaded(const Session& session);
// From error_state: gives up what could not be done. A course that never began is not skipped.
void SkipFailed(Step& step);
// From a remediating state: back to the question, or to the material.
void LeaveRemediation(Step& step);
// A new session under the same user.
void StartOver(Step& step, const Start& start);

// Tells the client what it missed and where the learner stands, then sends it.
void Resume(Step& step, uint32_t after_n);

// The grade told in one of the session's messages is to be looked at again.
void MarkForReview(Step& step, const Review& review);

// An event while a tool runs or a teacher decides: WAIT, and then what the busy policy says.
void Wait(Step& step, const EventKind& kind);
// Handles what was deferred, until the session is locked again or nothing is left.
void DrainInbox(Step& step);

}  // namespace lyceum::tutor
