// A connection to NATS: publish, request, subscribe. nats.h stops in this library.
//
// Thread-safe. Reconnects for ever by itself; while it is away, publishing is kRetry at once
// (nothing is buffered for later). Nothing here calls back into the caller: what arrives is put
// into a Mailbox.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mailbox.h"
#include "base/result.h"

namespace lyceum::wire {

struct ConnectOptions {
  std::string url = "nats://127.0.0.1:4222";  // Several: comma separated.
  std::string name;                           // Shown by the server's monitoring.
  std::string user;
  std::string password;
  std::string credentials_file;
  // Files in PEM. With an authority the connection is one with TLS, whatever the url says, and the server
  // must have a certificate of it; else one of the system's authorities. With certificate and key the
  // server knows who we are by those.
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  std::chrono::milliseconds timeout{2000};
  // Where this client's replies arrive. Empty: "_INBOX.<user>" where there is a user (also one
  // named in the url), so that a server can give each role its own; else "_INBOX".
  std::string inbox_prefix;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Message {
  std::string subject;
  std::string reply;
  Headers headers;
  std::string data;
  int tag = 0;                 // Of the subscription it came by.
  bool no_responders = false;  // A status of the server, not somebody's message.

  // The header's value, or empty. Names compare case-insensitively.
  std::string_view header(std::string_view name) const;
};

using MessageBox = Mailbox<Message>;
using MessageHandler = std::function<void(Message)>;

// Ends the subscription when destroyed: after that nothing more is put into the mailbox, and the
// handler is not called. Waits for a call that runs: not to be destroyed by its own handler, nor
// under a lock that the handler takes.
class Subscription {
 public:
  struct Impl;
  explicit Subscription(std::unique_ptr<Impl> impl);
  Subscription(Subscription&&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;
  ~Subscription();
  // Messages dropped because the mailbox was full, or the library's own limit was reached.
  uint64_t dropped() const;

 private:
  std::unique_ptr<Impl> impl_;
};

class Connection {
 public:
  // kRetry: nobody answers there. kReject: refused (credentials, permissions): the text says which.
  static Result<std::shared_ptr<Connection>> Connect(const ConnectOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // kReject: bad subject, or larger than the server takes. kRetry: not connected.
  Result<void> Publish(const Message& message);
  // Returns when the server has seen everything that was published before, since the last
  // reconnect: what lay in the buffer of a connection that broke is gone. If reconnects() is the
  // same before the first publish and after the flush, nothing was lost.
  Result<void> Flush(std::chrono::milliseconds timeout);
  // kRetry: nobody answered in time. kReject: nobody is subscribed ("no responders").
  Result<Message> Request(const Message& message, std::chrono::milliseconds timeout);

  // Everything on the subject goes to the mailbox, with that tag. `queue` empty: no queue group.
  Result<Subscription> Subscribe(const std::string& subject, const std::string& queue,
                                 std::shared_ptr<MessageBox> box, int tag);

  // The same, message by message, to a handler on a thread that is this subscription's alone: where
  // a mailbox and one more thread would cost more than what is done. What comes while it works
  // waits in the library.
  Result<Subscription> Subscribe(const std::string& subject, const std::string& queue,
                                 MessageHandler handler);

  // A fresh subject for replies.
  std::string NewInbox() const;
  bool connected() const;
  uint64_t reconnects() const;  // Goes up by one at each reconnect.
  size_t payload_bytes_max() const;
  // Permission violations and other asynchronous errors so far, and the last one in words.
  uint64_t async_errors() const;
  std::string last_async_error() const;

  struct Impl;  // For this library's own sources.
  Impl& impl() { return *impl_; }
  explicit Connection(std::unique_ptr<Impl> impl);

 private:
  Result<void> Check(const Message& message) const;

  std::unique_ptr<Impl> impl_;
};

// True if it may be published to: no wildcard, no empty token, no space, control or non-ASCII byte.
bool IsSubject(std::string_view subject);

}  // namespace lyceum::wire
