// Outstanding: the batches of each partition that are not reported yet, and whether one of them
// failed. A later batch written over a gap would name a position whose rows are missing: so all of
// them fail, and those that come before the last of them is reported.
// For this library's own sources. Thread-safe.
#pragma once

#include <map>
#include <mutex>

#include "base/check.h"
#include "store/checkpoint_store.h"

namespace lyceum::store {

class Outstanding {
 public:
  void Add(PartitionId partition) {
    std::lock_guard lock(mutex_);
    ++partitions_[partition].batches;
  }
  void Fail(PartitionId partition) {
    std::lock_guard lock(mutex_);
    partitions_.at(partition).failed = true;
  }
  bool HasFailed(PartitionId partition) const {
    std::lock_guard lock(mutex_);
    const auto found = partitions_.find(partition);
    return found != partitions_.end() && found->second.failed;
  }
  // One is reported to its owner, in the owner's thread.
  void Reported(PartitionId partition) {
    std::lock_guard lock(mutex_);
    const auto found = partitions_.find(partition);
    CHECK(found != partitions_.end());
    if (--found->second.batches == 0) partitions_.erase(found);
  }

 private:
  struct Partition {
    size_t batches = 0;
    bool failed = false;
  };
  mutable std::mutex mutex_;
  std::map<PartitionId, Partition> partitions_;
};

}  // namespace lyceum::store
