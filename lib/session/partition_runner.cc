#include "session/partition_runner.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.h"
#include "base/log.h"

namespace lyceum::session {
namespace {

using std::chrono::milliseconds;

// How long a quiet partition waits for a record before it erases rows that are done and looks for a
// stop.
constexpr milliseconds kQuiet{50};
constexpr milliseconds kHandOver{200};
constexpr int64_t kBackoffMsMax = 2'000;

Record ToRecord(const wire::StoredMessage& message) {
  return {.subject = message.subject,
          .content_type = message.header("Content-Type"),
          .data = message.data,
          .sequence = message.sequence,
          .time_ms = message.time_ms};
}

}  // namespace

PartitionRunner::PartitionRunner(std::shared_ptr<wire::Connection> connection, store::Store* store,
                                 outbox::Outbox* outbox, PartitionOptions options)
    : connection_(std::move(connection)),
      store_(store),
      outbox_(outbox),
      options_(std::move(options)),
      fold_(options_.subjects, options_.partition),
      cache_(store, options_.partition, options_.sessions_max) {
  thread_ = std::thread([this] { Run(); });
}

PartitionRunner::~PartitionRunner() {
  RequestStop();
  thread_.join();
}

void PartitionRunner::Run() {
  while (!stop_) {
    Result<void> turn = log_ == nullptr ? Open() : Turn();
    if (turn) {
      failures_ = 0;
    } else if (!Recover(turn.error())) {
      return;
    }
  }
}

Result<void> PartitionRunner::Open() {
  Result<std::optional<store::Applied>> applied = store_->GetApplied(options_.partition);
  if (!applied) return applied.error();
  applied_ = applied->value_or(store::Applied{});
  if (Result<void> adopted = outbox_->Adopt(options_.partition); !adopted) return adopted;
  log_ = std::make_unique<partition::PartitionLog>(
      connection_, options_.subjects.LogStream(options_.partition),
      partition::Position{applied_.sequence, applied_.stream_created_ns});
  counters_.applied = applied_.sequence;
  LogInfo("partition opened", {{"partition", options_.partition}, {"applied", applied_.sequence}});
  return {};
}

Result<void> PartitionRunner::Turn() {
  auto records = log_->Next(options_.batch_records_max, options_.batch_bytes_max, In(kQuiet));
  if (!records) return records.error();
  for (outbox::Done& row : outbox_->TakeDone(options_.partition)) done_.push_back(std::move(row));
  if (records->empty() && done_.empty()) return {};

  std::vector<Record> views;
  views.reserve(records->size());
  for (const wire::StoredMessage& message : *records) views.push_back(ToRecord(message));
  auto folded = FoldRecords(fold_, views, &options_.subjects, options_.partition, store_, &cache_);
  if (!folded) return folded.error();
  Batch& batch = folded->batch;
  batch.Erase(done_);
  store::Applied next = applied_;
  if (!records->empty()) next = {records->back().sequence, log_->stream_created_ns()};
  batch.Finish(next);
  if (Result<void> applied = store_->Apply(batch.TakeCommit()); !applied) return applied;

  applied_ = next;
  done_.clear();
  cache_.Committed();
  counters_.applied = applied_.sequence;
  counters_.records += records->size();
  counters_.batches += 1;
  NoteRefused(folded->refused);
  HandOver(batch.outgoing());
  return {};
}

void PartitionRunner::NoteRefused(const std::vector<RefusedRecord>& records) {
  for (const auto& [sequence, refused] : records) {
    counters_.refused += 1;
    LogWarn("record refused", {{"partition", options_.partition},
                               {"sequence", sequence},
                               {"reason", Name(refused.reason)},
                               {"text", refused.text}});
  }
}

void PartitionRunner::HandOver(const outbox::Outgoing& outgoing) {
  if (outgoing.empty()) return;
  // At a stop the rows are there for whoever opens the partition next.
  while (!stop_ && !outbox_->Committed(options_.partition, outgoing, In(kHandOver))) {
  }
}

bool PartitionRunner::Recover(const Error& error) {
  cache_.Clear();
  if (error.fault == Fault::kFatal || error.fault == Fault::kReject) {
    counters_.halted = true;
    LogError(
        "partition halted: it is not served until an operator has looked at it",
        {{"partition", options_.partition}, {"applied", applied_.sequence}, {"text", error.text}});
    return false;
  }
  counters_.retries += 1;
  if (failures_ == 0) {
    LogWarn("partition waits", {{"partition", options_.partition}, {"text", error.text}});
  }
  failures_ += 1;
  if (log_ != nullptr) log_->Rewind({applied_.sequence, applied_.stream_created_ns});
  const int64_t wait_ms = std::min<int64_t>(20 << std::min(failures_, 7u), kBackoffMsMax);
  const Deadline until = In(milliseconds(wait_ms));
  while (!stop_ && Steady::now() < until) std::this_thread::sleep_for(milliseconds(10));
  return true;
}

}  // namespace lyceum::session
