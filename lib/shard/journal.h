// A session's journal, wherever its chunks are: in the store, on the way to it, or only in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "shard/session_table.h"
#include "store/checkpoint_store.h"

namespace lyceum::shard {

// The newest chunks, oldest first: back to the first for which `enough(chunk)` is true, or to the
// beginning, or to bytes_max of them. `whole`: the beginning was reached, or it was enough.
struct JournalChunks {
  std::vector<std::string> stored;  // What the views point to, where it came from the store.
  std::vector<std::string_view> views;
  bool whole = false;
};
Result<JournalChunks> ReadJournal(store::CheckpointStore& store, const SessionEntry& entry,
                                  size_t bytes_max,
                                  const std::function<bool(std::string_view)>& enough);

}  // namespace lyceum::shard
