// The reader of a partition's log: when there is one, at which pace, and what tells that it stands still.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/log.h"
#include "shard/log_history.h"
#include "shard/partition.h"

namespace lyceum::shard {
namespace {

constexpr int64_t kAskMs = 1'000;  // A quiet log is asked so often how far it is.
// It has more, and nothing of it came for so long: another reader, and twice as long for each one after it.
constexpr int64_t kBehindMs = 700;
constexpr uint32_t kStallsMax = 4;
constexpr uint32_t kReadersTried = 2;  // Then the record itself is asked for.
constexpr int64_t kSilentMs = 5'000;   // Likewise while the partition is being opened.

}  // namespace

// All that a log has comes by the shard's one connection, and whatever learners and workers send waits
// behind it: so few standbys at once are behind by much, and are there the sooner. Where learners are served
// too, there is one, and its pace leaves room for them.
bool Partition::MayStartReader() {
  const size_t at_once = context_->owned > 0 ? 1 : 2;
  waits_its_turn_ = is_far_behind() && context_->catching_up >= at_once;
  if (!waits_its_turn_ && role_ == Role::kStandby && !caught_up_) ++context_->catching_up;
  return !waits_its_turn_;
}

void Partition::StartReader() {
  constexpr uint64_t kPaceBytesPerS = 4 << 20;
  delivered_ms_ = context_->clock->SteadyMs();
  behind_since_ms_ = 0;
  paced_ = is_far_behind() && context_->owned > 0;
  reader_ = std::make_unique<wire::LogReader>(
      context_->wire, context_->clock, stream_, position_.sequence + 1,
      wire::LogReader::Options{
          .subject = {}, .opened = {}, .bytes_per_s = paced_ ? kPaceBytesPerS : 0},
      [this](const wire::LogRecord& record) { OnRecord(record); },
      [this](const Error& error) { OnReaderBroken(error); });
  reader_->OnMade([this](int64_t server_ms) { OnReaderMade(server_ms); });
}

// No timer is looked at before the server's time is known: where ours is wrong, all that is due by
// it would be published, or nothing would before the next record.
void Partition::OnReaderMade(int64_t server_ms) {
  if (server_ms > 0) context_->server_time->OnRecord(server_ms, true);
  reader_made_ = true;
  if (!caught_up_ && position_.sequence >= log_end_) OnCaughtUp();
}

void Partition::OnReaderBroken(const Error& error) {
  ++context_->counters->reader_breaks;
  reader_.reset();
  if (phase_ == Phase::kReading) TryAgain(error);
}

void Partition::WatchReader(int64_t now) {
  if (reader_ == nullptr) return;
  if (phase_ == Phase::kOpening && now - delivered_ms_ >= kSilentMs) {
    if (++silences_ <= kReadersTried) {
      return TryAgain(Retry("no record comes of those that the log has"));
    }
    silences_ = 0;
    return Halt(
        fmt::format("no record comes of those that stream {} has: the NATS server cannot read "
                    "them: look at its "
                    "disk and restore it, then `lyceum partition resume {}`",
                    stream_, id_));
  }
  reader_->Tick();
  if (reader_ == nullptr || phase_ != Phase::kReading || now - delivered_ms_ < kAskMs) return;
  if (behind_since_ms_ != 0 && now - behind_since_ms_ >= kBehindMs
                                                             << std::min(stalls_, kStallsMax)) {
    ++stalls_;
    LogError("the log goes on and nothing of it comes: another reader",
             {{"partition", id_}, {"position", position_.sequence}, {"log_end", log_end_}});
    if (stalls_ > kReadersTried) return AskForNext();
    return OnReaderBroken(Retry("nothing comes"));
  }
  if (now - asked_ms_ < kAskMs) return;
  asked_ms_ = now;
  wire::GetLogInfo(*context_->wire, stream_,
                   [self = std::weak_ptr(self_),
                    opening = opening_](const Result<std::optional<wire::LogInfo>>& info) {
                     const auto here = self.lock();
                     if (here == nullptr || (*here)->opening_ != opening) return;
                     if (!info || !info->has_value()) return;
                     (*here)->OnLogEnd((**info).last_sequence);
                   });
}

// What the log has may be on its way.
void Partition::OnLogEnd(uint64_t last) {
  log_end_ = std::max(log_end_, last);
  if (!reader_made_ || position_.sequence >= log_end_ || behind_since_ms_ != 0) return;
  behind_since_ms_ = context_->clock->SteadyMs();
}

// --- A record that the server has and cannot read ----------------------------------------------------

// Its disk is damaged there, and no reader gets past it.
void Partition::AskForNext() {
  behind_since_ms_ = context_->clock->SteadyMs();
  const auto told = [self = std::weak_ptr(self_), opening = opening_,
                     next = position_.sequence +
                            1](const Result<std::optional<wire::OwnedRecord>>& found) {
    const auto here = self.lock();
    if (here == nullptr || (*here)->opening_ != opening) return;
    Partition& partition = **here;
    if (partition.phase_ != Phase::kReading || partition.position_.sequence + 1 != next) return;
    if (found && !found->has_value()) return partition.OnUnreadable(next);
    partition.OnReaderBroken(Retry("nothing comes"));
  };
  wire::GetLogRecord(*context_->wire, stream_, position_.sequence + 1, told);
}

// Who goes on without it buries it, so that all others do.
void Partition::OnUnreadable(uint64_t sequence) {
  if (buried_.contains(sequence)) return PassOver(sequence);
  const std::string what =
      fmt::format("record {} of stream {} is there and cannot be read", sequence, stream_);
  if (role_ != Role::kOwner) return TryAgain(Retry(what));  // The owner decides.
  // One after the other: nothing that comes can be read either.
  const bool goes_on =
      context_->options.on_log_loss == OnLogLoss::kContinue && passed_ + 1 != sequence;
  if (!goes_on && may_pass_ != sequence) {
    unreadable_ = sequence;
    return Halt(
        what +
        fmt::format(
            ": look at the NATS server's disk and restore it, or go on without this record by "
            "`lyceum partition resume {}`",
            id_));
  }
  const auto buried = [self = std::weak_ptr(self_), opening = opening_,
                       sequence](const Result<bool>& created) {
    const auto here = self.lock();
    if (here == nullptr || (*here)->opening_ != opening) return;
    if (!created) return (*here)->OnReaderBroken(created.error());
    (*here)->buried_.insert(sequence);
    (*here)->PassOver(sequence);
  };
  wire::KvCreate(*context_->wire, context_->options.subjects.ClusterBucket(),
                 LogHistory::BurialKey(id_, LineageOf(sequence), sequence),
                 context_->options.worker, buried);
}

void Partition::PassOver(uint64_t sequence) {
  if (phase_ != Phase::kReading || position_.sequence + 1 != sequence) return;
  LogError("a record that the NATS server cannot read is passed over",
           {{"partition", id_}, {"sequence", sequence}});
  ++context_->counters->missing_records;
  passed_ = position_.sequence = sequence;
  position_.fingerprint = 0;
  digests_.Break();
  context_->flight->NoteFolded(id_, sequence, 0);
  folded_in_turn_ = true;
  StartReader();
  if (!caught_up_ && sequence >= log_end_) OnCaughtUp();
}

}  // namespace lyceum::shard
