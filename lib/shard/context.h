// What the parts of one shard share. Owned by the Shard; all on its thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "base/trace.h"
#include "dispatch/dispatcher.h"
#include "envelope/codec.h"
#include "envelope/subjects.h"
#include "shard/fold.h"
#include "shard/measures.h"
#include "shard/outgoing.h"
#include "shard/server_time.h"
#include "shard/session_table.h"
#include "shard/timers.h"
#include "store/checkpoint_store.h"
#include "store/flight_page.h"
#include "wire/stored_publisher.h"
#include "wire/wire.h"

namespace lyceum::shard {

// What to do where the broker lost records that it had acknowledged.
enum class OnLogLoss { kHalt, kContinue };

struct Options {
  envelope::Subjects subjects;
  std::string worker;
  size_t memory_bytes = 256 << 20;  // Of this shard.
  size_t crowded_bytes = 4 << 20;   // What may be in no checkpoint, however small that is.
  uint32_t shard = 0;               // This one, of
  uint32_t shards = 1;              // those of this worker.
  std::string boot;                 // Of the worker's process; empty: the shard makes one.
  uint32_t standbys = 1;            // Of a partition, where there are workers for it.
  int64_t checkpoint_ms = 1'000;
  int64_t snapshot_ms = 0;  // Of each partition; 0: none is made.
  // A log that goes on so far beyond what is here: a snapshot is looked for before it is folded.
  uint64_t far_behind = 50'000;
  // A checkpoint begins earlier when so much would be folded again after a crash.
  size_t refold_records_max = 20'000;
  size_t refold_bytes_max = 8 << 20;
  OnLogLoss on_log_loss = OnLogLoss::kHalt;
  // Messages of records older than this are not sent where nothing tells how far was sent.
  int64_t resend_age_ms = 60'000;
  uint32_t fold_version = tutor::kFoldVersion;
  Core core = &tutor::Advance;
  Tracer* tracer = nullptr;  // Null: no spans are made, and what leaves has the record's trace.
};

// Figures of one shard, read by other threads.
struct Counters {
  std::atomic<uint64_t> records{0}, refused{0}, messages{0}, sent_again{0}, missing_records{0};
  std::atomic<uint64_t> checkpoints{0}, checkpoint_failures{0}, checkpoint_bytes{0};
  std::atomic<uint64_t> takeovers{0}, handovers{0}, digests_differ{0};
  std::atomic<uint64_t> snapshots{0}, snapshot_failures{0}, snapshot_bytes{0}, restores{0};
  std::atomic<uint64_t> timers_fired{0}, dead_letters_lost{0}, reader_breaks{0}, session_loads{0};
  std::atomic<uint64_t> sessions{0}, memory_bytes{0}, unconfirmed_bytes{0};
  std::atomic<uint64_t> queries{0}, query_errors{0}, query_us{0};
  std::atomic<int64_t> clock_offset_ms{0};
  Measures measures;
};

struct Context {
  Options options;
  wire::Wire* wire = nullptr;
  store::CheckpointStore* store = nullptr;
  store::FlightPage* flight = nullptr;
  const Clock* clock = nullptr;
  Random* random = nullptr;
  Executor* executor = nullptr;

  size_t catching_up = 0;  // Standbys of the shard that are behind and read, this turn.
  size_t owned = 0;        // Partitions of the shard whose learners are served by it, this turn.
  SessionTable* sessions = nullptr;
  Outgoing* outgoing = nullptr;
  Timers* timers = nullptr;
  Timers* durations = nullptr;  // Times are of the steady clock: the server's may turn out another.
  ServerTime* server_time = nullptr;
  wire::StoredPublisher* publisher = nullptr;
  dispatch::Dispatcher* dispatcher = nullptr;
  envelope::EventDecoder* decoder = nullptr;
  envelope::ClientMessageEncoder* encoder = nullptr;
  Counters* counters = nullptr;
  // A learner was forgotten by that record: what was read of the store before is not to leave.
  std::function<void(store::PartitionId partition, uint32_t lineage, uint64_t sequence)> forgotten;
};

}  // namespace lyceum::shard
