// What an operator sees of a partition.
#pragma once

#include <cstdint>
#include <string>

#include "store/checkpoint_store.h"

namespace lyceum::shard {

struct PartitionStatus {
  store::PartitionId partition = 0;
  std::string state;  // opening | catching_up | reading | halted | closed
  std::string halted_because;
  uint64_t position = 0;
  uint64_t confirmed = 0;
  uint64_t checkpoint = 0;  // Its position.
  uint64_t log_end = 0;
  uint32_t lineage = 0;
  uint32_t fold_version = 0;
  std::string role;        // owner | standby; empty: neither.
  bool has_owner = false;  // This worker, or another that is alive.
  uint64_t epoch = 0;      // owner: of its lease; standby: of the lease that it follows.
  std::string digest;      // Of what it has made of its log; see fold_digests.h.
  std::string moved_to;    // owner: whom an operator gave it to.
  bool erasing = false;    // Rows that were erased may still lie in its files.
  uint64_t forgotten = 0;  // The last record of class forget, since it started.
};

}  // namespace lyceum::shard
