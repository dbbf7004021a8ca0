#include "support/eventually.h"

#include <poll.h>

#include <algorithm>

namespace lyceum::test {
namespace {
constexpr int64_t kAskEveryMs = 5;
}

bool Eventually(Deadline deadline, const std::function<bool()>& condition) {
  while (!condition()) {
    const int64_t left = LeftMs(deadline);
    if (left == 0) return condition();
    poll(nullptr, 0, static_cast<int>(std::min(left, kAskEveryMs)));
  }
  return true;
}

bool Eventually(std::chrono::milliseconds wait, const std::function<bool()>& condition) {
  return Eventually(In(wait), condition);
}

void PassTime(std::chrono::milliseconds time) {
  Eventually(time, [] { return false; });
}

}  // namespace lyceum::test
