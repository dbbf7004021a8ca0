#include "support/lateness.h"

#include <algorithm>

#include "base/clock.h"

namespace lyceum::test {
namespace {

constexpr std::chrono::milliseconds kStep{5};

}  // namespace

Lateness::Lateness() : thread_([this] { Run(); }) {}

Lateness::~Lateness() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Lateness::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const Deadline due = In(kStep);
    changed_.wait_until(lock, due, [&] { return stopping_; });
    const auto late = std::chrono::ceil<std::chrono::milliseconds>(Steady::now() - due).count();
    ms_max_ = std::max<int64_t>(ms_max_, late);
  }
}

}  // namespace lyceum::test
