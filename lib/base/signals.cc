#include "base/signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <ctime>

#include "base/check.h"

namespace lyceum {
namespace {

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

sigset_t Hangup() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

void CatchStopSignals() {
  const sigset_t set = StopSignals();
  CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  signal(SIGPIPE, SIG_IGN);
}

bool WaitForStop(Deadline deadline) {
  const sigset_t set = StopSignals();
  do {
    // In steps, so that a deadline of "for ever" fits a timespec.
    const int64_t wait_ms = std::min<int64_t>(LeftMs(deadline), 60'000);
    const timespec wait{.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1'000'000};
    if (sigtimedwait(&set, nullptr, &wait) > 0) return true;
  } while (Steady::now() < deadline);
  return false;
}

int StopSignalDescriptor() {
  static const int descriptor = [] {
    const sigset_t set = StopSignals();
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  }();
  CHECK(descriptor >= 0);
  return descriptor;
}

void CatchHangup() {
  const sigset_t set = Hangup();
  CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
}

bool TakeHangup() {
  const sigset_t set = Hangup();
  const timespec now{.tv_sec = 0, .tv_nsec = 0};
  return sigtimedwait(&set, nullptr, &now) > 0;
}

}  // namespace lyceum
