#include "base/timers.h"

#include "base/check.h"

namespace lyceum {
namespace {

constexpr std::chrono::hours kIdle{1};

}  // namespace

Timers::Timers() : thread_([this] { Run(); }) {}

Timers::~Timers() {
  {
    const std::lock_guard lock(mutex_);
    CHECK(waiting_.empty());
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

uint64_t Timers::NewNumber() {
  const std::lock_guard lock(mutex_);
  return ++last_number_;
}

void Timers::Add(uint64_t number, Deadline due, std::coroutine_handle<> task) {
  // Without the lock the task may go on, and the timers be gone.
  const std::lock_guard lock(mutex_);
  const auto added = waiting_.emplace(std::pair(due, number), task).first;
  due_.emplace(number, due);
  if (added == waiting_.begin()) changed_.notify_one();
}

void Timers::Hasten(uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = due_.find(number);
  if (found == due_.end()) return;
  auto node = waiting_.extract({found->second, number});
  found->second = Deadline::min();
  node.key().first = Deadline::min();
  waiting_.insert(std::move(node));
  changed_.notify_one();
}

void Timers::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const Deadline next = waiting_.empty() ? In(kIdle) : waiting_.begin()->first.first;
    if (next > Steady::now()) {
      changed_.wait_until(lock, next);
      continue;
    }
    const auto node = waiting_.extract(waiting_.begin());
    due_.erase(node.key().second);
    lock.unlock();
    node.mapped().resume();
    lock.lock();
  }
}

}  // namespace lyceum
