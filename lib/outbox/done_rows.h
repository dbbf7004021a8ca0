// DoneRows: the rows that have done their work, until their partition's thread takes them to erase
// them. Thread-safe. Bounded by the rows that there are.
#pragma once

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "outbox/outbox.h"

namespace lyceum::outbox {

class DoneRows {
 public:
  void Add(store::PartitionId partition, const Done& done) {
    std::lock_guard lock(mutex_);
    rows_[partition].push_back(done);
  }
  std::vector<Done> Take(store::PartitionId partition) {
    std::lock_guard lock(mutex_);
    return std::exchange(rows_[partition], {});
  }

 private:
  std::mutex mutex_;
  std::map<store::PartitionId, std::vector<Done>> rows_;
};

}  // namespace lyceum::outbox
