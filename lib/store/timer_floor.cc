#include "store/timer_floor.h"

#include <algorithm>
#include <utility>

namespace lyceum::store {

TimerFloor::Scan::Scan(std::shared_ptr<Entry> entry)
    : entry_(std::move(entry)), lock_(entry_->scan) {
  std::lock_guard lock(entry_->mutex);
  entry_->lowest_put_ms = INT64_MAX;
  floor_ms_ = entry_->floor_ms;
}

void TimerFloor::Scan::Found(int64_t first_ms) {
  std::lock_guard lock(entry_->mutex);
  entry_->floor_ms = std::min(first_ms, entry_->lowest_put_ms);
}

TimerFloor::Scan TimerFloor::Begin(PartitionId partition) { return Scan(EntryOf(partition)); }

void TimerFloor::Put(PartitionId partition, int64_t due_ms) {
  const auto entry = EntryOf(partition);
  std::lock_guard lock(entry->mutex);
  entry->floor_ms = std::min(entry->floor_ms, due_ms);
  entry->lowest_put_ms = std::min(entry->lowest_put_ms, due_ms);
}

std::shared_ptr<TimerFloor::Entry> TimerFloor::EntryOf(PartitionId partition) {
  std::lock_guard lock(mutex_);
  auto& entry = entries_[partition];
  if (!entry) entry = std::make_shared<Entry>();
  return entry;
}

}  // namespace lyceum::store
