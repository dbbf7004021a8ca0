// Private to this library: a message of nats.c as an Arrived, without copying it.
#pragma once

#include <nats/nats.h>

#include <string>
#include <string_view>
#include <vector>

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

// Published on a connection that writes by itself, and kept back until Flush.
struct HeldMessage {
  HeldMessage(const Outbound& message, std::string_view reply_to)
      : subject(message.subject),
        reply(reply_to),
        data(message.data),
        content_type(message.content_type),
        message_id(message.message_id),
        trace(message.trace),
        expected_last(message.expected_last) {}
  Outbound View() const {
    return {subject, reply, data, content_type, message_id, trace, expected_last};
  }
  std::string subject, reply, data, content_type, message_id, trace, expected_last;
};

// Messages that were handed out, and are destroyed many at a time: each time wakes a thread of the
// library. Bounded in count and bytes.
class SpentMessages {
 public:
  SpentMessages() = default;
  SpentMessages(const SpentMessages&) = delete;
  SpentMessages& operator=(const SpentMessages&) = delete;
  ~SpentMessages() { Destroy(); }

  void Add(natsMsg* msg);
  void DestroyWhereMany() {
    if (messages_.size() >= kCountMax || bytes_ >= kBytesMax) Destroy();
  }
  // So that a quiet connection holds none.
  void DestroyWhereOld(int64_t now_ms);
  void Destroy();

 private:
  static constexpr size_t kCountMax = 1024;
  static constexpr size_t kBytesMax = 1 << 20;
  static constexpr int64_t kAgeMaxMs = 250;

  std::vector<natsMsg*> messages_;
  size_t bytes_ = 0;
  int64_t destroyed_ms_ = 0;
};

}  // namespace lyceum::wire
