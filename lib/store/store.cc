#include "store/store.h"

#include <rocksdb/db.h>

#include <utility>

#include "base/check.h"
#include "store/commit.h"
#include "store/database.h"
#include "store/free_space.h"
#include "store/keys.h"
#include "store/timer_floor.h"

namespace lyceum::store {
namespace {

std::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace

struct Store::Impl {
  Impl(const Options& options, Database opened)
      : path(options.path), space(options.path, options.free_bytes_min), db(std::move(opened.db)) {}

  Result<std::optional<std::string>> Get(const std::string& key);
  // Rows of [begin, end) in order, until `row` says false. `row(key, value)`: Result<bool>.
  template <class Row>
  Result<void> Scan(const std::string& begin, const std::string& end, Row row);
  Result<std::vector<Letter>> Letters(const std::string& begin, const std::string& end,
                                      size_t count_max);

  const std::string path;
  FreeSpace space;
  TimerFloor timers;
  std::unique_ptr<rocksdb::DB> db;
};

Result<std::optional<std::string>> Store::Impl::Get(const std::string& key) {
  std::string bytes;
  const auto status = db->Get(rocksdb::ReadOptions(), key, &bytes);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return ErrorOf(status, path);
  return std::optional<std::string>(std::move(bytes));
}

template <class Row>
Result<void> Store::Impl::Scan(const std::string& begin, const std::string& end, Row row) {
  const rocksdb::Slice bound(end);
  rocksdb::ReadOptions read;
  read.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(read));
  for (it->Seek(begin); it->Valid(); it->Next()) {
    Result<bool> more = row(ViewOf(it->key()), ViewOf(it->value()));
    if (!more) return more.error();
    if (!*more) break;
  }
  // An iterator that met a damaged block looks like one at its end.
  if (!it->status().ok()) return ErrorOf(it->status(), path);
  return {};
}

Result<std::vector<Letter>> Store::Impl::Letters(const std::string& begin, const std::string& end,
                                                 size_t count_max) {
  std::vector<Letter> letters;
  if (count_max == 0) return letters;
  auto scanned =
      Scan(begin, end, [&](std::string_view key, std::string_view value) -> Result<bool> {
        const auto id = keys::ReadLetterId(key);
        if (!id) return Damaged("a letter's key cannot be read", path);
        letters.push_back({*id, 0, std::string(value)});
        return letters.size() < count_max;
      });
  if (!scanned) return scanned.error();
  return letters;
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::Open(const Options& options) {
  auto db = OpenDatabase(
      {.path = options.path,
       .block_cache_bytes = options.block_cache_bytes,
       .write_buffer_bytes = options.write_buffer_bytes,
       .verify_bytes_max = 1ull << 30,
       .format = keys::kFormat,
       .other_format = "start the version that wrote it, or give this one another --data-dir",
       .neighbourhood = &keys::Neighbourhood});
  if (!db) return db.error();
  return std::unique_ptr<Store>(new Store(std::make_unique<Impl>(options, *std::move(db))));
}

Result<void> Store::Apply(Commit commit) {
  if (auto room = impl_->space.Check(); !room) return room.error();
  rocksdb::WriteOptions write;
  write.sync = false;  // The page cache survives kill -9, and the log the loss of the machine.
  const auto status = impl_->db->Write(write, &commit.impl_->batch);
  if (!status.ok()) {
    // After a failed write RocksDB refuses all others until told that the cause may be gone.
    if (!status.IsCorruption()) impl_->db->Resume().PermitUncheckedError();
    return ErrorOf(status, impl_->path);
  }
  if (commit.impl_->first_timer_ms != INT64_MAX) {
    impl_->timers.Put(commit.impl_->partition, commit.impl_->first_timer_ms);
  }
  return {};
}

Result<std::optional<Applied>> Store::GetApplied(PartitionId partition) {
  auto bytes = impl_->Get(keys::Applied(partition));
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<Applied>();
  auto applied = keys::DecodeApplied(**bytes);
  if (!applied) return Damaged("an applied row cannot be read", impl_->path);
  return applied;
}

Result<std::optional<std::string>> Store::GetSession(PartitionId partition, const UserId& user) {
  return impl_->Get(keys::Session(partition, user));
}

Result<std::optional<std::string>> Store::GetTopic(PartitionId partition, std::string_view digest) {
  return impl_->Get(keys::Topic(partition, digest));
}

Result<std::vector<std::string>> Store::GetHistory(PartitionId partition, const UserId& user,
                                                   uint64_t first, uint64_t last) {
  std::vector<std::string> entries;
  if (first > last) return entries;
  // A longer key than the last one's is the first key after it.
  const std::string end = keys::History(partition, user, last) + '\0';
  auto scanned = impl_->Scan(keys::History(partition, user, first), end,
                             [&](std::string_view, std::string_view value) -> Result<bool> {
                               entries.emplace_back(value);
                               return true;
                             });
  if (!scanned) return scanned.error();
  return entries;
}

Result<std::vector<Store::KeptMessage>> Store::GetMessages(PartitionId partition,
                                                           const UserId& user, uint32_t first,
                                                           uint32_t last) {
  std::vector<KeptMessage> messages;
  if (first > last) return messages;
  auto scanned = impl_->Scan(keys::Message(partition, user, first),
                             keys::Message(partition, user, last) + '\0',
                             [&](std::string_view key, std::string_view value) -> Result<bool> {
                               const auto n = keys::ReadLastU32(key);
                               if (!n)
                                 return Damaged("a message's key cannot be read", impl_->path);
                               messages.push_back({*n, std::string(value)});
                               return true;
                             });
  if (!scanned) return scanned.error();
  return messages;
}

Result<std::vector<uint64_t>> Store::GetRecords(PartitionId partition, const UserId& user,
                                                uint64_t from, size_t count_max) {
  std::vector<uint64_t> sequences;
  if (count_max == 0) return sequences;
  const std::string end = keys::Record(partition, user, UINT64_MAX) + '\0';
  auto scanned = impl_->Scan(keys::Record(partition, user, from), end,
                             [&](std::string_view key, std::string_view) -> Result<bool> {
                               const auto sequence = keys::ReadLastU64(key);
                               if (!sequence) {
                                 return Damaged("a record's key cannot be read", impl_->path);
                               }
                               sequences.push_back(*sequence);
                               return sequences.size() < count_max;
                             });
  if (!scanned) return scanned.error();
  return sequences;
}

Result<std::vector<Letter>> Store::GetLetters(PartitionId partition, std::optional<LetterId> after,
                                              size_t count_max) {
  const std::string begin =
      after ? keys::Letter(partition, *after) + '\0' : keys::Begin(partition, keys::Kind::kLetter);
  return impl_->Letters(begin, keys::End(partition, keys::Kind::kLetter), count_max);
}

Result<std::vector<Letter>> Store::GetCalls(PartitionId partition) {
  return impl_->Letters(keys::Begin(partition, keys::Kind::kCall),
                        keys::End(partition, keys::Kind::kCall), SIZE_MAX);
}

Result<Store::DueTimers> Store::GetDueTimers(PartitionId partition, int64_t now_ms,
                                             size_t count_max) {
  DueTimers timers;
  auto floor = impl_->timers.Begin(partition);
  int64_t first_ms = INT64_MAX;
  auto scanned = impl_->Scan(keys::TimersFrom(partition, floor.floor_ms()),
                             keys::End(partition, keys::Kind::kTimer),
                             [&](std::string_view key, std::string_view value) -> Result<bool> {
                               const auto timer = keys::ReadTimer(key);
                               if (!timer)
                                 return Damaged("a timer's key cannot be read", impl_->path);
                               if (first_ms == INT64_MAX) first_ms = timer->due_ms;
                               if (timer->due_ms > now_ms || timers.due.size() >= count_max) {
                                 timers.next_due_ms = timer->due_ms;
                                 return false;
                               }
                               timers.due.push_back({timer->id, timer->due_ms, std::string(value)});
                               return true;
                             });
  if (!scanned) return scanned.error();
  floor.Found(first_ms);
  return timers;
}

}  // namespace lyceum::store
