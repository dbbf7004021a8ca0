#include "store/rocks_store.h"

#include <pthread.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/checkpoint_keys.h"
#include "store/database.h"
#include "store/disk_priority.h"
#include "store/erased_rows.h"
#include "store/free_space.h"
#include "store/outstanding.h"
#include "store/rocks_bytes.h"
#include "store/rocks_row_reader.h"
#include "store/set_aside.h"
#include "store/timer_floor.h"

namespace lyceum::store {
namespace {

namespace keys = checkpoint_keys;

// RocksDB takes 4 GiB at most; checkpoints are bounded far below.
constexpr size_t kBatchBytesMax = 1u << 30;
// Reading the tables through takes this part of one core and of the disk, at most.
constexpr int kVerifyPauses = 4;  // Times as long as the reading took.

struct Job {
  std::shared_ptr<const CheckpointBatch> batch;
  Executor* executor;
  std::function<void(Result<void>)> done;
  bool refused;  // There was no room for it.
};

DatabaseOptions OptionsOf(const RocksStore::Options& options) {
  return {.path = options.path,
          .block_cache_bytes = options.block_cache_bytes,
          .write_buffer_bytes = options.write_buffer_bytes,
          .free_bytes_min = options.free_bytes_min,
          .format = keys::kFormat,
          .other_format =
              "stop this worker and move the folder away: the worker then rebuilds it "
              "from the log",
          .files = std::make_shared<StoreFileSystem>(),
          .quick_start = true};
}

}  // namespace

struct RocksStore::Impl {
  Impl(const Options& opened_with, Database opened)
      : options(opened_with),
        space(options.path, options.free_bytes_min),
        database(std::move(opened)) {
    row_readers->path = options.path;
    row_readers->opening = &opening;
    row_readers->failed = [this](const rocksdb::Status& status) { return Failed(status); };
  }

  Result<std::optional<std::string>> Get(std::string_view key);
  // Rows of [begin, end) in order, until `row(key, value)`, a Result<bool>, says false.
  template <class Row>
  Result<void> Scan(std::string_view begin, std::string_view end, Row row);
  template <class Row>
  Result<void> ScanBack(std::string_view begin, std::string_view end, Row row);

  // What it means, noted where it is damage.
  Error Failed(const rocksdb::Status& status);
  void NoteDamage(const Error& error);
  void RunWriter();
  Result<void> WriteUnlessRefused(const Job& job);
  Result<void> WriteNow(const CheckpointBatch& batch);
  Result<void> Recover();
  // True: it erases what may lie in files, and says so.
  bool Prepare(const CheckpointBatch& batch, rocksdb::WriteBatch* rocks, int64_t* first_timer_ms);
  void Report(Job job, Result<void> result);
  void RunStart();

  const Options options;
  FreeSpace space;
  TimerFloor timers;
  // Shared by who reads. Alone: the writer, while it opens the folder again. Taken before `mutex`.
  std::shared_mutex opening;
  Database database;  // Its db is null where it could not be opened again. The writer's alone.
  const std::shared_ptr<RocksRowReader::Home> row_readers =
      std::make_shared<RocksRowReader::Home>();
  // Outlives this in tasks that an executor has not run yet.
  const std::shared_ptr<Outstanding> outstanding = std::make_shared<Outstanding>();

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> queue;  // From here on guarded by mutex.
  size_t queue_bytes = 0;
  bool stopping = false;
  bool abandon_start = false;
  Figures figures;
  std::optional<Error> damage;  // The first that was met.

  ErasedRows erased{row_readers, [this] { return database.db.get(); }};
  std::thread writer;
  std::thread start;  // What a start leaves for later. Ends when it is done.
};

Error RocksStore::Impl::Failed(const rocksdb::Status& status) {
  const Error error = ErrorOf(status, options.path);
  if (error.fault == Fault::kFatal) NoteDamage(error);
  return error;
}

void RocksStore::Impl::NoteDamage(const Error& error) {
  {
    std::lock_guard lock(mutex);
    if (damage) return;
    damage = error;
  }
  LogError("database damaged", {{"reason", error.text}});
  MarkDamaged(options.path);
}

Result<std::optional<std::string>> RocksStore::Impl::Get(std::string_view key) {
  std::shared_lock lock(opening);
  if (!database.db) return NotOpen(options.path);
  std::string bytes;
  const auto status = database.db->Get(rocksdb::ReadOptions(), SliceOf(key), &bytes);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return Failed(status);
  return std::optional<std::string>(std::move(bytes));
}

template <class Row>
Result<void> RocksStore::Impl::Scan(std::string_view begin, std::string_view end, Row row) {
  std::shared_lock lock(opening);
  if (!database.db) return NotOpen(options.path);
  const rocksdb::Slice bound = SliceOf(end);
  rocksdb::ReadOptions read;
  read.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> it(database.db->NewIterator(read));
  for (it->Seek(SliceOf(begin)); it->Valid(); it->Next()) {
    Result<bool> more = row(ViewOf(it->key()), ViewOf(it->value()));
    if (!more) return more.error();
    if (!*more) return {};
  }
  // An iterator that met a damaged block looks like one at its end.
  if (!it->status().ok()) return Failed(it->status());
  return {};
}

template <class Row>
Result<void> RocksStore::Impl::ScanBack(std::string_view begin, std::string_view end, Row row) {
  std::shared_lock lock(opening);
  if (!database.db) return NotOpen(options.path);
  const rocksdb::Slice bound = SliceOf(begin);
  rocksdb::ReadOptions read;
  read.iterate_lower_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> it(database.db->NewIterator(read));
  it->SeekForPrev(SliceOf(end));
  if (it->Valid() && ViewOf(it->key()) == end) it->Prev();
  for (; it->Valid(); it->Prev()) {
    Result<bool> more = row(ViewOf(it->key()), ViewOf(it->value()));
    if (!more) return more.error();
    if (!*more) return {};
  }
  if (!it->status().ok()) return Failed(it->status());
  return {};
}

void RocksStore::Impl::RunWriter() {
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [&] { return stopping || !queue.empty(); });
    if (queue.empty()) return;
    Job job = std::move(queue.front());
    queue.pop_front();
    const size_t bytes = job.batch->bytes(), rows = job.batch->count();
    lock.unlock();
    Result<void> result = WriteUnlessRefused(job);
    const bool written = result.has_value();
    if (!written) outstanding->Fail(job.batch->partition());
    lock.lock();
    queue_bytes -= job.refused ? 0 : bytes;
    figures.batches += written ? 1 : 0;
    figures.rows += written ? rows : 0;
    figures.bytes += written ? bytes : 0;
    figures.failed += written ? 0 : 1;
    lock.unlock();
    Report(std::move(job), std::move(result));
    lock.lock();
  }
}

Result<void> RocksStore::Impl::WriteUnlessRefused(const Job& job) {
  if (job.refused) return Retry("too many checkpoints wait to be written: the disk is slow");
  if (outstanding->HasFailed(job.batch->partition())) {
    return Retry("an earlier checkpoint of this partition was not written");
  }
  return WriteNow(*job.batch);
}

Result<void> RocksStore::Impl::WriteNow(const CheckpointBatch& batch) {
  if (auto room = space.Check(); !room) return room.error();
  rocksdb::WriteBatch rocks(batch.bytes() + 64);
  int64_t first_timer_ms = INT64_MAX;
  const bool erases = Prepare(batch, &rocks, &first_timer_ms);
  rocksdb::WriteOptions write;
  write.sync = options.sync;
  rocksdb::Status status;
  if (database.db) status = database.db->Write(write, &rocks);
  if (!database.db || (!status.ok() && !status.IsCorruption())) {
    if (auto recovered = Recover(); !recovered) return recovered.error();
    status = database.db->Write(write, &rocks);
  }
  if (!status.ok()) return Failed(status);
  if (first_timer_ms != INT64_MAX) timers.Put(batch.partition(), first_timer_ms);
  if (erases) erased.Note(batch.partition());
  return {};
}

bool RocksStore::Impl::Prepare(const CheckpointBatch& batch, rocksdb::WriteBatch* rocks,
                               int64_t* first_timer_ms) {
  bool erases = batch.erases();
  if (batch.erases_all()) {
    const PartitionId partition = batch.partition();
    const auto looked =
        Scan(keys::PartitionBegin(partition), keys::PartitionEnd(partition),
             [](std::string_view, std::string_view) { return Result<bool>(Retry("")); });
    erases = !looked;  // There is one, or nobody knows.
  }
  Fill(batch, rocks, first_timer_ms);
  if (erases) CHECK(rocks->Put(SliceOf(keys::ErasingKey(batch.partition())), "").ok());
  return erases;
}

// After a failure RocksDB refuses all writes until told that the cause may be gone; after some, for
// as long as it is open.
Result<void> RocksStore::Impl::Recover() {
  if (database.db && database.db->Resume().ok()) return {};
  {
    std::lock_guard lock(mutex);
    abandon_start = true;
  }
  changed.notify_all();
  if (start.joinable()) start.join();
  erased.Interrupt();
  std::unique_lock lock(opening);
  LogWarn("database opened again", {{"path", options.path}});
  {
    std::lock_guard readers(row_readers->mutex);
    for (RocksRowReader* reader : row_readers->readers) reader->Close();
  }
  database.db.reset();  // Before what it stands on.
  database = {};
  auto opened = OpenDatabase(OptionsOf(options));
  if (!opened) {
    return opened.error().fault == Fault::kFatal ? opened.error() : Retry(opened.error().text);
  }
  database = *std::move(opened);
  lock.unlock();
  return database.files->Settle();
}

void RocksStore::Impl::Report(Job job, Result<void> result) {
  job.executor->Post([done = std::move(job.done), result = std::move(result),
                      outstanding = outstanding, partition = job.batch->partition()] {
    outstanding->Reported(partition);
    done(result);
  });
}

void RocksStore::Impl::RunStart() {
  LowerDiskPriority();
  if (auto settled = database.files->Settle(); !settled) {
    LogError("database not synced at its start", {{"reason", settled.error().text}});
  }
  auto began = Steady::now();
  const auto pause = [&] {
    const auto took = Steady::now() - began;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, kVerifyPauses * took, [&] { return stopping || abandon_start; });
    began = Steady::now();
    return !stopping && !abandon_start;
  };
  if (options.verify_bytes_max > 0) {
    VerifyTables(database.db.get(), options.path, options.verify_bytes_max, pause,
                 [&](const Error& error) {
                   LogError("database table damaged", {{"reason", error.text}});
                   NoteDamage(error);
                   std::lock_guard lock(mutex);
                   ++figures.damaged_tables;
                 });
  }
  std::lock_guard lock(mutex);
  figures.settled = true;
}

RocksStore::RocksStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->erased.Start();
  impl_->start = std::thread([this] {
    pthread_setname_np(pthread_self(), "store-start");
    impl_->RunStart();
  });
  impl_->writer = std::thread([this] {
    pthread_setname_np(pthread_self(), "store-writer");
    impl_->RunWriter();
  });
}

RocksStore::~RocksStore() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  impl_->writer.join();
  if (impl_->start.joinable()) impl_->start.join();
}

Result<std::unique_ptr<RocksStore>> RocksStore::Open(const Options& options) {
  auto database = OpenDatabase(OptionsOf(options));
  if (!database) return database.error();
  // Compaction waits for whoever else wants the disk. Of the whole process: RocksDB has one pool.
  database->env->LowerThreadPoolIOPriority(rocksdb::Env::LOW);
  return std::unique_ptr<RocksStore>(
      new RocksStore(std::make_unique<Impl>(options, *std::move(database))));
}

Result<std::optional<Checkpoint>> RocksStore::GetCheckpoint(PartitionId partition) {
  auto bytes = impl_->Get(keys::CheckpointKey(partition));
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<Checkpoint>();
  auto checkpoint = keys::DecodeCheckpoint(**bytes);
  if (!checkpoint) return Damaged("a checkpoint row cannot be read", impl_->options.path);
  return checkpoint;
}

Result<std::optional<std::string>> RocksStore::GetSession(PartitionId partition,
                                                          std::string_view user) {
  return impl_->Get(keys::SessionKey(partition, user));
}

Result<std::optional<std::string>> RocksStore::GetTopic(PartitionId partition,
                                                        std::string_view digest) {
  return impl_->Get(keys::TopicKey(partition, digest));
}

Result<std::vector<TimerRow>> RocksStore::GetTimers(PartitionId partition, int64_t due_before_ms,
                                                    const std::optional<TimerRow>& after,
                                                    size_t count_max) {
  std::vector<TimerRow> rows;
  if (count_max == 0 || due_before_ms <= 0) return rows;
  const keys::Key end = keys::TimersFrom(partition, due_before_ms);
  const auto add = [&](std::string_view key, std::string_view) -> Result<bool> {
    auto row = keys::ReadTimer(key);
    if (!row) return Damaged("a timer's key cannot be read", impl_->options.path);
    rows.push_back(*std::move(row));
    return rows.size() < count_max;
  };
  if (after) {
    if (after->due_ms >= due_before_ms) return rows;
    const keys::Key begin = keys::TimerKey(partition, after->due_ms, after->user).Next();
    if (auto scanned = impl_->Scan(begin, end, add); !scanned) return scanned.error();
    return rows;
  }
  // From the first on: what was erased before it is not walked over again.
  auto floor = impl_->timers.Begin(partition);
  if (floor.floor_ms() >= due_before_ms) return rows;
  const keys::Key begin = keys::TimersFrom(partition, floor.floor_ms());
  if (auto scanned = impl_->Scan(begin, end, add); !scanned) return scanned.error();
  floor.Found(rows.empty() ? due_before_ms : rows.front().due_ms);
  return rows;
}

Result<std::vector<JournalRow>> RocksStore::GetJournal(PartitionId partition, std::string_view user,
                                                       uint64_t before_first_sequence,
                                                       size_t bytes_max) {
  std::vector<JournalRow> rows;
  size_t bytes = 0;
  const keys::Key begin = keys::JournalKey(partition, user, 0);
  const keys::Key end = keys::JournalKey(partition, user, before_first_sequence);
  auto scanned = impl_->ScanBack(
      begin, end, [&](std::string_view key, std::string_view value) -> Result<bool> {
        const auto first = keys::ReadSequence(key);
        if (!first) return Damaged("a journal's key cannot be read", impl_->options.path);
        bytes += value.size();
        if (!rows.empty() && bytes >= bytes_max) return false;
        rows.push_back({*first, std::string(value)});
        return bytes < bytes_max;
      });
  if (!scanned) return scanned.error();
  return rows;
}

Result<std::vector<DeadLetterRow>> RocksStore::GetDeadLetters(PartitionId partition,
                                                              size_t count_max) {
  std::vector<DeadLetterRow> rows;
  if (count_max == 0) return rows;
  auto scanned =
      impl_->Scan(keys::Begin(partition, keys::Kind::kDeadLetter),
                  keys::End(partition, keys::Kind::kDeadLetter),
                  [&](std::string_view key, std::string_view value) -> Result<bool> {
                    const auto sequence = keys::ReadSequence(key);
                    if (!sequence) {
                      return Damaged("a dead letter's key cannot be read", impl_->options.path);
                    }
                    rows.push_back({*sequence, std::string(value)});
                    return rows.size() < count_max;
                  });
  if (!scanned) return scanned.error();
  return rows;
}

Result<std::vector<std::string>> RocksStore::GetUsers(PartitionId partition, std::string_view after,
                                                      size_t count_max) {
  std::vector<std::string> users;
  if (count_max == 0) return users;
  const keys::Key begin = after.empty() ? keys::Begin(partition, keys::Kind::kSession)
                                        : keys::SessionKey(partition, after).Next();
  auto scanned =
      impl_->Scan(begin, keys::End(partition, keys::Kind::kSession),
                  [&](std::string_view key, std::string_view) -> Result<bool> {
                    const auto user = keys::ReadUser(key);
                    if (!user) {
                      return Damaged("a session's key cannot be read", impl_->options.path);
                    }
                    users.emplace_back(*user);
                    return users.size() < count_max;
                  });
  if (!scanned) return scanned.error();
  return users;
}

Result<std::unique_ptr<RowReader>> RocksStore::ReadRows(PartitionId partition) {
  auto reader = std::make_unique<RocksRowReader>(impl_->row_readers, partition);
  const auto begin = [&]() -> Result<bool> {
    std::shared_lock lock(impl_->opening);
    if (!impl_->database.db) return NotOpen(impl_->options.path);
    return reader->Begin(impl_->database.db.get());
  };
  const Result<bool> begun = begin();
  if (!begun) return begun.error();
  if (!*begun) reader.reset();
  return std::unique_ptr<RowReader>(std::move(reader));
}

Result<void> RocksStore::EraseRows(PartitionId partition) {
  CheckpointBatch nothing(partition);
  nothing.EraseAllFirst();
  rocksdb::WriteBatch rocks;
  int64_t no_timer = 0;
  const bool erases = impl_->Prepare(nothing, &rocks, &no_timer);
  std::shared_lock lock(impl_->opening);
  if (!impl_->database.db) return NotOpen(impl_->options.path);
  const rocksdb::Status status = impl_->database.db->Write(rocksdb::WriteOptions(), &rocks);
  if (!status.ok()) return impl_->Failed(status);
  if (erases) impl_->erased.Note(partition);
  return {};
}

bool RocksStore::IsErasing(PartitionId partition) const { return impl_->erased.Has(partition); }

void RocksStore::Write(std::shared_ptr<const CheckpointBatch> batch, Executor* executor,
                       std::function<void(Result<void>)> done) {
  const size_t bytes = batch->bytes();
  CHECK(bytes <= kBatchBytesMax);
  {
    std::lock_guard lock(impl_->mutex);
    const bool room =
        impl_->queue.empty() || (impl_->queue.size() < impl_->options.queue_batches_max &&
                                 impl_->queue_bytes + bytes <= impl_->options.queue_bytes_max);
    // Refused in its order too, so that those before it are written and reported first.
    impl_->queue_bytes += room ? bytes : 0;
    impl_->outstanding->Add(batch->partition());
    impl_->queue.push_back({std::move(batch), executor, std::move(done), !room});
  }
  impl_->changed.notify_all();
}

std::optional<Error> RocksStore::damage() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->damage;
}

RocksStore::Figures RocksStore::figures() const {
  std::lock_guard lock(impl_->mutex);
  Figures figures = impl_->figures;
  figures.queued = impl_->queue.size();
  return figures;
}

}  // namespace lyceum::store
