#include "store/store_file_system.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace lyceum::store {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

// RocksDB then opens a file that is there, and that keeps its mode. Where it cannot be made
// RocksDB's own attempt says why.
void MakePrivate(const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file >= 0) close(file);
}

class DeferrableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  DeferrableFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::string path,
                 StoreFileSystem* owner)
      : FSWritableFileOwnerWrapper(std::move(file)), path_(std::move(path)), owner_(owner) {}
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    if (owner_->NoteSync(path_)) return IOStatus::OK();
    return FSWritableFileOwnerWrapper::Sync(options, debug);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    if (owner_->NoteSync(path_)) return IOStatus::OK();
    return FSWritableFileOwnerWrapper::Fsync(options, debug);
  }

 private:
  const std::string path_;
  StoreFileSystem* const owner_;
};

class DeferrableDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  DeferrableDirectory(std::unique_ptr<rocksdb::FSDirectory> directory, std::string path,
                      StoreFileSystem* owner)
      : FSDirectoryWrapper(std::move(directory)), path_(std::move(path)), owner_(owner) {}
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    if (owner_->NoteSync(path_)) return IOStatus::OK();
    return FSDirectoryWrapper::Fsync(options, debug);
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& fsync_options) override {
    if (owner_->NoteSync(path_)) return IOStatus::OK();
    return FSDirectoryWrapper::FsyncWithDirOptions(options, debug, fsync_options);
  }

 private:
  const std::string path_;
  StoreFileSystem* const owner_;
};

bool SyncPath(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno == ENOENT;  // Gone: nothing to sync.
  const bool synced = fsync(file) == 0;
  const int error = errno;
  close(file);
  errno = error;
  return synced;
}

}  // namespace

void StoreFileSystem::DeferSyncs() {
  std::lock_guard lock(mutex_);
  deferring_ = true;
}

bool StoreFileSystem::NoteSync(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (!deferring_) return false;
  if (std::find(to_sync_.begin(), to_sync_.end(), path) == to_sync_.end()) {
    to_sync_.push_back(path);
  }
  return true;
}

Result<void> StoreFileSystem::Settle() {
  std::vector<std::string> to_sync, to_delete;
  {
    std::lock_guard lock(mutex_);
    deferring_ = false;
    to_sync.swap(to_sync_);
    to_delete.swap(to_delete_);
  }
  // What a deleted file held is in those that are synced before it goes.
  for (const std::string& path : to_sync) {
    if (!SyncPath(path)) {
      return Retry(fmt::format("cannot sync {} ({}): check the disk", path,
                               std::generic_category().message(errno)));
    }
  }
  for (const std::string& path : to_delete) {
    if (unlink(path.c_str()) != 0 && errno != ENOENT) {
      return Retry(fmt::format("cannot remove {} ({}): check the folder's owner and rights", path,
                               std::generic_category().message(errno)));
    }
  }
  return {};
}

IOStatus StoreFileSystem::NewWritableFile(const std::string& path, const FileOptions& options,
                                          std::unique_ptr<rocksdb::FSWritableFile>* file,
                                          IODebugContext* debug) {
  MakePrivate(path);
  IOStatus status = FileSystemWrapper::NewWritableFile(path, options, file, debug);
  if (status.ok()) *file = std::make_unique<DeferrableFile>(std::move(*file), path, this);
  return status;
}

IOStatus StoreFileSystem::ReopenWritableFile(const std::string& path, const FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* file,
                                             IODebugContext* debug) {
  MakePrivate(path);
  IOStatus status = FileSystemWrapper::ReopenWritableFile(path, options, file, debug);
  if (status.ok()) *file = std::make_unique<DeferrableFile>(std::move(*file), path, this);
  return status;
}

IOStatus StoreFileSystem::ReuseWritableFile(const std::string& path, const std::string& old_path,
                                            const FileOptions& options,
                                            std::unique_ptr<rocksdb::FSWritableFile>* file,
                                            IODebugContext* debug) {
  IOStatus status = FileSystemWrapper::ReuseWritableFile(path, old_path, options, file, debug);
  if (status.ok()) *file = std::make_unique<DeferrableFile>(std::move(*file), path, this);
  return status;
}

IOStatus StoreFileSystem::NewDirectory(const std::string& path, const IOOptions& options,
                                       std::unique_ptr<rocksdb::FSDirectory>* directory,
                                       IODebugContext* debug) {
  IOStatus status = FileSystemWrapper::NewDirectory(path, options, directory, debug);
  if (status.ok()) {
    *directory = std::make_unique<DeferrableDirectory>(std::move(*directory), path, this);
  }
  return status;
}

IOStatus StoreFileSystem::CreateDir(const std::string& path, const IOOptions& options,
                                    IODebugContext* debug) {
  if (mkdir(path.c_str(), 0700) == 0) return IOStatus::OK();
  return FileSystemWrapper::CreateDir(path, options, debug);  // Says why not.
}

IOStatus StoreFileSystem::CreateDirIfMissing(const std::string& path, const IOOptions& options,
                                             IODebugContext* debug) {
  if (mkdir(path.c_str(), 0700) == 0) return IOStatus::OK();
  return FileSystemWrapper::CreateDirIfMissing(path, options, debug);
}

IOStatus StoreFileSystem::NewLogger(const std::string& path, const IOOptions& options,
                                    std::shared_ptr<rocksdb::Logger>* logger,
                                    IODebugContext* debug) {
  MakePrivate(path);
  return FileSystemWrapper::NewLogger(path, options, logger, debug);
}

IOStatus StoreFileSystem::LockFile(const std::string& path, const IOOptions& options,
                                   rocksdb::FileLock** lock, IODebugContext* debug) {
  MakePrivate(path);
  return FileSystemWrapper::LockFile(path, options, lock, debug);
}

IOStatus StoreFileSystem::RenameFile(const std::string& from, const std::string& to,
                                     const IOOptions& options, IODebugContext* debug) {
  {
    std::lock_guard lock(mutex_);
    std::replace(to_sync_.begin(), to_sync_.end(), from, to);
    std::erase(to_delete_, to);
  }
  return FileSystemWrapper::RenameFile(from, to, options, debug);
}

IOStatus StoreFileSystem::DeleteFile(const std::string& path, const IOOptions& options,
                                     IODebugContext* debug) {
  {
    std::lock_guard lock(mutex_);
    if (deferring_) {
      to_delete_.push_back(path);
      return IOStatus::OK();
    }
  }
  return FileSystemWrapper::DeleteFile(path, options, debug);
}

}  // namespace lyceum::store
