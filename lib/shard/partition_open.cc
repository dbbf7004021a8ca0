// How a partition comes to read its log, a step for each answer:
//
//   STREAM.INFO        what the log has
//   lineage.<pp>.<n>   has it begun anew since we last knew?
//   MSG.GET            is all there that we have folded and sent for, and are these the same records?
//                      Lost records: the next lineage, or a halt
//   skip.<pp>.<seq>    records that killed their process twice: nobody folds them
//   barrier            written where the log is under an older fold version
//   then the reader, from the position on
//
// Anything that does not answer: all of it again, later. What belongs to an earlier try is ignored.
#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/log.h"
#include "shard/partition.h"
#include "wire/kv.h"

namespace lyceum::shard {
namespace {

constexpr int64_t kAgainFirstMs = 50;
constexpr int64_t kAgainMsMax = 2'000;
constexpr uint32_t kDeathsMax = 2;
constexpr size_t kLineagesMax = 10'000;

}  // namespace

// Calls `next(partition, what came)`, unless the partition was closed or opened anew meanwhile.
// What failed is tried again.
template <class T, class Next>
std::function<void(Result<T>)> Partition::Then(Next next) {
  return [self = std::weak_ptr(self_), opening = opening_, next](const Result<T>& result) {
    const auto here = self.lock();
    if (here == nullptr) return;
    Partition& partition = **here;
    if (partition.opening_ != opening || partition.phase_ != Phase::kOpening) return;
    if (!result) return partition.TryAgain(result.error());
    next(partition, *result);
  };
}

Result<void> Partition::Load() {
  Result<std::optional<store::Checkpoint>> checkpoint = context_->store->GetCheckpoint(id_);
  if (!checkpoint) return checkpoint.error();
  position_ = checkpoint->value_or(store::Checkpoint{.fold_version = kFirstFoldVersion});
  if (position_.fold_version > context_->options.fold_version) {
    return Reject(fmt::format(
        "partition {} was folded by version {} of the state machine, this program has {}: run the "
        "newer one",
        id_, position_.fold_version, context_->options.fold_version));
  }
  lineages_ = {{position_.lineage, position_.lineage_begins}};
  // The server's clock was there already: a quiet log does not tell it before the next record comes.
  if (position_.sequence > 0) context_->server_time->OnRecord(position_.record_time_ms, false);
  const store::FlightPage::Line line = context_->flight->Get(id_);
  // One of another lineage than the checkpoint's says nothing of it.
  send_known_ = line.known && line.lineage >= position_.lineage && line.sent > 0;
  sent_ = position_.sequence;  // What the flight page knows comes to it with its lineage: CheckLog.
  confirmed_ = position_.sequence;
  if (position_.clean) send_known_ = true;
  has_position_ = send_known_ || position_.sequence > 0;
  if (Result<void> recovered = dead_letters_.Recover(); !recovered) return recovered;
  checkpointer_.Begin(position_);
  return {};
}

void Partition::Open() {
  ++opening_;
  waited_.reset();
  waits_for_checkpoint_ = false;
  phase_ = Phase::kOpening;
  open_again_ms_ = INT64_MAX;
  reader_.reset();
  caught_up_ = false;
  const auto told = Then<std::optional<wire::LogInfo>>(
      [](Partition& partition, const auto& info) { partition.OnLogInfo(info); });
  wire::GetLogInfo(*context_->wire, stream_, told);
}

void Partition::TryAgain(const Error& error) {
  AbortRebuild(error);
  phase_ = Phase::kClosed;
  reader_.reset();
  const int64_t wait_ms = std::min(kAgainFirstMs << std::min(failures_, 7u), kAgainMsMax);
  if (++failures_ > 1 && !waiting_logged_) {
    waiting_logged_ = true;
    LogWarn("partition waits", {{"partition", id_}, {"text", error.text}});
  }
  open_again_ms_ = context_->clock->SteadyMs() + wait_ms;
}

void Partition::Halt(const std::string& why) {
  AbortRebuild(Retry("the partition halted: " + why));
  resuming_ = false;
  phase_ = Phase::kHalted;
  halted_ = why;
  reader_.reset();
  context_->dispatcher->DropPartition(id_);
  LogError("partition halted: it is not served until an operator has looked at it",
           {{"partition", id_}, {"position", position_.sequence}, {"text", why}});
}

void Partition::OnLogInfo(const std::optional<wire::LogInfo>& info) {
  if (!info) {
    const uint64_t known = std::max(position_.sequence, sent_);
    if (known > 0) {
      return Halt(fmt::format("stream {} is gone, but record {} of it was folded", stream_, known));
    }
    return TryAgain(Retry(fmt::format("there is no stream {}: run `lyceum init`", stream_)));
  }
  log_ = *info;
  if (log_.last_sequence < log_end_) OnUnfoldedLost();
  log_end_ = log_.last_sequence;
  claimed_ = false;
  ReadLineages();
}

void Partition::CheckLog() {
  const store::FlightPage::Line line = context_->flight->Get(id_);
  if (line.known && line.lineage == lineages_.back().number) {
    sent_ = std::max(sent_, line.sent);
    confirmed_ = std::max(confirmed_, line.confirmed);
  }
  const uint64_t known = std::max(position_.sequence, sent_);
  if (position_.sequence == 0 && log_.first_sequence > 1) {
    return Halt(
        fmt::format("stream {} begins at {}: its first records were trimmed, and nothing "
                    "here covers them",
                    stream_, log_.first_sequence));
  }
  if (position_.stream_created_ns != 0 && log_.created_ns != position_.stream_created_ns) {
    return OnLogLoss(fmt::format("stream {} was created anew since record {} was folded", stream_,
                                 position_.sequence));
  }
  if (log_.last_sequence < known) {
    return OnLogLoss(fmt::format("stream {} ends at {}, but record {} was folded: it lost its tail",
                                 stream_, log_.last_sequence, known));
  }
  if (position_.sequence > 0 && log_.first_sequence > position_.sequence + 1) {
    return OnLogLoss(fmt::format(
        "stream {} begins at {}, but only {} records were folded: {} were trimmed unread", stream_,
        log_.first_sequence, position_.sequence, log_.first_sequence - position_.sequence - 1));
  }
  if (sent_ > position_.sequence && sent_ == line.sent && line.sent_fingerprint != 0) {
    return CheckRecord(sent_, line.sent_fingerprint, &Partition::CheckPosition);
  }
  CheckPosition();
}

void Partition::CheckPosition() {
  if (position_.sequence == 0) return ReadBurials();
  if (position_.fingerprint == 0) return LearnPosition();
  CheckRecord(position_.sequence, position_.fingerprint, &Partition::ReadBurials);
}

// The last record before a lineage that has none yet: should it be lost as well, and the log filled
// again before anything is folded, it is known by this.
void Partition::LearnPosition() {
  const auto learn =
      Then<std::optional<wire::OwnedRecord>>([](Partition& partition, const auto& record) {
        if (record) {
          partition.position_.fingerprint =
              Fingerprint(record->subject, record->data, record->time_ms);
          partition.checkpointer_.Request();
        }
        partition.ReadBurials();
      });
  wire::GetLogRecord(*context_->wire, stream_, position_.sequence, learn);
}

void Partition::CheckRecord(uint64_t sequence, uint64_t fingerprint, void (Partition::*next)()) {
  const auto check = Then<std::optional<wire::OwnedRecord>>(
      [sequence, fingerprint, next](Partition& partition, const auto& record) {
        if (record) {
          const wire::OwnedRecord& found = *record;
          if (Fingerprint(found.subject, found.data, found.time_ms) != fingerprint) {
            return partition.OnLogLoss(fmt::format(
                "record {} of stream {} is not the one that was folded: the log lost its "
                "tail and was filled again",
                sequence, partition.stream_));
          }
        } else {
          LogWarn("a record that was folded is no more in the log",
                  {{"partition", partition.id_}, {"sequence", sequence}});
        }
        (partition.*next)();
      });
  wire::GetLogRecord(*context_->wire, stream_, sequence, check);
}

// --- Lineages ------------------------------------------------------------------------------------

void Partition::OnLogLoss(const std::string& what) {
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
      wire::LogReader::Filter{.subject = {}, .opened = opened},
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

// --- Burials ---------------------------------------------------------------------------------------

// Of each lineage that is still read: a sequence is buried in its own lineage alone.
void Partition::ReadBurials() {
  const std::string bucket = context_->options.subjects.ClusterBucket();
  const auto prefix_of = [id = id_](uint32_t lineage) {
    return fmt::format("skip.{}.", PartitionToken(id, lineage));
  };
  const store::FlightPage::Line line = context_->flight->Get(id_);
  if (line.deaths >= kDeathsMax && line.suspect > position_.sequence &&
      !buried_.contains(line.suspect)) {
    const uint64_t sequence = line.suspect;
    const auto buried = Then<bool>([sequence](Partition& partition, bool created) {
      if (created) {
        LogError("record buried: the process died over it twice",
                 {{"partition", partition.id_}, {"sequence", sequence}});
      }
      partition.buried_.insert(sequence);
      partition.ReadBurials();
    });
    return wire::KvCreate(*context_->wire, bucket,
                          LogHistory::BurialKey(id_, LineageOf(sequence), sequence),
                          context_->options.worker, buried);
  }
  const auto keys =
      Then<std::vector<std::string>>([prefix_of](Partition& partition, const auto& found) {
        // Of every lineage that is still read: a number means another record in each.
        for (const Lineage& lineage : partition.lineages_) {
          const std::string prefix = prefix_of(lineage.number);
          for (const std::string& key : found) {
            if (!key.starts_with(prefix)) continue;
            const auto sequence = ReadNumber(std::string_view(key).substr(prefix.size()));
            if (sequence && partition.LineageOf(*sequence) == lineage.number) {
              partition.buried_.insert(*sequence);
            }
          }
        }
        partition.FindRecent();
      });
  wire::KvKeys(*context_->wire, bucket, "skip.>", keys);
}

// --- What is too old to be sent ------------------------------------------------------------------

// Where nothing tells how far was sent, what is older than some time is taken for sent and
// confirmed; the flight page keeps that, should the process die before it has caught up.
void Partition::FindRecent() {
  if (has_position_ || log_.last_sequence == 0) return BeginReading();
  // A reader of the last record: when that was stored, and what the time is, both by the server.
  last_time_ms_ = server_ms_ = -1;
  delivered_ms_ = context_->clock->SteadyMs();
  const auto opened = [this](uint64_t pending) {
    if (pending == 0) TakeForSent(log_.last_sequence);
  };
  reader_ = std::make_unique<wire::LogReader>(
      context_->wire, context_->clock, stream_, log_.last_sequence,
      wire::LogReader::Filter{.subject = {}, .opened = opened},
      [this](const wire::LogRecord& record) {
        if (last_time_ms_ >= 0) return;
        last_time_ms_ = record.time_ms;
        if (server_ms_ >= 0) ReadRecent();
      },
      [this](const Error& error) { TryAgain(error); });
  reader_->OnMade([this](int64_t server_ms) {
    server_ms_ = server_ms > 0 ? server_ms : context_->server_time->NowMs();
    if (last_time_ms_ >= 0) ReadRecent();
  });
}

void Partition::ReadRecent() {
  const int64_t since_ms = server_ms_ - context_->options.resend_age_ms;
  if (last_time_ms_ < since_ms) return TakeForSent(log_.last_sequence);
  const auto first = [this](const wire::LogRecord& found) { TakeForSent(found.sequence - 1); };
  delivered_ms_ = context_->clock->SteadyMs();
  reader_ = std::make_unique<wire::LogReader>(context_->wire, context_->clock, stream_,
                                              wire::LogReader::FromTime{since_ms}, first,
                                              [this](const Error& error) { TryAgain(error); });
}

void Partition::TakeForSent(uint64_t sequence) {
  reader_.reset();
  has_position_ = true;
  if (sequence > 0) {
    quiet_to_ = confirmed_ = sequence;
    sent_ = std::max(sent_, sequence);
    context_->flight->NoteSent(id_, sequence, 0, 0);
    context_->flight->NoteConfirmed(id_, sequence);
  }
  BeginReading();
}

// --- Reading ---------------------------------------------------------------------------------------

void Partition::BeginReading() {
  if (!checkpointer_.kept()) {
    waits_for_checkpoint_ = true;
    return;
  }
  if (position_.fold_version < context_->options.fold_version && !barrier_sent_) {
    wire::StoredMessageOut barrier;
    barrier.subject = context_->options.subjects.Barrier(id_, context_->options.worker);
    barrier.message_id = fmt::format("barrier-{}-{}-{}", PartitionToken(id_, position_.lineage),
                                     context_->options.fold_version, position_.sequence);
    barrier.data =
        envelope::EncodeBarrier({EventId(barrier.message_id), context_->options.fold_version});
    barrier_sent_ = context_->publisher->Send(
        std::move(barrier), INT64_MAX, [id = id_](const Result<uint64_t>& stored) {
          if (stored) return;
          LogError("barrier refused", {{"partition", id}, {"text", stored.error().text}});
        });
  }
  phase_ = Phase::kReading;
  resuming_ = false;
  failures_ = 0;
  waiting_logged_ = false;
  LogInfo("partition opened", {{"partition", id_},
                               {"position", position_.sequence},
                               {"log_end", log_end_},
                               {"confirmed", confirmed_},
                               {"lineage", position_.lineage}});
  reader_made_ = false;
  StartReader();
}

void Partition::StartReader() {
  delivered_ms_ = context_->clock->SteadyMs();
  reader_ = std::make_unique<wire::LogReader>(
      context_->wire, context_->clock, stream_, position_.sequence + 1,
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

void Partition::OnConnected() {
  if (phase_ == Phase::kHalted || stopping_) return;
  failures_ = 0;
  Open();
}

void Partition::OnDisconnected() {
  AbortRebuild(Retry("the connection to NATS broke"));
  ++opening_;
  reader_.reset();
  caught_up_ = false;
  open_again_ms_ = INT64_MAX;
  if (phase_ != Phase::kHalted) phase_ = Phase::kClosed;
}

void Partition::Resume() {
  if (phase_ != Phase::kHalted) return;
  halted_.clear();
  resuming_ = true;
  LookAgain();
  phase_ = Phase::kClosed;
  failures_ = 0;
  if (context_->wire->connected() && !stopping_) Open();
}

}  // namespace lyceum::shard
