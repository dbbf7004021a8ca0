// What an operator's command does, in any state. The cells of table A name these.
#pragma once

#include <string>

#include "tutor/step.h"

namespace lyceum::tutor {

// Cancels what runs, clears what failed: the session stands where it stood before.
void LeaveCall(Turn& turn);

void Remediate(Turn& turn, const ErrorId& error);  // Not registered, or empty: diagnose.
void MoveToTopic(Turn& turn, const TopicId& topic);
void EndSession(Turn& turn);
void Suspend(Turn& turn);

// A step broke an invariant: what is broken is taken back to something sound, and the session waits
// in error_state with the load of its topic as the failed call.
void Repair(Turn& turn, const std::string& what);

}  // namespace lyceum::tutor
