#include "shard/journal.h"

#include <algorithm>
#include <utility>

namespace lyceum::shard {

Result<JournalChunks> ReadJournal(store::CheckpointStore& store, const SessionEntry& entry,
                                  size_t bytes_max,
                                  const std::function<bool(std::string_view)>& enough) {
  constexpr size_t kBytesAtOnce = 256 * 1024;
  JournalChunks chunks;
  std::vector<std::string_view> in_memory;  // The newest first.
  if (!entry.tail.empty()) in_memory.push_back(entry.tail.chunk());
  if (!entry.written.empty()) in_memory.push_back(entry.written);
  std::vector<std::string_view> newest_first = in_memory;
  size_t bytes = 0;
  for (const std::string_view chunk : in_memory) {
    bytes += chunk.size();
    chunks.whole = chunks.whole || enough(chunk);
  }
  // What the store has is of a session that is forgotten.
  chunks.whole = chunks.whole || entry.anew;
  uint64_t before = UINT64_MAX;
  if (!entry.written.empty()) before = entry.written_first;
  while (!chunks.whole && bytes < bytes_max) {
    auto rows = store.GetJournal(entry.partition, entry.user().value, before, kBytesAtOnce);
    if (!rows) return rows.error();
    if (rows->empty()) chunks.whole = true;
    for (store::JournalRow& row : *rows) {
      before = row.first_sequence;
      if (row.bytes.empty()) continue;  // Of before the session was rebuilt.
      bytes += row.bytes.size();
      chunks.whole = chunks.whole || enough(row.bytes);
      chunks.stored.push_back(std::move(row.bytes));
      if (chunks.whole) break;
    }
  }
  // Views last: the strings do not move any more.
  for (const std::string& chunk : chunks.stored) newest_first.push_back(chunk);
  chunks.views.assign(newest_first.rbegin(), newest_first.rend());
  return chunks;
}

}  // namespace lyceum::shard
