// The number that a journal chunk is filed under: its first record, later lineages after earlier
// ones, though their records are numbered anew.
#pragma once

#include <cstdint>

namespace lyceum::shard {

inline constexpr int kLineageShift = 40;  // Room for 10^12 records in a lineage.

constexpr uint64_t JournalKey(uint32_t lineage, uint64_t sequence) {
  return (uint64_t{lineage} << kLineageShift) + sequence;
}

}  // namespace lyceum::shard
