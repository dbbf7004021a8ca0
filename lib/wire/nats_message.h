// Private to this library: a message of nats.c as an Arrived, without copying it.
#pragma once

#include <nats/nats.h>

#include <string>
#include <string_view>

#include "wire/wire.h"

namespace lyceum::wire {

// The headers of a message where they lie. The library's own reading of them builds a hash table
// for each message, so they are read from the block that the server sent, where it is as it came
// (of a message without data, NextMsg has made the table already):
//
//   NATS/1.0[ <status>[ <description>]]\r\n
//   <name>: <value>\r\n ...
//   \r\n
class MsgHeaders final : public Arrived::Headers {
 public:
  // False: the message has none. The message must stay until the last Get.
  bool Read(natsMsg* msg);
  int status() const { return status_; }
  std::string_view Get(std::string_view name) const override;

 private:
  natsMsg* msg_ = nullptr;
  std::string_view lines_;  // Behind the first line. Empty where the library has to be asked.
  int status_ = 0;
  mutable std::string name_;  // With a zero at its end.
};

inline constexpr int kNoResponders = 503;
// True for the server's word that nobody is subscribed to what was published.
bool IsNoResponders(natsMsg* msg);

// Views into the message; `headers` must live as long as the result.
Arrived ToArrived(natsMsg* msg, MsgHeaders* headers);

}  // namespace lyceum::wire
