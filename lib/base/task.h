// Task<T>: a computation that waits without holding a thread.
//
//   Task<int> Sum() { const int a = co_await First(); co_return a + co_await Second(); }
// It begins when somebody awaits it, and goes on in whatever thread ends its wait. Awaited once, to
// its end: there is no way to drop one that has begun; who wants it to end early hands it a stop
// token. What it refers to outlives it. An exception comes out where it is awaited.
// Wait(task) blocks for it; Detach(task) lets it run.
#pragma once

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

namespace lyceum {

template <class T>
class [[nodiscard]] Task;

namespace task {

// Who awaits goes on in the thread that comes last to the meeting of both: the one that began the
// task and found it ended, or the one that ended it and found somebody waiting. So that a task that
// never waits costs no stack, however often it is awaited.
class PromiseBase {
 public:
  std::suspend_always initial_suspend() const noexcept { return {}; }
  struct Last {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      PromiseBase& promise = ended.promise();
      const std::coroutine_handle<> waiter = promise.waiter_;
      if (promise.Meet()) waiter.resume();
    }
    void await_resume() const noexcept {}
  };
  Last final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { thrown_ = std::current_exception(); }

  // True: the other one was there before.
  bool Meet() noexcept { return met_.exchange(true, std::memory_order_acq_rel); }
  void set_waiter(std::coroutine_handle<> waiter) noexcept { waiter_ = waiter; }

 protected:
  void Rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  std::coroutine_handle<> waiter_;
  std::atomic<bool> met_{false};
  std::exception_ptr thrown_;
};

template <class T>
class Promise : public PromiseBase {
 public:
  Task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T Take() {
    Rethrow();
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> : public PromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void Take() const { Rethrow(); }
};

}  // namespace task

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = task::Promise<T>;
  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  struct Awaiter {
    std::coroutine_handle<promise_type> handle;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> waiter) const {
      promise_type& promise = handle.promise();
      promise.set_waiter(waiter);
      handle.resume();
      return !promise.Meet();
    }
    T await_resume() const { return handle.promise().Take(); }
  };
  Awaiter operator co_await() const& noexcept = delete;
  Awaiter operator co_await() && noexcept { return Awaiter{handle_}; }

 private:
  std::coroutine_handle<promise_type> handle_;
};

namespace task {

template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

// A coroutine that nobody awaits. An exception ends the process.
struct Detached {
  struct promise_type {
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

inline Detached Run(Task<void> task) { co_await std::move(task); }

template <class T>
class Outcome {
 public:
  void Set(T value) { value_.emplace(std::move(value)); }
  T Take() { return std::move(*value_); }

 private:
  std::optional<T> value_;
};
template <>
class Outcome<void> {
 public:
  void Take() const {}
};

// Where a thread waits for the end of a task.
template <class T>
struct Meeting : Outcome<T> {
  std::exception_ptr thrown;
  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;  // Guarded by mutex.
};

template <class T>
Detached RunInto(Task<T> given, Meeting<T>* meeting) {
  {
    // Its frame is gone before anybody hears of its end.
    Task<T> task = std::move(given);
    try {
      if constexpr (std::is_void_v<T>) {
        co_await std::move(task);
      } else {
        meeting->Set(co_await std::move(task));
      }
    } catch (...) {
      meeting->thrown = std::current_exception();
    }
  }
  const std::lock_guard lock(meeting->mutex);
  meeting->ended = true;
  meeting->changed.notify_one();
}

}  // namespace task

// Runs on its own; what it throws ends the process.
inline void Detach(Task<void> task) { task::Run(std::move(task)); }

// Blocks this thread until its end, which therefore has to come from another one.
template <class T>
T Wait(Task<T> task) {
  task::Meeting<T> meeting;
  task::RunInto(std::move(task), &meeting);
  std::unique_lock lock(meeting.mutex);
  meeting.changed.wait(lock, [&] { return meeting.ended; });
  if (meeting.thrown) std::rethrow_exception(meeting.thrown);
  return meeting.Take();
}

}  // namespace lyceum
