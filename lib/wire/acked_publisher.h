// AckedPublisher: many messages to JetStream in flight at once, each sent again until it is acked.
//
// Sends with Nats-Msg-Id, so that the server drops what it has. A message is sent again after
// resend_ms without an ack and after a reconnect; an ack that carries an error, or sequence 0, is
// no ack. Nothing is given up while the publisher lives, except what is over its deadline. Bounded:
// at most in_flight_max messages; Send waits for room until its deadline. Has one thread of its
// own. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/mailbox.h"
#include "wire/connection.h"

namespace lyceum::wire {

// What became of a message.
struct Acked {
  uint64_t cookie = 0;  // As given to Send.
  bool ok = false;      // false: given up at its deadline, or refused for ever (too large).
  uint64_t sequence = 0;
  std::string error;
};

class AckedPublisher {
 public:
  struct Options {
    size_t in_flight_max = 4096;
    std::chrono::milliseconds resend{1000};
  };
  // Acked's go to `done`, which must have room for in_flight_max of them.
  AckedPublisher(std::shared_ptr<Connection> connection, std::shared_ptr<Mailbox<Acked>> done,
                 Options options);
  ~AckedPublisher();  // Stops; what is not acked is not reported.

  // False: no room until `room`. `give_up`: when to stop trying.
  bool Send(Message message, std::string message_id, uint64_t cookie, Deadline room,
            Deadline give_up = Deadline::max());
  size_t in_flight() const;
  // Waits until nothing is in flight. False at the deadline.
  bool Drain(Deadline deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::wire
