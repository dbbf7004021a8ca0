// SIGTERM, SIGINT and SIGHUP as something to wait for.
#pragma once

#include "base/clock.h"

namespace lyceum {

// Call first in main, before any thread: blocks both signals in every thread, and ignores SIGPIPE.
void CatchStopSignals();
// True as soon as one came. Waits at most until the deadline.
bool WaitForStop(Deadline deadline);
// The same as a descriptor, for who waits for more: readable from when one came on. Never closed.
int StopSignalDescriptor();

// SIGHUP, by custom "read your files again": also to be called before any thread.
void CatchHangup();
// True where one came since the last time.
bool TakeHangup();

}  // namespace lyceum
