// WorkerHeartbeats: this shard tells all session workers which partitions it has and how far they
// are, and notices where somebody else has one of them.
//
// Two owners of a partition cost work, not correctness, but nobody would notice: so the one that came
// second stops. Who is second is told by `boot`, which begins with the time of the start; while it
// listens at the start, whoever is there already is first. One thread calls it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "shard/context.h"
#include "shard/partition_status.h"

namespace lyceum::shard {

class WorkerHeartbeats {
 public:
  static constexpr int64_t kEveryMs = 100;
  // Before it opens its partitions a worker listens so long for who has them.
  static constexpr int64_t kListenMs = 300;

  // `clash` is told, in words, that somebody else has a partition of ours and that we are second.
  WorkerHeartbeats(Context* context, std::string boot, std::vector<store::PartitionId> partitions,
                   std::function<void(std::string)> clash);

  void Subscribe();  // On a new connection.
  // Sends what is due.
  void Turn(const std::vector<PartitionStatus>& status);
  bool due() const { return context_->clock->SteadyMs() >= next_ms_; }
  int64_t NextMs() const { return next_ms_; }
  // Nobody has answered for our partitions for long enough.
  bool may_open() const { return opened_; }
  void Open() { opened_ = true; }

 private:
  void OnHeartbeat(const wire::Arrived& arrived);

  Context* const context_;
  const std::string boot_;
  const std::vector<store::PartitionId> partitions_;
  const std::function<void(std::string)> clash_;
  int64_t next_ms_ = 0;  // Steady.
  bool opened_ = false;
};

// "<Unix ms of the start>-<random>": later starts compare greater.
std::string MakeBoot(int64_t unix_ms, uint64_t random);

}  // namespace lyceum::shard
