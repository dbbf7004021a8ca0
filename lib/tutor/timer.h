// The timers of a session: the deadline of a tool, the learner's silence, the end of keeping.
//
// Idle and ttl are lazy: one timer of each stands, set once, and when it fires too early because
// the learner came back, it is set again for the time that is left.
#pragma once

#include "tutor/step.h"

namespace lyceum::tutor {

// A learner's event: the session is active, and both timers stand.
void WakeUp(Step& step);

// A timer of another token is dropped and counted.
void FireTimer(Step& step, const TimerFired& fired);

}  // namespace lyceum::tutor
