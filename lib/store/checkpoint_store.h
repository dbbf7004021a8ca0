// CheckpointStore: the durable half of a session worker: what its partitions were at their last
// checkpoint.
//
// Rows (p = partition u16; integers big-endian, so byte order is numeric order; user as `len u8,
// bytes`):
//   p 'a'                      -> checkpoint: the position the other rows belong to
//   p 's' user                 -> the session, hot and small
//   p 'j' user first_seq:u64   -> a journal chunk: what was added since the one before
//   p 't' due_ms:u64 user      -> nothing: the session has a timer that is due then
//   p 'k' digest               -> a topic's content
//   p 'd' seq:u64              -> a dead letter that was not acknowledged by then
//   'F'                        -> format u32: a folder of another format is refused
// Invariant: the rows of one checkpoint are written in one WriteBatch, or not at all. Values are
// bytes to this library. Reading: any thread. Write: hands over to the store's own thread, which
// calls back through the executor; batches of one partition are written in the order in which they
// came. Errors: kFatal on corruption, kRetry on anything else that the disk reports.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/result.h"

namespace lyceum::store {

using PartitionId = uint16_t;

struct Checkpoint {
  uint64_t sequence = 0;             // Every record up to it is folded into the rows. 0: none.
  uint64_t fingerprint = 0;          // Of the record at `sequence`.
  int64_t record_time_ms = 0;        // When that record was stored.
  int64_t latest_time_ms = 0;        // Of all records ever folded: clocks go back, sessions do not.
  int64_t stream_created_ns = 0;     // Of the stream it was read from; 0: not known.
  uint32_t fold_version = 0;         // The state machine's, at that position.
  uint64_t fold_version_begins = 0;  // The record that said so: should it be lost, it is again
  uint32_t fold_version_before = 0;  // this one.
  uint32_t lineage = 0;              // How often the log has begun anew; part of every id.
  uint64_t lineage_begins = 0;       // The first sequence of that lineage.
  bool clean = false;                // Written at an orderly stop: nothing was sent after it.
  bool operator==(const Checkpoint&) const = default;
};

struct TimerRow {
  int64_t due_ms = 0;
  std::string user;
  bool operator==(const TimerRow&) const = default;
};
struct JournalRow {
  uint64_t first_sequence = 0;
  std::string bytes;
};
struct DeadLetterRow {
  uint64_t sequence = 0;
  std::string bytes;
};

// All that one checkpoint changes of one partition. A user and a digest have 1 to 255 bytes
// (CHECK). Later puts of a key win over earlier ones. Movable, one allocation that grows.
class CheckpointBatch {
 public:
  explicit CheckpointBatch(PartitionId partition) : partition_(partition) {}

  void SetCheckpoint(const Checkpoint& checkpoint);
  void PutSession(std::string_view user, std::string_view bytes);
  // Of the user: the session and all chunks of its journal that are there by then, those of earlier batches and earlier
  // puts of this one. Nothing of them shall be left in a file: see CheckpointStore::IsErasing.
  void EraseSession(std::string_view user);
  void PutJournal(std::string_view user, uint64_t first_sequence, std::string_view bytes);
  void PutTimer(int64_t due_ms, std::string_view user);  // CHECK: due_ms >= 0.
  void EraseTimer(int64_t due_ms, std::string_view user);
  void PutTopic(std::string_view digest, std::string_view bytes);
  void PutDeadLetter(uint64_t sequence, std::string_view bytes);
  void EraseDeadLetter(uint64_t sequence);
  // A row of any kind but the checkpoint, by its key without the partition, as a RowReader gave it. False: no such
  // key.
  bool PutRow(std::string_view key, std::string_view value);
  // Every row of this partition goes, then the puts of this batch are made. Nothing of them shall be left in a file.
  void EraseAllFirst() { erase_all_ = true; }

  PartitionId partition() const { return partition_; }
  size_t bytes() const { return rows_.size(); }
  size_t count() const { return count_; }
  bool erases_all() const { return erase_all_; }
  bool erases() const { return erase_all_ || erases_sessions_; }

  // For a store: each row in order. `value` empty optional: erase it; of a key that EraseSession gave: the session and
  // its journal (checkpoint_keys::JournalOf).
  void ForEach(const std::function<void(std::string_view key,
                                        std::optional<std::string_view> value)>& visit) const;

 private:
  void Add(std::string_view key, std::optional<std::string_view> value);

  PartitionId partition_;
  std::string rows_;  // [key_len u32, value_len u32 or kErased, key, value]...
  size_t count_ = 0;
  bool erase_all_ = false;
  bool erases_sessions_ = false;
};

// All rows of a partition as they were when it was made, in the order of their keys, some at a time.
class RowReader {
 public:
  virtual ~RowReader() = default;

  const Checkpoint& checkpoint() const { return checkpoint_; }
  // The next rows but for the checkpoint, until so many bytes were visited; false: there are no more. A key is
  // without its partition. kRetry: the store was opened again meanwhile, and this can read no more.
  using Visit = std::function<void(std::string_view key, std::string_view value)>;
  virtual Result<bool> Next(size_t bytes_max, const Visit& visit) = 0;

 protected:
  Checkpoint checkpoint_;
};

class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;

  virtual Result<std::optional<Checkpoint>> GetCheckpoint(PartitionId partition) = 0;
  virtual Result<std::optional<std::string>> GetSession(PartitionId partition,
                                                        std::string_view user) = 0;
  virtual Result<std::optional<std::string>> GetTopic(PartitionId partition,
                                                      std::string_view digest) = 0;
  // Those due before a time (not at it), earliest first, after the row `after` where it is given;
  // count_max at most.
  virtual Result<std::vector<TimerRow>> GetTimers(PartitionId partition, int64_t due_before_ms,
                                                  const std::optional<TimerRow>& after,
                                                  size_t count_max) = 0;
  // Chunks of a user, the newest first, beginning below `before_first_sequence`; at least one where
  // there is one, then only as many as stay below bytes_max.
  virtual Result<std::vector<JournalRow>> GetJournal(PartitionId partition, std::string_view user,
                                                     uint64_t before_first_sequence,
                                                     size_t bytes_max) = 0;
  virtual Result<std::vector<DeadLetterRow>> GetDeadLetters(PartitionId partition,
                                                            size_t count_max) = 0;
  // Users that have a session, shorter names first, then in order of bytes, after `after` (empty:
  // from the first); count_max at most.
  virtual Result<std::vector<std::string>> GetUsers(PartitionId partition, std::string_view after,
                                                    size_t count_max) = 0;

  // Null: there is no checkpoint. Goes before the store does.
  virtual Result<std::unique_ptr<RowReader>> ReadRows(PartitionId partition) = 0;
  // Returns once they are gone. Nothing of the partition waits to be written.
  virtual Result<void> EraseRows(PartitionId partition) = 0;

  // Sessions or whole partitions that batches have erased may still lie in a file, where no read finds them: a thread of
  // the store's own writes those files anew, and goes on with it after a start. Any thread.
  virtual bool IsErasing(PartitionId) const { return false; }

  // `done` runs through the executor, once, in the order in which a partition's batches came.
  // kRetry: nothing of it was written (also: no room on the disk, or too many batches wait);
  // kFatal: damaged. Where a batch fails, all batches of its partition fail, kRetry, until `done`
  // ran for each that was written: no checkpoint is written over a gap. So its owner waits for the
  // last `done` before it writes again.
  virtual void Write(std::shared_ptr<const CheckpointBatch> batch, Executor* executor,
                     std::function<void(Result<void>)> done) = 0;
};

}  // namespace lyceum::store
