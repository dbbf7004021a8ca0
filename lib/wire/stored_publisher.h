// StoredPublisher: messages for JetStream, each sent again until it is acked, over a Wire.
//
// All acks come to one inbox, `<inbox>.<n>`. A message is sent again after `resend_ms` without an
// ack, and on a new connection; an ack that carries an error or sequence 0 is no ack. Bounded:
// `messages_max` and `bytes_max` at once; Send says no when they are reached. Calls back on the
// loop's thread, exactly once per message.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "wire/wire.h"

namespace lyceum::wire {

struct StoredMessageOut {
  std::string subject;
  std::string data;
  std::string content_type;   // Empty: protobuf.
  std::string message_id;     // Nats-Msg-Id; not empty.
  std::string expected_last;  // Nats-Expected-Last-Subject-Sequence, or empty.
};

class StoredPublisher {
 public:
  // The sequence under which it is stored. kReject: refused for ever (too large, or the stream says
  // so). kRetry: not acked by its give-up time.
  using Done = std::function<void(Result<uint64_t>)>;
  struct Options {
    size_t messages_max = 4096;
    size_t bytes_max = 16 << 20;
    int64_t resend_ms = 1000;
  };
  StoredPublisher(Wire* wire, const Clock* clock, Options options);
  ~StoredPublisher();  // Nobody is called back any more.

  // False: no room; nothing was taken. `give_up_ms` counts from now; INT64_MAX: never.
  bool Send(StoredMessageOut message, int64_t give_up_ms, Done done);
  // On a new connection: subscribes to the inbox again and sends again what is not acked.
  void OnConnected();
  // Sends again what is due, and gives up what is over its time. Call it every 100 ms or so.
  void Tick();
  size_t in_flight() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::wire
