// ErasedRows: takes what batches have erased out of the files of a RocksDB folder.
//
// RocksDB forgets a row at once and leaves its bytes where they are: in the write-ahead log, in tables below the one that
// says that it is gone, and its key, where it is the first or last of a table, in the manifest. For each partition that
// has such rows, on a thread of its own:
//
//   flush      the memtable becomes a table, its log goes
//   compact    every table with keys of the partition is written anew, without what is erased
//   flush      the next manifest, which does not have the old tables (database.cc: each change begins one)
//   wait       until none of the files that were there before is there; row readers, which keep tables, are closed
//
// and a copy that a damaged folder was moved to goes too. A row of the database says that it is not done yet, so a start
// goes on with it. What fails is tried again, later each time. It takes as long as RocksDB needs to write the partition
// once; nothing of the store waits for it. Thread-safe.
#pragma once

#include <rocksdb/db.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "store/checkpoint_store.h"
#include "store/rocks_row_reader.h"

namespace lyceum::store {

class ErasedRows {
 public:
  // `db` is called while `home->opening` is held; null: it could not be opened again.
  ErasedRows(std::shared_ptr<RocksRowReader::Home> home, std::function<rocksdb::DB*()> db);
  ~ErasedRows();  // What is not done is found again at the next start.

  // Once, when the folder is open: what an earlier process left to do.
  void Start();
  // A batch that erases rows of the partition, and has put its row (ErasingKey), is written.
  void Note(PartitionId partition);
  bool Has(PartitionId partition) const;
  // The folder is about to be opened again: lets go of it soon.
  void Interrupt() { canceled_ = true; }

 private:
  void RunOnAThread();
  void Run();
  Result<void> Renew(PartitionId partition);
  Result<std::set<std::string>> Rewrite(PartitionId partition);
  Result<void> WaitUntilGone(PartitionId partition, const std::set<std::string>& old);
  Result<void> Forget(PartitionId partition);
  bool Pause(int64_t ms);  // False: it stops.

  const std::shared_ptr<RocksRowReader::Home> home_;
  const std::function<rocksdb::DB*()> db_;
  std::atomic<bool> canceled_{false};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<PartitionId, uint64_t> pending_;  // One more for each batch. Guarded by mutex_, as is:
  bool running_ = false;                     // The thread takes what comes to pending_.
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace lyceum::store
