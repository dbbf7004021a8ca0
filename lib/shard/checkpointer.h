// Checkpointer: brings what one partition has become into the store, a whole at a time.
//
//   collecting  the sessions that had changed at position C are encoded, some a turn of the loop; one
//               that is about to change again is encoded before it does: so the rows are those of C.
//               Topics that the store lacks are written on the way
//   holding     until all that the records up to C sent is confirmed
//   writing     the store's own thread writes; a failed write is tried again, nothing is forgotten
//
// Invariant: durable <= C <= confirmed once it is written. One thread calls it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "shard/context.h"
#include "shard/dead_letters.h"
#include "shard/topic_rows.h"

namespace lyceum::shard {

class Checkpointer {
 public:
  // Sessions encoded a turn: 900 at once were a pause of 25 ms.
  static constexpr size_t kSliceSessions = 50;
  // Reading stops when so many times the bound of Options would be folded again.
  static constexpr size_t kStopFactor = 4;

  Checkpointer(Context* context, store::PartitionId partition, DeadLetters* dead_letters);
  ~Checkpointer();

  // What the store holds; where folding goes on from.
  void Begin(const store::Checkpoint& durable);
  const store::Checkpoint& durable() const { return durable_; }

  // Before a record is folded into the session.
  void BeforeChange(SessionEntry* entry) {
    if (entry->to_encode) EncodeNow(entry);
  }
  // The session leaves memory at once, and the store with the next checkpoint; of a damaged one it has to be told when its
  // timers are due. The entry is gone afterwards.
  void Erase(SessionEntry* entry, std::vector<int64_t> timers_of_damaged);
  void Erase(const std::string& user, std::vector<int64_t> timers);
  void OnFolded(size_t record_bytes) {
    ++records_;
    bytes_ += record_bytes;
  }
  // A session was changed by no record: it too has to come into a checkpoint.
  void Request() { requested_ = true; }
  // Once a turn. `now`: the position of what is in memory; `clean` where nothing was sent after it.
  // `confirmed`: the sequence up to which all that was sent is confirmed.
  void Turn(const store::Checkpoint& now, uint64_t confirmed);
  // The log goes on from `now` as another lineage, without records that are folded here: what they
  // made is in no log any more. `kept` once that is in the store; until then nothing may be folded.
  void OnLineage(const store::Checkpoint& now);
  bool kept() const { return !forced_ && !keeping_; }
  // As soon as it may: a last checkpoint, marked clean.
  void Finish() { finishing_ = true; }
  bool finished(const store::Checkpoint& now) const {
    return phase_ == Phase::kIdle && durable_.sequence == now.sequence &&
           durable_.lineage == now.lineage && durable_.clean == now.clean && !requested_;
  }
  // Steady ms since when none could be written; INT64_MAX: the last one was.
  int64_t failing_since_ms() const { return failing_since_ms_; }
  // Nothing is on its way to the store.
  bool idle() const { return phase_ != Phase::kWriting; }
  // True: read no more before a checkpoint is done.
  bool full() const;
  // Steady ms when Turn has something to do; INT64_MAX: when something else happens.
  int64_t NextMs() const;
  bool busy() const { return phase_ == Phase::kCollecting && !topic_rows_.full(); }

 private:
  enum class Phase { kIdle, kCollecting, kHolding, kWriting, kFailed };
  struct Encoded {
    SessionEntry* entry;
    uint64_t generation;
  };

  void BeginCollecting(const store::Checkpoint& now);
  void EncodeNow(SessionEntry* entry);
  void Count(size_t bytes);
  void Hand();
  void OnWritten(const Result<void>& written);
  void OnFailed(const Error& error);

  Context* const context_;
  const store::PartitionId partition_;
  DeadLetters* const dead_letters_;
  Phase phase_ = Phase::kIdle;
  store::Checkpoint durable_;
  store::Checkpoint next_;
  std::shared_ptr<store::CheckpointBatch> batch_;
  std::vector<SessionEntry*> to_encode_;  // Null: it has been erased meanwhile.
  size_t encoded_count_ = 0;
  std::vector<Encoded> encoded_;
  struct Erased {
    std::string user;
    std::vector<int64_t> timers;
  };
  std::vector<Erased> erased_;                  // In no batch yet.
  std::vector<std::string> batch_erased_;       // Users of the one that is on its way.
  size_t records_ = 0, bytes_ = 0;              // Folded since the last collection began.
  size_t batch_records_ = 0, batch_bytes_ = 0;  // Of the one that is on its way.
  size_t counted_ = 0;                          // Of the batch, in the table.
  int64_t begun_ms_ = 0;                        // Steady.
  int64_t retry_ms_ = 0;
  uint32_t failures_ = 0;
  int64_t failing_since_ms_ = INT64_MAX;
  bool finishing_ = false;
  bool forced_ = false;   // One is due, whatever has changed.
  bool keeping_ = false;  // The forced one is on its way.
  bool requested_ = false;
  TopicRows topic_rows_;
  std::shared_ptr<Checkpointer*> self_;
};

}  // namespace lyceum::shard
