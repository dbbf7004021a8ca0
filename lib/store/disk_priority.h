// What a thread may ask of the disk. For this library's own sources.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

namespace lyceum::store {

// Of the calling thread: the disk serves it when nobody else asks.
inline void LowerDiskPriority() {
  constexpr int kWhoProcess = 1, kClassIdle = 3, kClassShift = 13;
  // Where the kernel has no such classes the thread is as any other.
  (void)syscall(SYS_ioprio_set, kWhoProcess, 0, kClassIdle << kClassShift);
}

}  // namespace lyceum::store
