// SIGTERM and SIGINT as something to wait for.
#pragma once

#include "base/clock.h"

namespace lyceum {

// Call first in main, before any thread: blocks both signals in every thread, and ignores SIGPIPE.
void CatchStopSignals();
// True as soon as one came. Waits at most until the deadline.
bool WaitForStop(Deadline deadline);

}  // namespace lyceum
