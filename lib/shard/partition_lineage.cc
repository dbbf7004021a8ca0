// The log has lost what it had acknowledged: where the next lineage begins, and that it does.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "shard/partition.h"
#include "shard/partition_then.h"
#include "wire/kv.h"

namespace lyceum::shard {
namespace {

constexpr size_t kLineagesMax = 10'000;

}  // namespace

void Partition::OnLogLoss(const std::string& what) {
  // The owner decides; where it goes on as another lineage, that is found.
  if (role_ != Role::kOwner) return TryAgain(Retry(what));
  if (context_->options.on_log_loss == OnLogLoss::kHalt && !resuming_) {
    return Halt(what + fmt::format(": restore it, or go on without what is lost by `lyceum "
                                   "partition resume {}`",
                                   id_));
  }
  // A second time at once: another lineage would not mend it.
  if (std::exchange(claimed_, true)) return Halt(what);
  LogError("the log lost records that it had acknowledged: it goes on as the next lineage",
           {{"partition", id_}, {"text", what}});
  NextLineage();
}

// The new lineage begins with the first record that is not of what we knew. Too early is repeats,
// which are known by their ids; too late would be records that nobody folds. What was folded is
// known by its fingerprints, of so many records; beyond them by the time at which they were stored.
void Partition::NextLineage() {
  same_to_ = 0;
  if (log_.last_sequence == 0) return ClaimLineage(1);
  const uint64_t known = std::max(position_.sequence, sent_);
  if (log_.first_sequence > known) return ClaimLineage(log_.first_sequence);
  constexpr uint64_t kNoted = store::FlightPage::kFoldedMax;
  const uint64_t first = std::max(log_.first_sequence, known > kNoted ? known - kNoted + 1 : 1);
  const uint64_t last = std::min(log_.last_sequence, known);
  if (first > last) return LineageByTime(UINT64_MAX);
  delivered_ms_ = context_->clock->SteadyMs();
  const auto opened = [this](uint64_t pending) {
    if (pending > 0) return;
    reader_.reset();
    LineageByTime(UINT64_MAX);
  };
  reader_ = std::make_unique<wire::LogReader>(
      context_->wire, context_->clock, stream_, first,
      wire::LogReader::Options{.subject = {}, .opened = opened},
      [this, last](const wire::LogRecord& record) { OnCompared(record, last); },
      [this](const Error& error) { TryAgain(error); });
}

void Partition::OnCompared(const wire::LogRecord& record, uint64_t last) {
  using Folded = store::FlightPage::Folded;
  delivered_ms_ = context_->clock->SteadyMs();
  Folded folded = Folded::kUnknown;
  if (record.sequence <= last) {
    const uint64_t fingerprint = Fingerprint(record.subject, record.data, record.time_ms);
    folded = context_->flight->WasFolded(id_, record.sequence, fingerprint);
    if (folded == Folded::kSame) {
      same_to_ = record.sequence;
      same_fingerprint_ = fingerprint;
    }
  }
  if (folded != Folded::kOther && record.sequence < last && record.pending > 0) return;
  const uint64_t begins_max = folded == Folded::kOther ? record.sequence : UINT64_MAX;
  reader_.reset();
  if (same_to_ > 0) return ClaimLineage(same_to_ + 1);
  LineageByTime(begins_max);
}

void Partition::LineageByTime(uint64_t begins_max) {
  // Of a stream that was created anew nothing was folded.
  if (position_.stream_created_ns != 0 && log_.created_ns != position_.stream_created_ns) {
    return ClaimLineage(log_.first_sequence);
  }
  const int64_t known_ms =
      std::max(position_.record_time_ms, context_->flight->Get(id_).sent_time_ms);
  const auto last = Then<std::optional<wire::OwnedRecord>>(
      [known_ms, begins_max](Partition& partition, const auto& record) {
        if (!record || record->time_ms <= known_ms) {
          return partition.ClaimLineage(std::min(begins_max, partition.log_.last_sequence + 1));
        }
        const auto first = [&partition, begins_max](const wire::LogRecord& found) {
          const uint64_t sequence = found.sequence;
          partition.reader_.reset();
          partition.ClaimLineage(std::min(begins_max, sequence));
        };
        partition.delivered_ms_ = partition.context_->clock->SteadyMs();
        partition.reader_ = std::make_unique<wire::LogReader>(
            partition.context_->wire, partition.context_->clock, partition.stream_,
            wire::LogReader::FromTime{known_ms + 1}, first,
            [&partition](const Error& error) { partition.TryAgain(error); });
      });
  wire::GetLogRecord(*context_->wire, stream_, log_.last_sequence, last);
}

void Partition::ClaimLineage(uint64_t begins) {
  const uint32_t number = lineages_.back().number + 1;
  const auto claimed = Then<bool>([number, begins](Partition& partition, bool created) {
    if (created) partition.EnterLineage(number, begins);
    partition.ReadLineages();  // Also where somebody else was faster: theirs holds.
  });
  wire::KvCreate(*context_->wire, context_->options.subjects.ClusterBucket(),
                 LogHistory::LineageKey(id_, number), fmt::format("{}", begins), claimed);
}

void Partition::EnterLineage(uint32_t number, uint64_t begins) {
  LogWarn("lineage", {{"partition", id_}, {"lineage", number}, {"begins", begins}});
  resuming_ = false;
  lineages_.push_back({number, begins});
  position_.stream_created_ns = log_.created_ns;
  sent_ = std::min(sent_, begins - 1);
  confirmed_ = std::min(confirmed_, begins - 1);
  announced_ = std::min(announced_, begins - 1);
  if (begins <= position_.sequence + 1 || log_.first_sequence > position_.sequence + 1) {
    // What was folded beyond it stays in the sessions, under ids that are never used again.
    position_.sequence = begins - 1;
    position_.fingerprint = begins == same_to_ + 1 ? same_fingerprint_ : 0;
    position_.lineage = number;
    position_.lineage_begins = begins;
    if (begins <= position_.fold_version_begins) {  // The log does not say it any more.
      position_.fold_version = position_.fold_version_before;
      position_.fold_version_begins = 0;
      barrier_sent_ = false;
    }
    checkpointer_.OnLineage(position_);
  }
  // What was sent before is confirmed as it was, for the records that are left.
  marks_.clear();
  if (const uint64_t last = context_->outgoing->last(); last > context_->outgoing->confirmed()) {
    marks_.push_back({last, position_.sequence});
    marked_ = last;
  }
  LookAgain();  // What was published may be among what is lost.
  buried_.erase(buried_.lower_bound(begins), buried_.end());
  const store::FlightPage::Line line = context_->flight->Get(id_);
  if (line.known && line.lineage >= number) return;  // It knows this lineage from before a restart.
  context_->flight->Reset(id_, log_.created_ns, number, sent_, 0, 0);
  if (confirmed_ > 0) context_->flight->NoteConfirmed(id_, confirmed_);
}

void Partition::ReadLineages() {
  if (lineages_.size() > kLineagesMax) return Halt("too many lineages");
  const uint32_t number = lineages_.back().number + 1;
  const auto read =
      Then<std::optional<std::string>>([number](Partition& partition, const auto& value) {
        if (!value) return partition.CheckLog();
        const std::optional<uint64_t> begins = ReadNumber(*value);
        if (!begins || *begins == 0) return partition.Halt("a lineage's key holds no sequence");
        partition.EnterLineage(number, *begins);
        partition.ReadLineages();
      });
  wire::KvGet(*context_->wire, context_->options.subjects.ClusterBucket(),
              LogHistory::LineageKey(id_, number), read);
}

uint32_t Partition::LineageOf(uint64_t sequence) const {
  for (size_t i = lineages_.size(); i-- > 1;) {
    if (lineages_[i].begins <= sequence) return lineages_[i].number;
  }
  return lineages_.front().number;
}

tutor::LogPosition Partition::PositionOf(const Record& record) const {
  tutor::LogPosition position;
  position.partition = id_;
  position.sequence = record.sequence;
  position.time_ms = record.time_ms;
  position.lineage = position_.lineage;
  position.fold_version = position_.fold_version;
  return position;
}

}  // namespace lyceum::shard
