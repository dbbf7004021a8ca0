// Wire: one connection to NATS, seen from an event loop. The door through which a shard reads and
// writes.
//
// Everything here is called on the loop's thread, and every handler runs there: nothing waits,
// nothing locks. What is published lies in a buffer until Flush, which the loop calls once at the
// end of each of its turns. A connection that breaks takes its subscriptions and requests with it;
// a new one is made in the background, and the connection handler is told: it subscribes again. Two
// implementations: NatsWire (nats_wire.h) and the in-memory twin (memory_broker.h). Both pass the
// same tests.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lyceum::wire {

// A message that came. Views: valid until the handler returns.
struct Arrived {
  std::string_view subject;
  std::string_view reply;
  std::string_view data;
  std::string_view content_type;  // The header of that name, or empty.
  int status =
      0;  // Of the server: 503 nobody is subscribed, 100 JetStream's own; 0: somebody's message.

  // Any other header, or empty. Names compare as they are written. Slow: not for every message.
  class Headers {
   public:
    virtual ~Headers() = default;
    virtual std::string_view Get(std::string_view name) const = 0;
  };
  const Headers* headers = nullptr;  // Null: there are none.
  std::string_view header(std::string_view name) const {
    return headers == nullptr ? std::string_view() : headers->Get(name);
  }
};

// A message to publish. Views: read before Publish returns. Headers are made only for what is not
// empty.
struct Outbound {
  std::string_view subject;
  std::string_view reply = {};
  std::string_view data = {};
  std::string_view content_type = {};   // Content-Type
  std::string_view message_id = {};     // Nats-Msg-Id
  std::string_view trace = {};          // traceparent
  std::string_view expected_last = {};  // Nats-Expected-Last-Subject-Sequence
};

// The answer to a request, with its own bytes.
struct Answer {
  std::string data;
  std::string content_type;
};

class Wire {
 public:
  using SubscriptionId = uint64_t;
  using Handler = std::function<void(const Arrived&)>;
  using AnswerHandler = std::function<void(Result<Answer>)>;
  using ConnectionHandler = std::function<void(bool connected)>;

  virtual ~Wire() = default;

  // Every message on the subject (wildcards allowed), in order, to the handler, until Unsubscribe
  // or until the connection is gone. Between subscriptions there is no order within a turn of the
  // loop; but what arrived earlier is never handed out in a later turn. `queue` empty: no queue group.
  // kRetry: not connected. kReject:
  // not a subject. A handler may call anything here, also Unsubscribe itself; it is not called
  // again after Unsubscribe returns.
  virtual Result<SubscriptionId> Subscribe(std::string_view subject, std::string_view queue,
                                           Handler handler) = 0;
  // One that is gone already, or 0, is no error.
  virtual void Unsubscribe(SubscriptionId id) = 0;

  // kRetry: not connected; nothing is kept. kReject: a bad subject or header, or more than
  // payload_bytes_max. Returning well means buffered: that it arrived is known when something
  // published after it comes back.
  virtual Result<void> Publish(const Outbound& message) = 0;
  // Calls `done` exactly once, never before Request returns: with the answer; kReject: nobody is
  // subscribed, or it could not be published; kRetry: no answer in time, or the connection is gone.
  // `reply` of the message is not used.
  virtual void Request(const Outbound& message, std::chrono::milliseconds timeout,
                       AnswerHandler done) = 0;
  // Writes what was published. Bytes that the server does not take yet stay buffered.
  virtual void Flush() = 0;

  // Told of each new connection (true) and of each loss (false). At most one handler.
  virtual void SetConnectionHandler(ConnectionHandler handler) = 0;
  virtual bool connected() const = 0;
  // 1 for the first connection, one more for each later one; 0 before the first.
  virtual uint64_t connection_number() const = 0;
  // A fresh subject of our own, which this role may subscribe to. Tokens may be appended to it.
  virtual std::string NewInbox() = 0;
  virtual size_t payload_bytes_max() const = 0;
  // Published and not yet taken by the system. Whoever publishes much stops while it is over its
  // bound.
  virtual size_t unwritten_bytes() const = 0;
  // What the server has refused on the way (permissions), so far, and the last of it in words.
  virtual uint64_t async_errors() const = 0;
  virtual std::string last_async_error() const = 0;
};

}  // namespace lyceum::wire
