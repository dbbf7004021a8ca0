// MemoryStore: a checkpoint store in memory, with the faults of a disk, for a simulation on one
// thread.
//
// Writes wait until the simulation completes or fails them, in the order in which they came. Read
// is only what is complete. What RocksStore promises holds here too: a batch is there whole or not
// at all, and none is written over a gap.
// Crash: the process dies. What waited is lost, and with LoseNextOnCrash the last complete batches
// with it, as if the log's tail had not been on the disk: always a suffix of all batches, never a
// part of one.
// Threading: one thread. `done` still runs through the executor.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/checkpoint_store.h"

namespace lyceum::store {

class Outstanding;

class MemoryStore final : public CheckpointStore {
 public:
  MemoryStore();
  ~MemoryStore() override;

  Result<std::optional<Checkpoint>> GetCheckpoint(PartitionId partition) override;
  Result<std::optional<std::string>> GetSession(PartitionId partition,
                                                std::string_view user) override;
  Result<std::optional<std::string>> GetTopic(PartitionId partition,
                                              std::string_view digest) override;
  Result<std::vector<TimerRow>> GetTimers(PartitionId partition, int64_t due_before_ms,
                                          const std::optional<TimerRow>& after,
                                          size_t count_max) override;
  Result<std::vector<JournalRow>> GetJournal(PartitionId partition, std::string_view user,
                                             uint64_t before_first_sequence,
                                             size_t bytes_max) override;
  Result<std::vector<DeadLetterRow>> GetDeadLetters(PartitionId partition,
                                                    size_t count_max) override;
  Result<std::vector<std::string>> GetUsers(PartitionId partition, std::string_view after,
                                            size_t count_max) override;
  Result<std::unique_ptr<RowReader>> ReadRows(PartitionId partition) override;
  Result<void> EraseRows(PartitionId partition) override;
  void Write(std::shared_ptr<const CheckpointBatch> batch, Executor* executor,
             std::function<void(Result<void>)> done) override;

  // Batches that wait. CHECK: CompleteNext and FailNext only where there is one.
  size_t PendingWrites() const { return pending_.size(); }
  // kRetry to its owner where the store is full or an earlier batch of its partition failed.
  void CompleteNext();
  void FailNext(Error error);
  // Each is complete as soon as it is written, from now on; those that wait are completed.
  void CompleteAtOnce();

  // The next Crash also loses so many complete batches, the last ones. Of at most
  // kBatchesKeptMax: older ones are safe.
  static constexpr size_t kBatchesKeptMax = 64;
  void LoseNextOnCrash(size_t batches) { lose_on_crash_ = batches; }
  // No `done` runs for what is lost. The store can be used again at once: the next process has it.
  void Crash();

  void SetFull(bool full) { full_ = full; }
  // What reads this row is kFatal until it is written anew. A scan that comes by it too.
  void CorruptSession(PartitionId partition, std::string_view user);
  void CorruptCheckpoint(PartitionId partition);
  void Corrupt(std::string key) { corrupted_.insert(std::move(key)); }

  // The rows that are complete: a data folder that is copied, and put back.
  using Content = std::map<std::string, std::string, std::less<>>;
  const Content& content() const { return rows_; }
  // CHECK: nothing waits.
  void SetContent(Content content);

 private:
  struct Pending {
    std::shared_ptr<const CheckpointBatch> batch;
    Executor* executor;
    std::function<void(Result<void>)> done;
  };
  // What a batch changed: each key with the value it had before.
  using Undo = std::vector<std::pair<std::string, std::optional<std::string>>>;

  Result<std::optional<std::string>> Get(std::string_view key) const;
  template <class Row>
  Result<void> Scan(std::string_view begin, std::string_view end, Row row) const;
  void Apply(const CheckpointBatch& batch);
  void Set(std::string key, std::optional<std::string> value, Undo* undo);
  void Report(Pending pending, Result<void> result);

  Content rows_;
  std::set<std::string, std::less<>> corrupted_;
  std::deque<Pending> pending_;
  std::deque<Undo> undo_;  // Of the last complete batches, the newest last.
  size_t lose_on_crash_ = 0;
  bool full_ = false;
  bool at_once_ = false;
  std::shared_ptr<Outstanding> outstanding_;
};

}  // namespace lyceum::store
