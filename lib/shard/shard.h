// Shard: one thread's share of a session worker: some partitions, one connection, one loop.
//
// Everything of a partition happens here: reading, folding, sending, timers, dispatch, queries. A
// turn of the loop: the wire hands over what came, which is folded at once; Turn does what is due and
// writes once. Nothing in it waits, so a shard also runs in a simulation, on virtual time.
//
//   wire.handlers -> Partition::OnRecord ... -> Turn() -> sleep until NextMs() or something comes
//
// The caller owes: Turn after every batch of handlers and by NextMs; all calls on one thread; the
// doors outlive the shard. See README.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shard/commands.h"
#include "shard/context.h"
#include "shard/leases.h"
#include "shard/membership.h"
#include "shard/partition.h"
#include "shard/queries.h"
#include "shard/resends.h"
#include "shard/snapshot_restore.h"
#include "shard/snapshots.h"

namespace lyceum::shard {

struct Doors {
  wire::Wire* wire = nullptr;
  store::CheckpointStore* store = nullptr;
  store::FlightPage* flight = nullptr;
  const Clock* clock = nullptr;
  Random* random = nullptr;
  Executor* executor = nullptr;       // Of the shard's own loop.
  std::shared_ptr<TopicPool> topics;  // Shared with other shards. Null: its own.
};

class Shard {
 public:
  Shard(const Doors& doors, Options options, std::vector<store::PartitionId> partitions);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Reads the checkpoints, then goes on with every connection that the wire gets. kReject: the worker
  // must not run at all (a newer fold version); the text says why.
  Result<void> Start();
  // All that is due, then what there is to write is written.
  void Turn();
  // When Turn has something to do, steady ms; at most a second from now. Less than now: at once.
  int64_t NextMs() const;

  // Reads no more, brings all into a last checkpoint.
  void BeginStop();
  bool stopped() const;
  // An operator's word on a partition that has halted. Of one that has not: nothing.
  void Resume(store::PartitionId partition);
  // See leases.h.
  Result<void> Move(store::PartitionId partition, const std::string& worker) {
    return leases_.Move(partition, worker);
  }
  // Not empty: this worker must end, with exit code 2: somebody else owns a partition of ours.
  const std::optional<Error>& failure() const { return failure_; }

  const Counters& counters() const { return counters_; }
  dispatch::DispatchTable::Counters dispatch_counters() const;
  const dispatch::Dispatcher& dispatcher() const { return dispatcher_; }
  std::vector<PartitionStatus> status() const;
  const Partition* Find(store::PartitionId partition) const;
  // Holds its lease, as far as it knows.
  bool Owns(store::PartitionId partition) const { return leases_.Owns(partition); }
  // Another worker is alive, and could own what this one does.
  bool HasPeers() const { return membership_.HasPeers(); }
  uint64_t EpochOf(store::PartitionId partition) const { return leases_.EpochOf(partition); }
  // For checks: what a session is now; null: not in memory.
  const SessionEntry* Peek(const UserId& user) { return sessions_.Find(user.value); }
  size_t topics_in_memory() { return sessions_.topics().size(); }

 private:
  void OnConnection(bool connected);
  Partition* At(store::PartitionId partition);
  bool MakeAnew(store::PartitionId partition);
  void Serve();
  void FireTimers();
  void CheckClock();
  void CheckDisk(int64_t now);
  void Count();

  Counters counters_;
  Context context_;
  SessionTable sessions_;
  Timers timers_;
  Timers durations_;
  ServerTime server_time_;
  Outgoing outgoing_;
  wire::StoredPublisher publisher_;
  dispatch::Dispatcher dispatcher_;
  envelope::EventDecoder decoder_;
  envelope::ClientMessageEncoder encoder_;
  Resends resends_;
  std::vector<std::unique_ptr<Partition>> partitions_;
  Queries queries_;
  Commands commands_;
  Membership membership_;
  Leases leases_;
  Snapshots snapshots_;
  std::map<store::PartitionId, std::unique_ptr<SnapshotRestore>> restores_;
  std::optional<Error> failure_;
  int64_t ticked_ms_ = INT64_MIN / 2;
  int64_t unfit_until_ms_ = INT64_MIN;  // Steady; until then it shall own nothing,
  int64_t fit_until_ms_ = INT64_MIN;    // and until then it owns, whatever its disk does.
  int64_t clock_alarm_ms_ = INT64_MIN / 2;
  bool stopping_ = false;
};

}  // namespace lyceum::shard
