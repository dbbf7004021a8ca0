// Private to this library: our bytes as those of RocksDB.
#pragma once

#include <rocksdb/slice.h>
#include <rocksdb/write_batch.h>

#include <cstdint>
#include <string_view>

#include "store/checkpoint_store.h"

namespace lyceum::store {

inline rocksdb::Slice SliceOf(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
inline std::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// `first_timer_ms` goes down to the earliest timer that is put.
void Fill(const CheckpointBatch& batch, rocksdb::WriteBatch* rocks, int64_t* first_timer_ms);

}  // namespace lyceum::store
