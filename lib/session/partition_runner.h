// PartitionRunner: the owner's loop over one partition, on a thread of its own.
//
//   read from applied+1 -> fold each record -> one commit -> hand over to the outbox -> again
//
// What can go wrong, and what it does: the log is away -> waits and tries again; the store refuses
// a commit -> forgets what is in memory and reads again from the applied position; the log is not
// the one that was applied, or the store is corrupt -> the partition halts, says so, and leaves the
// others alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "envelope/subjects.h"
#include "outbox/outbox.h"
#include "partition/partition_log.h"
#include "session/batch.h"
#include "session/fold.h"
#include "session/session_cache.h"
#include "store/store.h"
#include "wire/connection.h"

namespace lyceum::session {

struct PartitionOptions {
  envelope::Subjects subjects;
  store::PartitionId partition = 0;
  size_t batch_records_max = 256;
  size_t batch_bytes_max = 4 << 20;
  size_t sessions_max = 4096;  // In memory.
};

struct PartitionCounters {
  std::atomic<uint64_t> records{0}, batches{0}, refused{0}, retries{0};
  std::atomic<uint64_t> applied{0};
  std::atomic<bool> halted{false};
};

class PartitionRunner {
 public:
  // `store` and `outbox` must outlive it.
  PartitionRunner(std::shared_ptr<wire::Connection> connection, store::Store* store,
                  outbox::Outbox* outbox, PartitionOptions options);
  // Stops after the batch at hand.
  ~PartitionRunner();
  void RequestStop() { stop_ = true; }

  const PartitionCounters& counters() const { return counters_; }

 private:
  void Run();
  Result<void> Open();
  // One batch, or one wait for records.
  Result<void> Turn();
  void NoteRefused(const std::vector<RefusedRecord>& records);
  void HandOver(const outbox::Outgoing& outgoing);
  // True: try again. False: halted.
  bool Recover(const Error& error);

  std::shared_ptr<wire::Connection> connection_;
  store::Store* store_;
  outbox::Outbox* outbox_;
  PartitionOptions options_;
  Fold fold_;
  SessionCache cache_;
  store::Applied applied_;
  std::vector<outbox::Done> done_;  // To erase in the next commit.
  std::unique_ptr<partition::PartitionLog> log_;
  uint32_t failures_ = 0;  // In a row.
  PartitionCounters counters_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace lyceum::session
