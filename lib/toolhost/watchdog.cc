#include "toolhost/watchdog.h"

#include <utility>

namespace lyceum::toolhost {

Watchdog::Watchdog(std::chrono::milliseconds tick, int ticks_max, std::function<void()> stuck)
    : tick_(tick), ticks_max_(ticks_max), stuck_(std::move(stuck)), thread_([this] { Run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Watchdog::Run() {
  uint64_t seen = turns_.load(std::memory_order_relaxed);
  int silent = 0;
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, tick_, [&] { return stopping_; })) {
    const uint64_t turns = turns_.load(std::memory_order_relaxed);
    silent = turns == seen ? silent + 1 : 0;
    seen = turns;
    if (silent == ticks_max_) stuck_();
  }
}

}  // namespace lyceum::toolhost
