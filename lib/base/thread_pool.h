// ThreadPool: threads for the parts of a task that block or work long.
//
//   co_await pool.Enter();  // From here on in one of its threads.
// A thread is made when there is work that nobody is free for, up to threads_max; the first one at
// once. Thread-safe. What waits for a thread is no more than the tasks that its users run.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace lyceum {

class ThreadPool {
 public:
  explicit ThreadPool(size_t threads_max);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();  // Runs what waits, and ends with the last of it.

  struct Entry {
    ThreadPool* pool;  // Null: it stays in its thread.
    bool await_ready() const noexcept { return pool == nullptr; }
    void await_suspend(std::coroutine_handle<> task) const { pool->Post(task); }
    void await_resume() const noexcept {}
  };
  Entry Enter() { return {this}; }

  size_t threads() const;  // That were made.

 private:
  void Post(std::coroutine_handle<> task);
  void Run();
  void Grow();  // With the lock held.

  const size_t threads_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::coroutine_handle<>> waiting_;  // From here on guarded by mutex_.
  size_t free_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace lyceum
