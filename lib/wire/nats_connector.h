// Private to this library: makes the connections of a NatsWire, one after another, on a thread that
// exists only while one is being made. The loop's thread calls it.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "wire/nats_link.h"

namespace lyceum::wire {

class NatsConnector {
 public:
  using OnLink = std::function<void(std::shared_ptr<NatsLink>)>;

  // `on_link` is called on the loop's thread, never after the connector is gone.
  NatsConnector(EventLoop* loop, ConnectOptions options, Target target, uint64_t async_id,
                OnLink on_link);
  ~NatsConnector();  // Waits for a try that runs: as long as ConnectOptions::timeout.

  // Destroys the broken connection (null: there was none), and tries until there is a new one: with
  // a pause of 50 ms at first and 1 s at most between two tries, and jitter. Not before on_link was
  // called for the one before.
  void Start(std::shared_ptr<NatsLink> broken);
  // Why the last try failed. Empty before the first one has ended, and after one that did not.
  std::optional<Error> error() const;

 private:
  void Run(std::shared_ptr<NatsLink> broken);
  bool Pause(int64_t ms);  // False: to stop.
  void SetError(std::optional<Error> error);

  EventLoop* const loop_;
  const ConnectOptions options_;
  const Target target_;
  const uint64_t async_id_;
  const OnLink on_link_;
  // What is posted to the loop holds it weakly, and does nothing once it is gone.
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  mutable std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;           // Guarded by mutex_.
  std::optional<Error> error_;  // Guarded by mutex_.
  std::thread thread_;
};

}  // namespace lyceum::wire
