// Resends: kept messages that a client asks for again, in pages of bytes.
//
// What is asked for is read from the session's journal when its time comes; one request at a time,
// in the order in which they came. Small ones are sent at once. A checkpoint does not pass a record
// whose messages are not all sent. One thread calls it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "shard/context.h"
#include "tutor/event.h"

namespace lyceum::shard {

class Resends {
 public:
  static constexpr size_t kPageBytes = 256 * 1024;  // A turn of the loop.
  static constexpr size_t kRequestsMax = 10'000;

  explicit Resends(Context* context) : context_(context) {}

  struct Request {
    store::PartitionId partition = 0;
    uint64_t sequence = 0;  // Of the record that asks.
    std::string user;
    tutor::AttachedClient to;
    uint32_t first_n = 0;
    uint32_t last_n = 0;
  };
  // False: too many wait; nothing is sent, and the client sees its gap.
  bool Add(Request request);
  // Sends the next page.
  void Send();
  bool idle() const { return requests_.empty(); }
  // There is something to send, and room for it: what is unconfirmed has a bound.
  bool ready() const { return !requests_.empty() && HasRoom(); }
  // The first record of the partition whose messages are not all sent; UINT64_MAX: none.
  uint64_t FirstUnsent(store::PartitionId partition) const;
  // Whether anything was sent for the partition since the last EndTurn.
  bool SentFor(store::PartitionId partition) const {
    return std::find(sent_for_.begin(), sent_for_.end(), partition) != sent_for_.end();
  }
  void EndTurn() { sent_for_.clear(); }
  void Drop(store::PartitionId partition);
  void Drop(store::PartitionId partition, std::string_view user);

 private:
  static constexpr size_t kOutgoingBytesMax = 16 << 20;

  bool HasRoom() const {
    return context_->outgoing->bytes() < kOutgoingBytesMax &&
           context_->wire->unwritten_bytes() < kOutgoingBytesMax;
  }
  Result<void> Read(const Request& request);
  template <class IsOne>
  void DropIf(IsOne is_one);

  Context* const context_;
  std::deque<Request> requests_;
  std::vector<store::PartitionId> sent_for_;
  // Of the first request: its messages, once they were read, and how many of them are sent.
  std::vector<std::string> messages_;
  size_t sent_ = 0;
  bool read_ = false;
};

}  // namespace lyceum::shard
