#include "store/memory_store.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "store/checkpoint_keys.h"
#include "store/outstanding.h"

namespace lyceum::store {
namespace {

namespace keys = checkpoint_keys;

Error Unreadable() {
  return Fatal("the store is damaged (a row cannot be read): rebuild it from the log");
}

}  // namespace

MemoryStore::MemoryStore() : outstanding_(std::make_shared<Outstanding>()) {}
MemoryStore::~MemoryStore() = default;

Result<std::optional<std::string>> MemoryStore::Get(std::string_view key) const {
  if (corrupted_.contains(key)) return Unreadable();
  const auto row = rows_.find(key);
  if (row == rows_.end()) return std::optional<std::string>();
  return std::optional<std::string>(row->second);
}

// Rows of [begin, end) in order, until `row(key, value)` says false.
template <class Row>
Result<void> MemoryStore::Scan(std::string_view begin, std::string_view end, Row row) const {
  for (auto it = rows_.lower_bound(begin); it != rows_.end() && it->first < end; ++it) {
    if (corrupted_.contains(it->first)) return Unreadable();
    if (!row(it->first, it->second)) break;
  }
  return {};
}

Result<std::optional<Checkpoint>> MemoryStore::GetCheckpoint(PartitionId partition) {
  auto bytes = Get(keys::CheckpointKey(partition));
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<Checkpoint>();
  auto checkpoint = keys::DecodeCheckpoint(**bytes);
  if (!checkpoint) return Unreadable();
  return checkpoint;
}

Result<std::optional<std::string>> MemoryStore::GetSession(PartitionId partition,
                                                           std::string_view user) {
  return Get(keys::SessionKey(partition, user));
}

Result<std::optional<std::string>> MemoryStore::GetTopic(PartitionId partition,
                                                         std::string_view digest) {
  return Get(keys::TopicKey(partition, digest));
}

Result<std::vector<TimerRow>> MemoryStore::GetTimers(PartitionId partition, int64_t due_before_ms,
                                                     const std::optional<TimerRow>& after,
                                                     size_t count_max) {
  std::vector<TimerRow> rows;
  if (count_max == 0 || due_before_ms <= 0) return rows;
  const keys::Key begin = after ? keys::TimerKey(partition, after->due_ms, after->user).Next()
                                : keys::TimersFrom(partition, 0);
  auto scanned = Scan(begin, keys::TimersFrom(partition, due_before_ms),
                      [&](std::string_view key, std::string_view) {
                        rows.push_back(keys::ReadTimer(key).value());
                        return rows.size() < count_max;
                      });
  if (!scanned) return scanned.error();
  return rows;
}

Result<std::vector<JournalRow>> MemoryStore::GetJournal(PartitionId partition,
                                                        std::string_view user,
                                                        uint64_t before_first_sequence,
                                                        size_t bytes_max) {
  std::vector<JournalRow> rows;
  const keys::Key begin = keys::JournalKey(partition, user, 0);
  size_t bytes = 0;
  auto it = rows_.lower_bound(keys::JournalKey(partition, user, before_first_sequence).view());
  while (it != rows_.begin() && std::prev(it)->first >= begin.view()) {
    --it;
    if (corrupted_.contains(it->first)) return Unreadable();
    bytes += it->second.size();
    if (!rows.empty() && bytes >= bytes_max) break;
    rows.push_back({keys::ReadSequence(it->first).value(), it->second});
  }
  return rows;
}

Result<std::vector<DeadLetterRow>> MemoryStore::GetDeadLetters(PartitionId partition,
                                                               size_t count_max) {
  std::vector<DeadLetterRow> rows;
  if (count_max == 0) return rows;
  auto scanned = Scan(keys::Begin(partition, keys::Kind::kDeadLetter),
                      keys::End(partition, keys::Kind::kDeadLetter),
                      [&](std::string_view key, std::string_view value) {
                        rows.push_back({keys::ReadSequence(key).value(), std::string(value)});
                        return rows.size() < count_max;
                      });
  if (!scanned) return scanned.error();
  return rows;
}

Result<std::vector<std::string>> MemoryStore::GetUsers(PartitionId partition,
                                                       std::string_view after, size_t count_max) {
  std::vector<std::string> users;
  if (count_max == 0) return users;
  const keys::Key begin = after.empty() ? keys::Begin(partition, keys::Kind::kSession)
                                        : keys::SessionKey(partition, after).Next();
  auto scanned = Scan(begin, keys::End(partition, keys::Kind::kSession),
                      [&](std::string_view key, std::string_view) {
                        users.emplace_back(keys::ReadUser(key).value());
                        return users.size() < count_max;
                      });
  if (!scanned) return scanned.error();
  return users;
}

namespace {

class MemoryRowReader final : public RowReader {
 public:
  MemoryRowReader(Checkpoint checkpoint, MemoryStore::Content rows) : rows_(std::move(rows)) {
    checkpoint_ = checkpoint;
  }
  Result<bool> Next(size_t bytes_max, const Visit& visit) override {
    for (size_t bytes = 0; !rows_.empty() && bytes < bytes_max; rows_.erase(rows_.begin())) {
      const auto& [key, value] = *rows_.begin();
      bytes += key.size() + value.size();
      visit(keys::WithoutPartition(key), value);
    }
    return !rows_.empty();
  }

 private:
  MemoryStore::Content rows_;
};

}  // namespace

Result<std::unique_ptr<RowReader>> MemoryStore::ReadRows(PartitionId partition) {
  const auto checkpoint = GetCheckpoint(partition);
  if (!checkpoint) return checkpoint.error();
  if (!*checkpoint) return std::unique_ptr<RowReader>();
  Content rows;
  const auto scanned = Scan(keys::CheckpointKey(partition).Next(), keys::PartitionEnd(partition),
                            [&](std::string_view key, std::string_view value) {
                              rows.emplace(key, value);
                              return true;
                            });
  if (!scanned) return scanned.error();
  return std::unique_ptr<RowReader>(
      std::make_unique<MemoryRowReader>(**checkpoint, std::move(rows)));
}

Result<void> MemoryStore::EraseRows(PartitionId partition) {
  CheckpointBatch nothing(partition);
  nothing.EraseAllFirst();
  Apply(nothing);
  return {};
}

void MemoryStore::Write(std::shared_ptr<const CheckpointBatch> batch, Executor* executor,
                        std::function<void(Result<void>)> done) {
  outstanding_->Add(batch->partition());
  pending_.push_back({std::move(batch), executor, std::move(done)});
  if (at_once_) CompleteNext();
}

void MemoryStore::CompleteNext() {
  CHECK(!pending_.empty());
  const PartitionId partition = pending_.front().batch->partition();
  if (full_) return FailNext(Retry("the disk is full: make room"));
  if (outstanding_->HasFailed(partition)) {
    return FailNext(Retry("an earlier checkpoint of this partition was not written"));
  }
  Pending next = std::move(pending_.front());
  pending_.pop_front();
  Apply(*next.batch);
  Report(std::move(next), {});
}

void MemoryStore::FailNext(Error error) {
  CHECK(!pending_.empty());
  Pending next = std::move(pending_.front());
  pending_.pop_front();
  outstanding_->Fail(next.batch->partition());
  Report(std::move(next), std::move(error));
}

void MemoryStore::CompleteAtOnce() {
  at_once_ = true;
  while (!pending_.empty()) CompleteNext();
}

void MemoryStore::Crash() {
  pending_.clear();
  outstanding_ = std::make_shared<Outstanding>();  // The next process knows of no failure.
  for (; lose_on_crash_ > 0 && !undo_.empty(); --lose_on_crash_) {
    Undo& undo = undo_.back();
    for (auto change = undo.rbegin(); change != undo.rend(); ++change) {
      Set(std::move(change->first), std::move(change->second), nullptr);
    }
    undo_.pop_back();
  }
  lose_on_crash_ = 0;
  undo_.clear();  // What the next process reads it may act upon: it is on the disk now.
}

void MemoryStore::CorruptSession(PartitionId partition, std::string_view user) {
  Corrupt(std::string(keys::SessionKey(partition, user).view()));
}

void MemoryStore::CorruptCheckpoint(PartitionId partition) {
  Corrupt(std::string(keys::CheckpointKey(partition).view()));
}

void MemoryStore::SetContent(Content content) {
  CHECK(pending_.empty());
  rows_ = std::move(content);
  undo_.clear();
  corrupted_.clear();
}

void MemoryStore::Apply(const CheckpointBatch& batch) {
  Undo& undo = undo_.emplace_back();
  const auto erase = [&](std::string_view begin, std::string_view end) {
    for (auto it = rows_.lower_bound(begin); it != rows_.end() && it->first < end;) {
      std::string key = it->first;
      ++it;
      Set(std::move(key), std::nullopt, &undo);
    }
  };
  if (batch.erases_all()) {
    erase(keys::PartitionBegin(batch.partition()), keys::PartitionEnd(batch.partition()));
  }
  batch.ForEach([&](std::string_view key, std::optional<std::string_view> value) {
    if (const auto journal = keys::JournalOf(key); journal && !value) {
      erase(journal->first, journal->second);
    }
    Set(std::string(key), value ? std::optional<std::string>(*value) : std::nullopt, &undo);
  });
  if (undo_.size() > kBatchesKeptMax) undo_.pop_front();
}

void MemoryStore::Set(std::string key, std::optional<std::string> value, Undo* undo) {
  corrupted_.erase(key);
  const auto row = rows_.find(key);
  if (undo != nullptr) {
    undo->emplace_back(key,
                       row == rows_.end() ? std::nullopt : std::optional<std::string>(row->second));
  }
  if (value) {
    rows_[std::move(key)] = *std::move(value);
  } else if (row != rows_.end()) {
    rows_.erase(row);
  }
}

void MemoryStore::Report(Pending pending, Result<void> result) {
  pending.executor->Post([done = std::move(pending.done), result = std::move(result),
                          outstanding = outstanding_, partition = pending.batch->partition()] {
    outstanding->Reported(partition);
    done(result);
  });
}

}  // namespace lyceum::store
