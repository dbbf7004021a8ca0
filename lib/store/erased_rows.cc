#include "store/erased_rows.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "store/checkpoint_keys.h"
#include "store/database.h"
#include "store/disk_priority.h"
#include "store/rocks_bytes.h"

namespace lyceum::store {
namespace {

namespace fs = std::filesystem;
namespace keys = checkpoint_keys;

constexpr int64_t kAgainFirstMs = 500;
constexpr int64_t kAgainMsMax = 60'000;
constexpr int64_t kLookMs = 20;
constexpr int64_t kGoneMsMax = 15'000;

bool Overlaps(const rocksdb::LiveFileMetaData& file, PartitionId partition) {
  return file.largestkey >= keys::PartitionBegin(partition).view() &&
         file.smallestkey < keys::PartitionEnd(partition).view();
}

// Tables that have nothing of the partition.
std::set<std::string> TablesOfOthers(rocksdb::DB* db, PartitionId partition) {
  std::vector<rocksdb::LiveFileMetaData> files;
  db->GetLiveFilesMetaData(&files);
  std::set<std::string> names;
  for (const auto& file : files) {
    if (!Overlaps(file, partition)) names.insert(fs::path(file.name).filename());
  }
  return names;
}

// Tables, logs and manifests that have something. An empty log that a start found may stay as long as the folder is open.
std::set<std::string> FilesOf(const std::string& path) {
  std::set<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator it(path, failed), end; !failed && it != end; it.increment(failed)) {
    const fs::path name = it->path().filename();
    const bool holds_rows = name.extension() == ".sst" || name.extension() == ".log" ||
                            name.string().starts_with("MANIFEST-");
    std::error_code gone;
    if (holds_rows && it->file_size(gone) > 0 && !gone) names.insert(name);
  }
  return names;
}

int64_t MsSince(Steady::time_point began) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - began).count();
}

std::set<std::string> Without(std::set<std::string> names, const std::set<std::string>& others) {
  std::erase_if(names, [&](const std::string& name) { return others.contains(name); });
  return names;
}

}  // namespace

ErasedRows::ErasedRows(std::shared_ptr<RocksRowReader::Home> home, std::function<rocksdb::DB*()> db)
    : home_(std::move(home)), db_(std::move(db)) {}

ErasedRows::~ErasedRows() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  canceled_ = true;
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ErasedRows::Start() {
  std::shared_lock opening(*home_->opening);
  std::lock_guard lock(mutex_);
  const std::unique_ptr<rocksdb::Iterator> it(db_()->NewIterator(rocksdb::ReadOptions()));
  const std::string begin(1, keys::kErasing);
  for (it->Seek(begin); it->Valid() && it->key().starts_with(begin); it->Next()) {
    if (const auto partition = keys::ReadErasing(ViewOf(it->key()))) ++pending_[*partition];
  }
  if (!pending_.empty()) RunOnAThread();
}

void ErasedRows::Note(PartitionId partition) {
  std::lock_guard lock(mutex_);
  ++pending_[partition];
  if (!running_) RunOnAThread();
}

// With mutex_ held.
void ErasedRows::RunOnAThread() {
  // The one before has let go of the mutex for the last time.
  if (thread_.joinable()) thread_.join();
  running_ = true;
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "store-erase");
    LowerDiskPriority();
    Run();
  });
}

bool ErasedRows::Has(PartitionId partition) const {
  std::lock_guard lock(mutex_);
  return pending_.contains(partition);
}

bool ErasedRows::Pause(int64_t ms) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(ms), [&] { return stopping_; });
  return !stopping_;
}

void ErasedRows::Run() {
  uint32_t failures = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stopping_) return;
    if (pending_.empty()) {
      running_ = false;
      return;
    }
    const auto [partition, batches] = *pending_.begin();
    lock.unlock();
    canceled_ = false;
    const auto began = Steady::now();
    Result<void> renewed = Renew(partition);
    lock.lock();
    if (stopping_) return;
    // What was erased meanwhile is among the files that were written anew, or not.
    if (renewed && pending_[partition] != batches) continue;
    if (renewed) {
      lock.unlock();
      renewed = Forget(partition);
      lock.lock();
    }
    if (renewed) {
      failures = 0;
      if (pending_[partition] == batches) pending_.erase(partition);
      LogInfo("erased rows are in no file", {{"partition", partition}, {"ms", MsSince(began)}});
      continue;
    }
    LogWarn("erased rows are still in files: they are written anew again",
            {{"partition", partition}, {"text", renewed.error().text}});
    const int64_t wait_ms = std::min(kAgainFirstMs << std::min(failures++, 7u), kAgainMsMax);
    changed_.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return stopping_; });
  }
}

Result<void> ErasedRows::Renew(PartitionId partition) {
  const auto old = Rewrite(partition);
  if (!old) return old.error();
  {
    std::unique_lock alone(*home_->opening);
    std::lock_guard readers(home_->mutex);
    for (RocksRowReader* reader : home_->readers) reader->Close();
  }
  std::error_code failed;
  fs::remove_all(fs::path(home_->path) / "damaged", failed);
  if (failed) return Retry("cannot delete " + home_->path + "/damaged: " + failed.message());
  return WaitUntilGone(partition, *old);
}

// Gives the files that were there before, and may have something of the partition.
Result<std::set<std::string>> ErasedRows::Rewrite(PartitionId partition) {
  std::shared_lock opening(*home_->opening);
  rocksdb::DB* const db = db_();
  if (db == nullptr) return NotOpen(home_->path);
  // The tables first: one that comes meanwhile is then looked for in vain, not forgotten.
  const std::set<std::string> others = TablesOfOthers(db, partition);
  const std::set<std::string> old = Without(FilesOf(home_->path), others);
  const keys::Key mark = keys::ErasingKey(partition);
  const keys::Key begin = keys::PartitionBegin(partition), end = keys::PartitionEnd(partition);
  const rocksdb::Slice from = SliceOf(begin), to = SliceOf(end);
  rocksdb::CompactRangeOptions compact;
  compact.exclusive_manual_compaction = false;
  compact.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  compact.canceled = &canceled_;
  // There is something to flush, so that it is done.
  rocksdb::Status status = db->Put(rocksdb::WriteOptions(), SliceOf(mark), "");
  if (status.ok()) status = db->Flush(rocksdb::FlushOptions());
  if (status.ok()) status = db->CompactRange(compact, &from, &to);
  if (status.ok()) status = db->Put(rocksdb::WriteOptions(), SliceOf(mark), "");
  if (status.ok()) status = db->Flush(rocksdb::FlushOptions());
  if (!status.ok()) {
    return Retry(fmt::format("{} cannot write files anew: {}", home_->path, status.ToString()));
  }
  return old;
}

Result<void> ErasedRows::WaitUntilGone(PartitionId partition, const std::set<std::string>& old) {
  for (int64_t waited = 0;; waited += kLookMs) {
    std::set<std::string> left;
    {
      std::shared_lock opening(*home_->opening);
      if (db_() == nullptr) return NotOpen(home_->path);
      const std::set<std::string> there = FilesOf(home_->path);
      std::set_intersection(old.begin(), old.end(), there.begin(), there.end(),
                            std::inserter(left, left.end()));
      // Of others, and made while the list was.
      if (!left.empty()) left = Without(std::move(left), TablesOfOthers(db_(), partition));
    }
    if (left.empty()) return {};
    if (waited >= kGoneMsMax) return Retry("it still has the file " + *left.begin());
    if (!Pause(kLookMs)) return Retry("the store is being closed");
  }
}

Result<void> ErasedRows::Forget(PartitionId partition) {
  std::shared_lock opening(*home_->opening);
  if (db_() == nullptr) return NotOpen(home_->path);
  const keys::Key mark = keys::ErasingKey(partition);
  const rocksdb::Status status = db_()->Delete(rocksdb::WriteOptions(), SliceOf(mark));
  if (!status.ok()) return Retry(home_->path + ": " + status.ToString());
  return {};
}

}  // namespace lyceum::store
