// StoreFileSystem: the files of one RocksDB folder: whose they are, and when they are synced.
//
// Every file is made 0600 and every folder 0700, without the process's umask, which is not a
// library's to set.
// A start may defer its syncs: DB::Open syncs a new manifest, CURRENT and the options, one after
// the other, and each waits for whatever else the disk is busy with. Between DeferSyncs and Settle
// a sync and a delete are only noted; Settle makes up for them, deletes last. kill -9 in between
// harms nothing: the page cache outlives it. Loss of power within these seconds may leave a folder
// that cannot be opened, which the log then rebuilds.
// Thread-safe.
#pragma once

#include <rocksdb/file_system.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"

namespace lyceum::store {

class StoreFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  StoreFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "lyceum.StoreFileSystem"; }

  void DeferSyncs();
  // Ends the deferring, then does what was deferred. kRetry: some of it failed.
  Result<void> Settle();

  // True: it was noted, and is not to be done now.
  bool NoteSync(const std::string& path);

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReuseWritableFile(const std::string& path, const std::string& old_path,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus CreateDir(const std::string& path, const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus CreateDirIfMissing(const std::string& path, const rocksdb::IOOptions& options,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewLogger(const std::string& path, const rocksdb::IOOptions& options,
                              std::shared_ptr<rocksdb::Logger>* logger,
                              rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus LockFile(const std::string& path, const rocksdb::IOOptions& options,
                             rocksdb::FileLock** lock, rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

 private:
  std::mutex mutex_;
  bool deferring_ = false;            // From here on guarded by mutex_.
  std::vector<std::string> to_sync_;  // Files and folders, each once, in order.
  std::vector<std::string> to_delete_;
};

}  // namespace lyceum::store
