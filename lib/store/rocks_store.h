// RocksStore: a checkpoint store in a folder: one RocksDB for all partitions of a worker.
//
// Written by a thread of its own, one batch after the other. Survives kill -9 of the process with
// all that was reported as written; of the machine, with what the disk had by then (see
// Options::sync): the log has the rest.
// Memory: block cache + memtables as the options say, and some MiB for what RocksDB has open.
// A disk that fails: the batch is kRetry, and the next one tries again; where RocksDB has given up
// it is closed and opened again, for which reading waits. Damage: a row that cannot be read is
// kFatal where it is read, the others go on; at the start the newest tables are read through in the
// background, and damage is logged and counted. A damaged table that RocksDB has to rewrite ends
// all writing with kFatal: the folder is then moved away and the log rebuilds it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/checkpoint_store.h"

namespace lyceum::store {

class RocksStore final : public CheckpointStore {
 public:
  struct Options {
    std::string path;
    uint64_t block_cache_bytes = 48 << 20;
    uint64_t write_buffer_bytes = 32 << 20;
    uint64_t free_bytes_min = 64 << 20;    // Open and Write are kRetry while the disk has less.
    uint64_t verify_bytes_max = 1u << 30;  // Of the newest tables, in the background.
    size_t queue_batches_max = 256;        // Not yet written. One more is kRetry.
    size_t queue_bytes_max = 64 << 20;     // The same; one batch alone may be greater.
    bool sync = false;                     // Each batch is on the disk before it is reported.
  };
  // Looks for room before RocksDB sees the folder. kRetry: no room. kReject: another process has
  // it, it is of another format, or cannot be used; the text says what to do. kFatal: damaged.
  static Result<std::unique_ptr<RocksStore>> Open(const Options& options);
  ~RocksStore() override;  // Writes what is queued, and reports it.

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
  bool IsErasing(PartitionId partition) const override;
  void Write(std::shared_ptr<const CheckpointBatch> batch, Executor* executor,
             std::function<void(Result<void>)> done) override;

  struct Figures {
    uint64_t batches = 0;  // Written.
    uint64_t rows = 0;
    uint64_t bytes = 0;
    uint64_t failed = 0;  // Batches that were not.
    uint64_t damaged_tables = 0;
    size_t queued = 0;
    bool settled = false;  // The start's syncs are made up for, and its tables were read.
  };
  Figures figures() const;
  // Bytes on the disk that are not what was written. From then on the folder is marked, and the next start sets it aside
  // (set_aside.h): whoever serves from it is to end.
  std::optional<Error> damage() const;

 private:
  struct Impl;
  explicit RocksStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::store
