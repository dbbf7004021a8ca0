// Timers: waits of tasks for a time, in one thread.
//
//   const bool in_time = co_await timers.Until(due, stop);  // False: stopped before.
// What waits goes on in the thread of the timers, and is not to keep it long. Thread-safe. All that
// wait are over before the timers are destroyed.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/clock.h"

namespace lyceum {

class Timers {
 public:
  Timers();
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;
  ~Timers();

  class Wait;
  Wait Until(Deadline due, std::stop_token stop);

  // The parts of it, for waits that somebody else may end. A number is used once.
  uint64_t NewNumber();
  void Add(uint64_t number, Deadline due, std::coroutine_handle<> task);
  // It is due now. One that is over, or not there yet, is not.
  void Hasten(uint64_t number);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t last_number_ = 0;  // From here on guarded by mutex_.
  std::map<std::pair<Deadline, uint64_t>, std::coroutine_handle<>> waiting_;
  std::unordered_map<uint64_t, Deadline> due_;
  bool stopping_ = false;
  std::thread thread_;
};

class Timers::Wait {
 public:
  Wait(Timers* timers, Deadline due, std::stop_token stop)
      : timers_(timers), due_(due), stop_(std::move(stop)) {}

  bool await_ready() const { return stop_.stop_requested() || due_ <= Steady::now(); }
  void await_suspend(std::coroutine_handle<> task) {
    // Once it is added the task may go on, and this be gone.
    Timers& timers = *timers_;
    const std::stop_token stop = stop_;
    const uint64_t number = timers.NewNumber();
    stopped_.emplace(stop, Hastener{&timers, number});
    timers.Add(number, due_, task);
    if (stop.stop_requested()) timers.Hasten(number);  // It came too early to be heard.
  }
  bool await_resume() {
    stopped_.reset();
    return !stop_.stop_requested();
  }

 private:
  struct Hastener {
    void operator()() const { timers->Hasten(number); }
    Timers* timers;
    uint64_t number;
  };

  Timers* const timers_;
  const Deadline due_;
  const std::stop_token stop_;
  std::optional<std::stop_callback<Hastener>> stopped_;
};

inline Timers::Wait Timers::Until(Deadline due, std::stop_token stop) {
  return {this, due, std::move(stop)};
}

}  // namespace lyceum
