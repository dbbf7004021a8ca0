// What an operator's command does, in any state. The cells of table A name these.
#pragma once

#include <string>

#include "tutor/step.h"

namespace lyceum::tutor {

// Cancels what runs, gives up what waits for a teacher, clears what failed: the session stands where it stood before.
void LeaveCall(Step& step);

void Remediate(Step& step, const ErrorId& error);  // Not registered, or empty: diagnose.
void MoveToTopic(Step& step, const TopicId& topic);
void EndSession(Step& step);
void Suspend(Step& step);

// A step broke an invariant: what is broken goes back to something sound, and the session waits
// in error_state with the load of its topic as the failed call.
void Repair(Step& step, const std::string& what);

}  // namespace lyceum::tutor
