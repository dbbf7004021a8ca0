// FailedPartitions: whose batches are refused because an earlier one failed and its owner was not
// told yet. A later batch written over a gap would name a position whose rows are missing. For this
// library's own sources. Thread-safe.
#pragma once

#include <map>
#include <mutex>

#include "store/checkpoint_store.h"

namespace lyceum::store {

class FailedPartitions {
 public:
  bool Has(PartitionId partition) const {
    std::lock_guard lock(mutex_);
    return untold_.contains(partition);
  }
  void Add(PartitionId partition) {
    std::lock_guard lock(mutex_);
    ++untold_[partition];
  }
  // The owner is told of one failure.
  void Told(PartitionId partition) {
    std::lock_guard lock(mutex_);
    const auto found = untold_.find(partition);
    if (--found->second == 0) untold_.erase(found);
  }

 private:
  mutable std::mutex mutex_;
  std::map<PartitionId, size_t> untold_;
};

}  // namespace lyceum::store
