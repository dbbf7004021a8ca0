// RocksRowReader: all rows of a partition, through an iterator of RocksDB. A store that opens its folder again closes it
// before: then it can read no more.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/iterator.h>

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>

#include "store/checkpoint_keys.h"
#include "store/checkpoint_store.h"

namespace lyceum::store {

class RocksRowReader final : public RowReader {
 public:
  // What a store and its readers share.
  struct Home {
    std::string path;
    std::function<Error(const rocksdb::Status& status)>
        failed;  // What it means; the store notes it.
    std::shared_mutex* opening =
        nullptr;       // The store's: it opens the folder again while it has it alone.
    std::mutex mutex;  // Taken after `opening`.
    std::set<RocksRowReader*> readers;  // Guarded by mutex.
  };
  // From here on nobody has `opening`, unless it says so.
  RocksRowReader(std::shared_ptr<Home> home, PartitionId partition);
  ~RocksRowReader() override;

  // `opening` is held. False: there is no checkpoint.
  Result<bool> Begin(rocksdb::DB* db);
  Result<bool> Next(size_t bytes_max, const Visit& visit) override;
  // `opening` is held, alone.
  void Close() { it_.reset(); }

 private:
  const std::shared_ptr<Home> home_;
  const PartitionId partition_;
  const checkpoint_keys::Key end_;
  const rocksdb::Slice bound_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

}  // namespace lyceum::store
