#include "base/thread_pool.h"

#include <algorithm>
#include <system_error>

namespace lyceum {

ThreadPool::ThreadPool(size_t threads_max) : threads_max_(std::max<size_t>(threads_max, 1)) {
  threads_.emplace_back([this] { Run(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

size_t ThreadPool::threads() const {
  const std::lock_guard lock(mutex_);
  return threads_.size();
}

void ThreadPool::Post(std::coroutine_handle<> task) {
  // Without the lock the task may go on, and the pool be gone.
  const std::lock_guard lock(mutex_);
  waiting_.push_back(task);
  if (waiting_.size() > free_ && threads_.size() < threads_max_) Grow();
  changed_.notify_one();
}

void ThreadPool::Grow() {
  try {
    threads_.emplace_back([this] { Run(); });
  } catch (const std::system_error&) {
    // The system has none left: those that are there do it, later.
  }
}

void ThreadPool::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++free_;
    changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    --free_;
    if (waiting_.empty()) return;
    const std::coroutine_handle<> task = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    task.resume();
    lock.lock();
  }
}

}  // namespace lyceum
