// Pump: sends letters, those of a partition in the order of their ids, each until it has arrived.
//
// Core letters go out in rounds: all are published, then one flush for all of them; a round in
// which anything failed, or the connection was replaced, is sent again from its start. So a client
// may see letters twice, never in another order. JetStream letters (message_id) go through an
// AckedPublisher and hold nobody up. A letter that can never be sent is logged and done.
//
// An adopted partition catches up from its rows, a page at a time; what is committed meanwhile
// stands in the rows too and is not queued. Bounded: letters_max in memory, one page more for each
// partition.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "outbox/done_rows.h"
#include "store/store.h"
#include "wire/acked_publisher.h"
#include "wire/connection.h"

namespace lyceum::outbox {

class Pump {
 public:
  Pump(std::shared_ptr<wire::Connection> connection, store::Store* store, DoneRows* done,
       size_t letters_max);
  ~Pump();

  void Adopt(store::PartitionId partition);
  // Waits until there is room. False at the deadline or while draining.
  bool WaitForRoom(Deadline deadline);
  void Take(store::PartitionId partition, const std::vector<store::Letter>& letters);
  // Waits until all has been sent. False at the deadline. Nothing is taken any more.
  bool Drain(Deadline deadline);

  uint64_t sent() const { return sent_; }
  uint64_t refused() const { return refused_; }

 private:
  struct Item {
    store::PartitionId partition = 0;
    uint64_t adoption = 0;
    store::LetterId id;
    std::string bytes;
    wire::Message message;
    std::string message_id;
    bool finished = false;
  };
  struct Partition {
    uint64_t adoption = 0;  // Letters of an earlier one are dropped.
    bool catching_up = false;
    std::optional<store::LetterId> passed;  // Up to here rows have been queued.
    std::optional<store::LetterId> newest;  // Committed while catching up.
    size_t unread = 0;                      // As many were. Their rows are read with the others.
  };

  void Run();
  void ReadBacklogs();
  void ReadPage(store::PartitionId partition, const Partition& state);
  // Moves what is next into round_ or acked_waiting_.
  void FillRound();
  bool Prepare(Item* item);
  bool SendRound();
  void SendAcked();
  void TakeAcks(Deadline until);
  void Finish(const Item& item, bool arrived);
  void Forget(size_t count);
  bool Idle() const;  // Under mutex_.

  const std::shared_ptr<wire::Connection> connection_;
  store::Store* const store_;
  DoneRows* const done_;
  const size_t letters_max_;
  std::atomic<uint64_t> sent_{0};
  std::atomic<uint64_t> refused_{0};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<store::PartitionId, Partition> partitions_;
  std::deque<Item> queue_;
  size_t unsent_ = 0;  // In queue_, round_, acked_waiting_ and acked_flying_.
  size_t unread_ = 0;  // Of all partitions.
  bool draining_ = false;
  bool stopping_ = false;

  // The thread's own.
  std::vector<Item> round_;
  std::deque<Item> acked_waiting_;
  std::unordered_map<uint64_t, Item> acked_flying_;  // By cookie.
  uint64_t next_cookie_ = 1;
  Deadline read_again_{};
  const std::shared_ptr<Mailbox<wire::Acked>> acks_;
  wire::AckedPublisher publisher_;
  std::thread thread_;
};

}  // namespace lyceum::outbox
