// HeldOutput: what a standby would send if it were the owner.
//
// Kept in order, each under the record that causes it, until the owner says that it is confirmed; whoever
// takes over sends the rest. Its bound is the standby's: it reads no more while there is too much.
// One thread calls it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <variant>

#include "shard/resends.h"
#include "wire/wire.h"

namespace lyceum::shard {

class HeldOutput {
 public:
  static constexpr size_t kBytesMax = 8 << 20;

  void Add(uint64_t sequence, const wire::Outbound& message) {
    Put(sequence,
        Message{std::string(message.subject), std::string(message.data),
                std::string(message.content_type), std::string(message.trace)},
        message.subject.size() + message.data.size() + message.trace.size());
  }
  void Add(Resends::Request request) {
    const uint64_t sequence = request.sequence;
    const size_t bytes = request.user.size();
    Put(sequence, std::move(request), bytes);
  }
  // Of the records up to this one the owner has sent everything.
  void DropTo(uint64_t sequence) {
    while (!items_.empty() && items_.front().sequence <= sequence) Pop();
  }
  // Hands all of it over, in order: `send(const wire::Outbound&)`, `resend(Resends::Request)`.
  template <class Send, class Resend>
  void Release(Send send, Resend resend) {
    while (!items_.empty()) {
      if (auto* message = std::get_if<Message>(&items_.front().what)) {
        send(wire::Outbound{.subject = message->subject,
                            .data = message->data,
                            .content_type = message->content_type,
                            .trace = message->trace});
      } else {
        resend(std::get<Resends::Request>(std::move(items_.front().what)));
      }
      Pop();
    }
  }
  bool full() const { return bytes_ > kBytesMax; }
  size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kItemBytes = 200;  // Beside what is in it.
  struct Message {
    std::string subject, data, content_type, trace;
  };
  struct Item {
    uint64_t sequence = 0;
    size_t bytes = 0;
    std::variant<Message, Resends::Request> what;
  };
  template <class What>
  void Put(uint64_t sequence, What what, size_t bytes) {
    items_.push_back({sequence, bytes + kItemBytes, std::move(what)});
    bytes_ += bytes + kItemBytes;
  }
  void Pop() {
    bytes_ -= items_.front().bytes;
    items_.pop_front();
  }

  std::deque<Item> items_;
  size_t bytes_ = 0;
};

}  // namespace lyceum::shard
