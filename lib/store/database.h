// Opening RocksDB: its options, the checks of a start, and what its failures mean to us.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/status.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/store_file_system.h"

namespace lyceum::store {

struct DatabaseOptions {
  std::string path;
  uint64_t block_cache_bytes = 0;
  uint64_t write_buffer_bytes = 0;  // All memtables together.
  uint64_t free_bytes_min = 0;      // Less free space: kRetry before RocksDB sees the folder.
  uint64_t verify_bytes_max = 0;    // Of the newest table files, read at the start. 0: none.
  uint32_t format = 0;
  std::string_view other_format;  // What to do about a folder of another one.
  // Where rows that are written one after the other lie together. Null: they do not.
  std::string_view (*neighbourhood)(std::string_view key) = nullptr;
  // The folder and its files are the owner's alone. Null: as the umask says.
  std::shared_ptr<StoreFileSystem> files;
  // The start writes little and waits for no sync: the caller calls files->Settle() afterwards.
  bool quick_start = false;
};

// Members in order of dependence.
struct Database {
  std::shared_ptr<StoreFileSystem> files;
  std::unique_ptr<rocksdb::Env> env;
  std::unique_ptr<rocksdb::DB> db;
};

// Opens or creates the database and refuses another format. kRetry: no room on the disk. kReject:
// another process has it, or the folder cannot be used. kFatal: damaged.
Result<Database> OpenDatabase(const DatabaseOptions& options);

// Reads every block of the newest table files against its checksum, bytes_max at most but one file
// at least. `between` is called after each file; false ends it. `damaged` is told of each that is.
void VerifyTables(rocksdb::DB* db, const std::string& path, uint64_t bytes_max,
                  const std::function<bool()>& between,
                  const std::function<void(const Error&)>& damaged);

// kFatal where data is damaged or gone, kRetry for anything else. CHECK: not for an ok status.
Error ErrorOf(const rocksdb::Status& status, const std::string& path);
// It could not be opened again, so far.
Error NotOpen(const std::string& path);
// A row that we can not read although its checksum is right.
Error Damaged(const std::string& what, const std::string& path);

}  // namespace lyceum::store
