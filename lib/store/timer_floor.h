// TimerFloor: below which due time a partition has no timers, so that a scan for due ones does not
// walk over the tombstones of all that were ever erased. In memory only; starts at 0.
//
// Invariant: no timer row of the partition is due before its floor, once the Apply that put it
// returned. Thread-safe; scans of one partition exclude each other.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "store/checkpoint_store.h"

namespace lyceum::store {

class TimerFloor {
 private:
  struct Entry {
    std::mutex scan;
    std::mutex mutex;
    int64_t floor_ms = 0;
    int64_t lowest_put_ms = INT64_MAX;  // Since the running scan began.
  };

 public:
  // One scan: from floor_ms on; then Found with the due time of the first row there, INT64_MAX if
  // none.
  class Scan {
   public:
    int64_t floor_ms() const { return floor_ms_; }
    void Found(int64_t first_ms);

   private:
    friend class TimerFloor;
    explicit Scan(std::shared_ptr<Entry> entry);
    std::shared_ptr<Entry> entry_;
    std::unique_lock<std::mutex> lock_;
    int64_t floor_ms_ = 0;
  };

  Scan Begin(PartitionId partition);
  // After the row was written, never before: a scan in between would pass it by for good.
  void Put(PartitionId partition, int64_t due_ms);

 private:
  std::shared_ptr<Entry> EntryOf(PartitionId partition);

  std::mutex mutex_;
  std::map<PartitionId, std::shared_ptr<Entry>> entries_;
};

}  // namespace lyceum::store
