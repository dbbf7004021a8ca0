// The timers of a session: the deadline of a tool, the learner's silence, the end of keeping, and
// that of a draft (supervision.h).
//
// Idle and ttl are lazy: one timer of each stands, set once; when it is due and the learner has
// come back since, it is set anew for the time that is left. A record of one that is not due yet
// changes nothing. A tool deadline and a draft's timer are obeyed when they come: their time is the
// owner's to count.
#pragma once

#include "tutor/step.h"

namespace lyceum::tutor {

// A learner's event: the session is active, and both timers stand.
void WakeUp(Step& step);

// A timer of another token is dropped and counted.
void FireTimer(Step& step, const TimerFired& fired);

}  // namespace lyceum::tutor
