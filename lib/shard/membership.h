// Membership: which session workers are alive, and what they say of their partitions.
//
// Each shard of each worker sends a heartbeat, ten times a second and at once where something has
// changed, and gets those of all, its own among them. A worker is alive while each of its shards has been
// in the last kDeadMs, by our own steady clock; while nothing can come, because there is no connection,
// nobody dies. One thread calls it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shard/assignment.h"
#include "shard/context.h"
#include "shard/partition_status.h"

namespace lyceum::shard {

class Membership {
 public:
  static constexpr int64_t kEveryMs = 100;
  static constexpr int64_t kDeadMs = 600;
  // What others said may wait here behind much else. So nobody is dead before a heartbeat of our own has come back that we
  // sent so long after their last.
  static constexpr int64_t kHeardAfterMs = 450;
  // Before it says anything a worker listens so long for another of its name.
  static constexpr int64_t kListenMs = 300;
  // An owner to whom its own heartbeats do not come for so long may be taken for dead.
  static constexpr int64_t kSelfSilentMs = 500;
  static constexpr size_t kWorkersMax = 1'000;
  // A standby that is further behind the log's end than so many records has not caught up.
  static constexpr uint64_t kBehindMax = 1'000;

  struct View {
    std::string worker;
    envelope::WorkerHeartbeat::Partition partition;
  };

  // `same_name` is told, in words, that another process of our name was here first.
  Membership(Context* context, std::string boot, std::function<void(std::string)> same_name);

  void Subscribe();  // On a new connection.
  // Sends what is due; `leaving`: this worker shall own nothing more.
  void Turn(const std::vector<PartitionStatus>& status, bool leaving);
  bool due() const { return context_->clock->SteadyMs() >= next_ms_; }
  void SendSoon() {
    next_ms_ = context_->clock->SteadyMs();
    said_ = false;
  }
  // Everything was said since the last SendSoon.
  bool said() const { return said_; }
  // Steady ms; INT64_MAX: without a connection nothing is sent.
  int64_t NextMs() const { return context_->wire->connected() ? next_ms_ : INT64_MAX; }

  // For how long we would know of others that are alive; 0: not connected.
  int64_t ListenedMs() const;
  // Our own heartbeats come back.
  bool SeesItself() const;
  // Something else has told us that we are not cut off.
  void NoteSelf() { self_ms_ = context_->clock->SteadyMs(); }
  // Somebody has come, or has changed what it is for a partition; told once.
  bool TakeChanged() { return std::exchange(changed_, false); }
  // Another worker is alive, and does not leave.
  bool HasPeers() const;
  // Those that are alive and do not leave, in order of their names; ourselves always, unless we leave.
  std::vector<Candidate> Candidates() const;
  // What the owner with the highest epoch says, where it is alive; without ourselves.
  std::optional<View> OwnerOf(store::PartitionId partition) const;
  // Of those, alive, that follow the partition and have caught up; without ourselves.
  std::vector<std::string> ReadyStandbys(store::PartitionId partition) const;
  // That worker reads what a log had before, and would be slow with anything else.
  bool IsCatchingUp(const std::string& worker) const;
  // What the last owner said, alive or not.
  std::optional<View> LastOwnerOf(store::PartitionId partition) const;
  // What the last owners say an operator has moved.
  Moves MovesOfAll() const;
  // The highest epoch that anybody spoke of.
  uint64_t HighestEpoch(store::PartitionId partition) const;

 private:
  struct Worker {
    std::string boot;
    bool leaving = false;
    std::vector<int64_t> last_ms;  // By shard; steady.
    std::map<store::PartitionId, envelope::WorkerHeartbeat::Partition> partitions;
  };
  struct Sent {
    int64_t unix_ms = 0;
    int64_t steady_ms = 0;
  };
  static constexpr size_t kSentMax = 1'000;
  void OnHeartbeat(const wire::Arrived& arrived);
  void OnOwn(int64_t unix_ms);
  bool IsAlive(const Worker& worker) const;

  Context* const context_;
  const std::string boot_;
  const std::function<void(std::string)> same_name_;
  std::map<std::string, Worker> workers_;
  std::map<store::PartitionId, View> last_owners_;
  int64_t subscribed_ms_ = 0;  // Steady.
  int64_t self_ms_ = 0;        // Steady; when our own came last, or we subscribed.
  int64_t heard_to_ms_ =
      0;  // Steady; when we sent what came back last: what others said before is here.
  std::deque<Sent> sent_;  // Not back yet, kSentMax at most.
  int64_t next_ms_ = 0;    // Steady.
  bool opened_ = false;
  bool leaving_ = false;
  bool changed_ = false;
  bool said_ = false;
};

// "<Unix ms of the start>-<random>": later starts compare greater.
std::string MakeBoot(int64_t unix_ms, uint64_t random);

}  // namespace lyceum::shard
