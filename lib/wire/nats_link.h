// Private to this library: one connection of nats.c, from its making to its end. An EventLoop drives
// it; but one with TLS, where the library would wait for the rest of a TLS record on the loop, reads
// in the library's own thread, which wakes the loop. It does not come back when it breaks: the library's own reconnect keeps the state of its
// parser, and delivers corrupt messages.
//
// Made and destroyed by any thread, both may wait; in between the loop's thread alone uses it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "wire/event_loop.h"
#include "wire/nats_options.h"

namespace lyceum::wire {

class NatsLink {
 public:
  // What the library's callbacks may touch, from any of its threads.
  struct State {
    std::atomic<int> fd{-1};
    std::atomic<bool> closed{false};
    std::vector<natsMsg*> no_responders;  // Of a connection that reads by itself. Guarded by mutex.
    std::atomic<std::thread::id> loop_thread{};
    std::mutex mutex;
    EventLoop* loop = nullptr;  // Guarded by mutex; null once nobody is to be woken any more.
  };

  // kReject: refused (user, password). kRetry: nobody answers there. Waits.
  static Result<std::shared_ptr<NatsLink>> Connect(const ConnectOptions& options,
                                                   const Target& target, uint64_t async_id,
                                                   EventLoop* loop);
  ~NatsLink();  // The loop must not watch fd() any more.
  NatsLink(const NatsLink&) = delete;
  NatsLink& operator=(const NatsLink&) = delete;

  // From now on the calling thread is the loop's: it need not be woken for what it does itself.
  void EnterLoop() { state_->loop_thread = std::this_thread::get_id(); }

  // It reads and writes by itself, and wakes the loop: there is no fd to watch.
  bool reads_itself() const { return reads_itself_; }

  natsConnection* get() const { return connection_.get(); }
  int fd() const { return state_->fd; }
  // The library has closed it: nothing goes in or out any more.
  bool closed() const;
  // Reads once, at most 64 KiB; the library puts what has come into its subscriptions. `subjects`: gets those of the messages
  // that were read; null: they are not asked for. False: they cannot be told.
  bool Read(std::vector<std::string>* subjects);
  // "Nobody is subscribed", of the last Read: the caller destroys them. A synchronous subscription
  // gives such a message without its subject, so they do not get so far.
  std::vector<natsMsg*>& no_responders();
  // While it lives, at most the message that was last read goes into its subscription yet. Holds
  // nothing where the loop itself reads.
  std::unique_lock<std::mutex> PauseReading();
  // How many messages have come in so far.
  uint64_t messages_in();
  // Kept until the connection is closed, so that none of them is unsubscribed one by one.
  void Keep(SubscriptionHandle subscription) { kept_.push_back(std::move(subscription)); }

 private:
  explicit NatsLink(bool reads_itself);

  const bool reads_itself_;
  const std::shared_ptr<State> state_;
  const uint64_t id_;
  ConnectionHandle connection_;
  StatisticsHandle statistics_;
  std::vector<SubscriptionHandle> kept_;
  std::vector<natsMsg*> no_responders_;
};

}  // namespace lyceum::wire
