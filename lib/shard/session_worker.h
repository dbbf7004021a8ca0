// SessionWorker: the shards of a session worker, a thread each, over one store and one flight page.
//
// Start returns when the store is open and all shards but the first run; the first has the thread
// that calls Serve and Stop. They connect, read and send from then on. The rest is thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "shard/context.h"
#include "shard/partition_status.h"
#include "shard/worker_figures.h"
#include "wire/connection.h"
#include "wire/service.h"

namespace lyceum::shard {

class SessionWorker {
 public:
  struct Options {
    shard::Options shard;  // memory_bytes follows from the one below.
    // Of the process, about: the store's caches and the program itself have their part of it, the
    // shards share the rest. Below 64 MiB the program alone is more.
    size_t memory_bytes = 256 << 20;
    wire::ConnectOptions nats;
    std::string data_dir;
    std::vector<store::PartitionId> partitions;
    size_t shards = 1;
    // By what NATS tools find the worker: its first shard answers. Its endpoints are added.
    std::optional<wire::Service> service;
  };
  // kReject: somebody else uses the folder, or it is of another format or a newer fold version; kRetry:
  // no room on the disk. The text says what to do. A store that is damaged is set aside and made anew.
  static Result<std::unique_ptr<SessionWorker>> Start(const Options& options);
  ~SessionWorker();

  // Runs the first shard: until the deadline, until `stop_fd` is readable (true), or until it has
  // failed.
  bool Serve(int stop_fd, Deadline deadline);
  // Reads no more, writes a last checkpoint. False: not all could be brought into it by then.
  bool Stop(Deadline deadline);

  // Set once this worker has to end: another one of its name was here first, or its store is damaged (kFatal).
  std::optional<Error> failure() const;
  // Of a few moments ago.
  std::vector<PartitionStatus> partitions() const;
  struct Totals {
    uint64_t records = 0, refused = 0, messages = 0, sent_again = 0, missing_records = 0;
    uint64_t checkpoints = 0, checkpoint_failures = 0, checkpoint_bytes = 0, timers_fired = 0;
    uint64_t dead_letters_lost = 0, reader_breaks = 0, session_loads = 0, async_errors = 0;
    uint64_t takeovers = 0, handovers = 0, digests_differ = 0;
    uint64_t snapshots = 0, snapshot_failures = 0, snapshot_bytes = 0, restores = 0;
    uint64_t calls_dispatched = 0, calls_busy = 0, calls_lost = 0, calls_failed = 0;
    uint64_t sessions = 0, memory_bytes = 0, unconfirmed_bytes = 0;
    int64_t clock_offset_ms = 0;  // The greatest, either way.
  };
  Totals totals() const;
  // Beside the totals. Of a few moments ago, but for the histograms.
  WorkerFigures figures() const;
  // What NATS has refused last, in words.
  std::string last_async_error() const;

 private:
  static Result<std::unique_ptr<SessionWorker>> StartOnce(Options options);
  struct Impl;
  explicit SessionWorker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// "0-7,12" -> the partitions, in order, each below `count`.
Result<std::vector<store::PartitionId>> ParsePartitions(const std::string& text, uint32_t count);

}  // namespace lyceum::shard
