// LogShard: a shard that folds logs from memory (log_wire.h), with its store on the disk.
//
//   LogShard shard({.path = dir, .partitions = {3}});
//   shard.Append(3, records);
//   shard.Fold();
// One thread. Throws where anything fails.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "bench/log_wire.h"
#include "bench/shard_runner.h"

namespace lyceum::bench {

class LogShard {
 public:
  static constexpr size_t kTurnRecords = 64;  // Handed out a turn of the loop, unless told.

  // `last`: the last record of logs that an earlier shard has folded from.
  explicit LogShard(const ShardRunner::Options& options,
                    const std::map<store::PartitionId, uint64_t>& last = {},
                    size_t turn_records = kTurnRecords);

  // They stay the caller's until they are folded.
  void Append(uint32_t partition, std::span<const wire::StoredMessage> records);
  void Fold();         // All that was appended.
  void FoldDurably();  // The same, and until all of it is in checkpoints.
  void Stop() { runner_.Stop(); }

  ShardRunner& runner() { return runner_; }

 private:
  LogWire WireOf(const std::map<store::PartitionId, uint64_t>& last) const;

  const size_t turn_records_;
  wire::EventLoop loop_;
  LogWire wire_;
  bool handed_out_ = false;
  ShardRunner runner_;
  uint64_t appended_ = 0;
};

}  // namespace lyceum::bench
