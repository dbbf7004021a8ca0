// NatsWire: the Wire to a real server: nats.c, driven by an EventLoop.
//
//   EventLoop loop;
//   auto wire = NatsWire::Create(&loop, &clock, options);
//   while (true) {
//     loop.RunOnce((*wire)->NextDeadlineMs() - clock.SteadyMs());
//     (*wire)->Tick();
//     (*wire)->Flush();
//   }
//
// Every call is made on the loop's thread, and none of them waits, except the destructor: for a
// connection that is just being made, at most as long as ConnectOptions::timeout. Connections are
// made, and broken ones destroyed, by a thread that exists only while there is no connection; the
// pause between two tries is 50 ms at first and 1 s at most, with jitter. Requests that are open
// when the wire is destroyed are not called back.
//
// What a read brings is handed out subscription by subscription: in order within each, in no order
// between two.
//
// With tls:// the library reads in a thread of its own, which wakes the loop: over a part of a TLS
// record it would wait there. That costs wake-ups, and a write for each message at Flush, which may wait
// for a server that does not read, as long as the library's write deadline.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "wire/connection.h"
#include "wire/event_loop.h"
#include "wire/wire.h"

namespace lyceum::wire {

class NatsWire : public Wire {
 public:
  // Begins to connect. `loop` and `clock` outlive it. kReject: no url, or an
  // inbox prefix that is no subject.
  static Result<std::unique_ptr<NatsWire>> Create(EventLoop* loop, const Clock* clock,
                                                  const ConnectOptions& options);

  // Once a turn of the loop: ends requests whose time is over, and a connection on which nothing
  // has come for 2.5 s (the server is asked for a sign of life every second).
  virtual void Tick() = 0;
  // When Tick has something to do, as Clock::SteadyMs.
  virtual int64_t NextDeadlineMs() const = 0;
  // Why the last try to connect failed; empty while connected and before the first one has ended.
  // kReject: the server refuses us (it is tried again all the same).
  virtual std::optional<Error> connect_error() const = 0;
};

}  // namespace lyceum::wire
