#include "store/database.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "store/checkpoint_keys.h"
#include "store/free_space.h"

namespace lyceum::store {
namespace {

namespace fs = std::filesystem;

constexpr int kOpenFilesMax = 512;
constexpr int kCacheShardBits = 2;  // More shards would be too small for a large block.
constexpr std::string_view kRecovery =
    "start this worker again: it moves the folder out of the way, and is rebuilt from the log";

// Rows of one user, and rows of one kind that are numbered, are written one after the other: where
// the last one went tells where to look for the place of the next.
class NeighbourhoodTransform : public rocksdb::SliceTransform {
 public:
  using Group = std::string_view (*)(std::string_view key);
  explicit NeighbourhoodTransform(Group group) : group_(group) {}
  const char* Name() const override { return "lyceum.Neighbourhood"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    const std::string_view group = group_({key.data(), key.size()});
    return {group.data(), group.size()};
  }
  bool InDomain(const rocksdb::Slice&) const override { return true; }

 private:
  const Group group_;
};

// Of a young store every compaction ends in the lowest level: its compression is paid in each.
constexpr int kBottomCompressionLevel = 1;

rocksdb::CompressionType BestCompression(std::initializer_list<rocksdb::CompressionType> wanted) {
  const auto there = rocksdb::GetSupportedCompressions();
  for (const auto type : wanted) {
    if (std::find(there.begin(), there.end(), type) != there.end()) return type;
  }
  return rocksdb::kNoCompression;
}

rocksdb::BlockBasedTableOptions TableOptions(const DatabaseOptions& options) {
  rocksdb::BlockBasedTableOptions table;
  // Not strict: a strict cache makes reads fail when it is full.
  table.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes, kCacheShardBits, false, 0.5);
  // In parts, so that a million sessions' filters need not lie in the cache as one block.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.pin_top_level_index_and_filter = true;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.whole_key_filtering = true;
  table.block_size = 8 << 10;
  return table;
}

rocksdb::Options RocksOptions(const DatabaseOptions& options, rocksdb::Env* env) {
  rocksdb::Options rocks;
  if (env != nullptr) rocks.env = env;
  rocks.create_if_missing = true;
  rocks.paranoid_checks = true;
  rocks.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  rocks.max_open_files = kOpenFilesMax;
  rocks.max_background_jobs = 2;
  rocks.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(options.write_buffer_bytes);
  rocks.write_buffer_size = std::max<uint64_t>(options.write_buffer_bytes / 2, 1 << 20);
  rocks.max_write_buffer_number = 4;
  if (options.neighbourhood != nullptr) {
    rocks.memtable_insert_with_hint_prefix_extractor =
        std::make_shared<NeighbourhoodTransform>(options.neighbourhood);
  }
  rocks.allow_concurrent_memtable_write = false;  // Hints are used by one writer at a time only.
  rocks.level_compaction_dynamic_level_bytes = true;
  // As large as the four files of level 0 that are merged into it: with RocksDB's 256 MiB the whole
  // of a young store is written anew with each merge.
  rocks.max_bytes_for_level_base = 4 * rocks.write_buffer_size;
  rocks.target_file_size_base = rocks.write_buffer_size;
  rocks.compression = BestCompression({rocksdb::kLZ4Compression, rocksdb::kSnappyCompression});
  rocks.bottommost_compression =
      BestCompression({rocksdb::kZSTD, rocksdb::kLZ4Compression, rocksdb::kSnappyCompression});
  rocks.bottommost_compression_opts.enabled = true;
  rocks.bottommost_compression_opts.level = kBottomCompressionLevel;
  rocks.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  // Its keys are the first and the last of tables: each change begins a new one, without those that are gone.
  rocks.max_manifest_file_size = 1;
  rocks.keep_log_file_num = 4;
  rocks.max_log_file_size = 4 << 20;
  if (options.quick_start) {
    rocks.avoid_flush_during_recovery = true;
    rocks.skip_stats_update_on_db_open = true;
  }
  rocks.table_factory.reset(rocksdb::NewBlockBasedTableFactory(TableOptions(options)));
  return rocks;
}

// RocksDB would take a folder without CURRENT for a new one, and delete the tables it finds there.
bool LostItsIndex(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path / "CURRENT", error)) return false;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const auto extension = it->path().extension();
    if (extension == ".sst") return true;
    std::error_code size_error;
    if (extension == ".log" && it->file_size(size_error) > 0 && !size_error) return true;
  }
  return false;
}

// Of the folder and of what lies in it.
Result<void> MakePrivate(const std::string& path) {
  constexpr auto kFolder = fs::perms::owner_all;
  constexpr auto kFile = fs::perms::owner_read | fs::perms::owner_write;
  std::error_code error;
  fs::permissions(path, kFolder, error);
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (it->is_regular_file(error)) fs::permissions(it->path(), kFile, error);
  }
  if (!error) return {};
  return Reject(
      fmt::format("cannot make {} and its files readable by their owner alone ({}): "
                  "give the folder to the user that this program runs as",
                  path, error.message()));
}

Result<void> PrepareFolder(const DatabaseOptions& options) {
  const std::string& path = options.path;
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    return Reject(fmt::format("cannot use {} as data folder ({}): name another with --data-dir",
                              path, error.message()));
  }
  if (options.files != nullptr) {
    if (auto made = MakePrivate(path); !made) return made.error();
  }
  if (LostItsIndex(path)) return Damaged("the file CURRENT is missing", path);
  // A disk that is full while RocksDB opens the folder can abort the process.
  return FreeSpace(path, options.free_bytes_min).Check();
}

Error OpenError(const rocksdb::Status& status, const std::string& path) {
  const std::string text = status.ToString();
  if (text.find("While lock file") != std::string::npos ||
      text.find("lock hold by current process") != std::string::npos) {
    return Reject(fmt::format(
        "another session worker has {} open: stop it, or give this one its own --data-dir", path));
  }
  std::error_code error;
  const bool existed = fs::exists(fs::path(path) / "CURRENT", error);
  if (status.IsCorruption() ||
      (existed && (status.IsPathNotFound() || status.IsNotFound() || status.IsInvalidArgument()))) {
    return Damaged(text, path);
  }
  return Reject(fmt::format("cannot open {} ({}): check the folder's owner, rights and free space",
                            path, text));
}

bool HasRows(rocksdb::DB* db) {
  const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(rocksdb::ReadOptions()));
  it->SeekToFirst();
  return it->Valid() || !it->status().ok();
}

Result<void> CheckFormat(rocksdb::DB* db, const DatabaseOptions& options) {
  namespace keys = checkpoint_keys;
  const std::string key(keys::kFormatKey);
  std::string bytes;
  const rocksdb::Status status = db->Get(rocksdb::ReadOptions(), key, &bytes);
  if (status.IsNotFound()) {
    if (HasRows(db)) {
      return Reject(
          fmt::format("{} holds a database of another program: give this one another --data-dir",
                      options.path));
    }
    const auto put = db->Put(rocksdb::WriteOptions(), key, keys::EncodeFormat(options.format));
    if (!put.ok()) return ErrorOf(put, options.path);
    return {};
  }
  if (!status.ok()) return ErrorOf(status, options.path);
  const auto format = keys::DecodeFormat(bytes);
  if (!format) return Damaged("the format row cannot be read", options.path);
  if (*format != options.format) {
    return Reject(fmt::format("{} was written in format {}, this program reads format {}: {}",
                              options.path, *format, options.format, options.other_format));
  }
  return {};
}

bool IsLive(rocksdb::DB* db, const std::string& name) {
  std::vector<rocksdb::LiveFileMetaData> files;
  db->GetLiveFilesMetaData(&files);
  return std::any_of(files.begin(), files.end(),
                     [&](const auto& file) { return file.name == name; });
}

}  // namespace

// The newest first: older files were verified by earlier starts, and by every compaction since.
void VerifyTables(rocksdb::DB* db, const std::string& path, uint64_t bytes_max,
                  const std::function<bool()>& between,
                  const std::function<void(const Error&)>& damaged) {
  std::vector<rocksdb::LiveFileMetaData> files;
  db->GetLiveFilesMetaData(&files);
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.file_number > b.file_number; });
  const rocksdb::Options options = db->GetOptions();
  uint64_t bytes = 0;
  size_t verified = 0;
  for (const auto& file : files) {
    if (verified > 0 && bytes + file.size > bytes_max) break;
    rocksdb::SstFileReader reader(options);
    rocksdb::Status status = reader.Open(file.db_path + file.name);
    if (status.ok()) status = reader.VerifyChecksum();
    // A compaction may have replaced it meanwhile.
    if (!status.ok() && IsLive(db, file.name)) damaged(ErrorOf(status, path));
    bytes += file.size;
    ++verified;
    if (!between()) return;
  }
  if (verified < files.size()) {
    LogInfo("database verified in part",
            {{"files", files.size()}, {"verified", verified}, {"verified_bytes", bytes}});
  }
}

Error Damaged(const std::string& what, const std::string& path) {
  return Fatal(fmt::format("the database {} is damaged ({}): {}", path, what, kRecovery));
}

Error NotOpen(const std::string& path) {
  return Retry(fmt::format("the database {} could not be opened again: check the disk", path));
}

Error ErrorOf(const rocksdb::Status& status, const std::string& path) {
  CHECK(!status.ok());
  if (status.IsCorruption() || status.IsPathNotFound()) return Damaged(status.ToString(), path);
  return Retry(fmt::format("the database {} failed ({}): check the disk", path, status.ToString()));
}

Result<Database> OpenDatabase(const DatabaseOptions& options) {
  CHECK(!options.quick_start || options.files != nullptr);
  if (auto ready = PrepareFolder(options); !ready) return ready.error();
  Database database;
  if (options.files != nullptr) {
    database.files = options.files;
    database.env = rocksdb::NewCompositeEnv(options.files);
  }
  if (options.quick_start) options.files->DeferSyncs();
  const rocksdb::Options rocks = RocksOptions(options, database.env.get());
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(rocks, options.path, &opened);
  if (!status.ok()) return OpenError(status, options.path);
  database.db.reset(opened);
  if (auto right = CheckFormat(database.db.get(), options); !right) return right.error();
  std::optional<Error> first;
  if (options.verify_bytes_max > 0) {
    VerifyTables(
        database.db.get(), options.path, options.verify_bytes_max,
        [&] { return !first.has_value(); }, [&](const Error& error) { first = error; });
  }
  if (first) return *first;
  return database;
}

}  // namespace lyceum::store
