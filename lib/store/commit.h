// What a Commit holds. For this library's own sources.
#pragma once

#include <rocksdb/write_batch.h>

#include <cstdint>

#include "store/store.h"

namespace lyceum::store {

struct Commit::Impl {
  PartitionId partition = 0;
  rocksdb::WriteBatch batch;
  int64_t first_timer_ms = INT64_MAX;  // The earliest that is put.
};

}  // namespace lyceum::store
