// Waiting for a condition, with a deadline: the only way a test waits.
#pragma once

#include <chrono>
#include <functional>

#include "base/clock.h"

namespace lyceum::test {

// True as soon as the condition holds, false at the deadline. Asks every few milliseconds, and once
// more at the deadline.
bool Eventually(Deadline deadline, const std::function<bool()>& condition);
bool Eventually(std::chrono::milliseconds wait, const std::function<bool()>& condition);

// For what is measured over a stretch of time: waits for its end, and for nothing else.
void PassTime(std::chrono::milliseconds time);

}  // namespace lyceum::test
