// EnginePartition: a partition as the session worker folds it (PartitionRunner), without a broker:
// records in, commits out.
//
// The letters of a commit count as sent: the next commit erases their rows, as the outbox would
// have it. Calls are erased by the commit that ends them, timers stay until they are cleared. One
// thread. Throws where the store fails and where a record is refused: a bench gives it none that is
// bad.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "envelope/subjects.h"
#include "outbox/outbox.h"
#include "session/fold.h"
#include "session/partition_runner.h"
#include "session/session_cache.h"
#include "store/store.h"
#include "wire/jetstream.h"

namespace lyceum::bench {

// Where the CPU time of the folding thread goes, in seconds, and how many rows it puts and erases.
struct Split {
  double take_s = 0;    // The session from the cache, or from the store.
  double step_s = 0;    // Decode and Advance.
  double add_s = 0;     // Letters, messages, history: encoded, put into the batch.
  double finish_s = 0;  // The rows of the changed sessions.
  double apply_s = 0;   // The commit.
  uint64_t rows = 0;
};

class EnginePartition {
 public:
  // `store` must outlive it. Bounds as the session worker has them.
  EnginePartition(store::Store* store, const session::PartitionOptions& options);

  // As many commits as it takes.
  void Fold(std::span<const wire::StoredMessage> records, int64_t stream_created_ns = 1);
  // From now on; slows every record by some readings of the clock.
  void Watch(Split* split) { split_ = split; }

  session::SessionCache& cache() { return cache_; }
  uint64_t applied() const { return applied_.sequence; }

 private:
  void FoldOne(session::Batch& batch, const wire::StoredMessage& message);
  size_t BatchSize(std::span<const wire::StoredMessage> records) const;
  void Lap(double Split::*part);

  store::Store* store_;
  const session::PartitionOptions options_;
  const session::Fold fold_;
  session::SessionCache cache_;
  store::Applied applied_;
  std::vector<outbox::Done> done_;
  Split* split_ = nullptr;
  double lap_s_ = 0;
};

}  // namespace lyceum::bench
