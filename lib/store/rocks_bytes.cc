#include "store/rocks_bytes.h"

#include <algorithm>

#include "base/check.h"
#include "store/checkpoint_keys.h"

namespace lyceum::store {

namespace keys = checkpoint_keys;

void Fill(const CheckpointBatch& batch, rocksdb::WriteBatch* rocks, int64_t* first_timer_ms) {
  // It only fails past 4 GiB.
  if (batch.erases_all()) {
    const keys::Key begin = keys::PartitionBegin(batch.partition());
    const keys::Key end = keys::PartitionEnd(batch.partition());
    CHECK(rocks->DeleteRange(SliceOf(begin), SliceOf(end)).ok());
  }
  batch.ForEach([&](std::string_view key, std::optional<std::string_view> value) {
    if (!value) {
      CHECK(rocks->Delete(SliceOf(key)).ok());
      if (const auto journal = keys::JournalOf(key)) {
        CHECK(rocks->DeleteRange(SliceOf(journal->first), SliceOf(journal->second)).ok());
      }
      return;
    }
    CHECK(rocks->Put(SliceOf(key), SliceOf(*value)).ok());
    if (const auto timer = keys::ReadTimer(key)) {
      *first_timer_ms = std::min(*first_timer_ms, timer->due_ms);
    }
  });
}

}  // namespace lyceum::store
