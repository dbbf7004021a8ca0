#include "base/watchdog.h"

#include <pthread.h>

#include <utility>

namespace lyceum {

Watchdog::Watchdog(std::chrono::milliseconds tick, int looks_max, size_t loops, Stuck stuck)
    : tick_(tick), looks_max_(looks_max), stuck_(std::move(stuck)), turns_(loops), thread_([this] {
        Run();
      }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Watchdog::Turned(size_t loop) {
  std::atomic<uint64_t>& turns = turns_[loop];
  turns.store(turns.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void Watchdog::Leave(size_t loop) { turns_[loop].store(0, std::memory_order_relaxed); }

void Watchdog::Run() {
  pthread_setname_np(pthread_self(), "watchdog");
  std::vector<uint64_t> seen(turns_.size());
  std::vector<int> silent(turns_.size());
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, tick_, [&] { return stopping_; })) {
    for (size_t loop = 0; loop < turns_.size(); ++loop) {
      const uint64_t turns = turns_[loop].load(std::memory_order_relaxed);
      const bool still = turns != 0 && turns == std::exchange(seen[loop], turns);
      silent[loop] = still ? silent[loop] + 1 : 0;
      if (silent[loop] >= looks_max_) stuck_(loop, silent[loop]);
    }
  }
}

}  // namespace lyceum
