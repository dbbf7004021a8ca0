// Opening RocksDB: its options, the checks of a start, and what its failures mean to us.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/status.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace lyceum::store {

// Opens or creates the database, refuses a newer format, and reads every block of the newest table
// files (1 GiB at most) against its checksum.
Result<std::unique_ptr<rocksdb::DB>> OpenDatabase(const Store::Options& options);

// kFatal where data is damaged or gone, kRetry for anything else. CHECK: not for an ok status.
Error ErrorOf(const rocksdb::Status& status, const std::string& path);
// A row that we can not read although its checksum is right.
Error Damaged(const std::string& what, const std::string& path);

}  // namespace lyceum::store
