// Timers: publishes dated letters when they are due, each until it is acked.
//
// Only the next due time of each partition is in memory; what is due is read from the rows, a page
// at a time. A row stays until the partition's next commit erases it, so what was published is
// remembered until a read no longer finds it (at most kSeenMax a partition; more are read when
// those are erased).
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "outbox/done_rows.h"
#include "store/store.h"
#include "wire/acked_publisher.h"
#include "wire/connection.h"

namespace lyceum::outbox {

class Timers {
 public:
  Timers(std::shared_ptr<wire::Connection> connection, store::Store* store, DoneRows* done);
  ~Timers();

  Result<void> Adopt(store::PartitionId partition);
  void Put(store::PartitionId partition, const std::vector<int64_t>& due_ms);
  // Fires nothing more and waits for the acks. False at the deadline.
  bool Drain(Deadline deadline);

  uint64_t fired() const { return fired_; }

 private:
  static constexpr int64_t kNever = INT64_MAX;

  struct Key {
    int64_t due_ms = 0;
    store::LetterId id;
    auto operator<=>(const Key&) const = default;
  };
  enum class Seen { kFlying, kOver };
  struct Flying {
    store::PartitionId partition = 0;
    Key key;
  };

  void Run();
  void Wake();
  Deadline NextLook();
  void TakeAcks(Deadline until);
  void OnAck(const wire::Acked& ack);
  void FireDue();
  // When to look at this partition again, by what was found.
  int64_t Fire(store::PartitionId partition, int64_t now_ms);
  bool Publish(store::PartitionId partition, const store::Letter& letter);
  static void ForgetErased(std::map<Key, Seen>* seen, const store::Store::DueTimers& page,
                           int64_t now_ms);

  store::Store* const store_;
  DoneRows* const done_;
  std::atomic<uint64_t> fired_{0};

  std::mutex mutex_;
  std::condition_variable idle_;
  std::map<store::PartitionId, int64_t> next_due_ms_;
  std::set<store::PartitionId> adopted_;  // What was seen of them counts no more.
  bool draining_ = false;
  bool busy_ = false;  // Firing, or acks outstanding.
  std::atomic<bool> stopping_{false};
  std::atomic<bool> woken_{false};

  // The thread's own.
  std::map<store::PartitionId, std::map<Key, Seen>> seen_;
  std::unordered_map<uint64_t, Flying> flying_;  // By cookie.
  uint64_t next_cookie_ = 1;                     // Cookie 0 is no ack: it wakes the thread.
  const std::shared_ptr<Mailbox<wire::Acked>> acks_;
  wire::AckedPublisher publisher_;
  std::thread thread_;
};

}  // namespace lyceum::outbox
