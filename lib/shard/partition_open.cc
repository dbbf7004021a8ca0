// How a partition comes to read its log, a step for each answer:
//
//   STREAM.INFO        what the log has
//   erased.<pp>        where it does not begin with its first record: was it trimmed, or are learners forgotten?
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
#include "shard/partition_then.h"
#include "wire/kv.h"

namespace lyceum::shard {
namespace {

constexpr int64_t kAgainFirstMs = 50;
constexpr int64_t kAgainMsMax = 2'000;
constexpr uint32_t kDeathsMax = 2;

}  // namespace

Result<void> Partition::Load() {
  Result<std::optional<store::Checkpoint>> checkpoint = context_->store->GetCheckpoint(id_);
  if (!checkpoint) return checkpoint.error();
  // Some rows of a snapshot, perhaps, that was not whole.
  if (!*checkpoint) {
    if (Result<void> erased = context_->store->EraseRows(id_); !erased) return erased;
  }
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
  forgetting_.reset();
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
  // The owner decides.
  if (role_ != Role::kOwner) return TryAgain(Retry(why));
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
    if (known > 0 && context_->options.on_log_loss == OnLogLoss::kHalt) {
      return Halt(fmt::format("stream {} is gone, but record {} of it was folded", stream_, known));
    }
    return TryAgain(Retry(fmt::format("there is no stream {}: run `lyceum init`", stream_)));
  }
  log_ = *info;
  if (log_.last_sequence < log_end_) OnUnfoldedLost();
  log_end_ = log_.last_sequence;
  claimed_ = false;
  log_.first_sequence <= 1 ? ReadLineages() : ReadErased();
}

// Where only records of learners who are forgotten are missing at its beginning, nothing was trimmed.
void Partition::ReadErased() {
  const auto told = Then<std::optional<std::string>>([](Partition& partition, const auto& erased) {
    const uint64_t begins = erased ? ReadNumber(*erased).value_or(0) : 0;
    if (begins >= partition.log_.first_sequence) partition.log_.first_sequence = 1;
    partition.ReadLineages();
  });
  wire::KvGet(*context_->wire, context_->options.subjects.ClusterBucket(),
              LogHistory::ErasedKey(id_), told);
}

// Of the same log; another one is another lineage, whatever was made of this one. What is here is given up for a
// snapshot only where it is of no use, or the log has all that it was made of.
bool Partition::NeedsSnapshot() const {
  if (!snapshot_tried_.empty()) return false;
  const bool is_other =
      position_.stream_created_ns != 0 && log_.created_ns != position_.stream_created_ns;
  if (is_other) return false;
  if (log_.first_sequence > position_.sequence + 1) return true;
  return log_.first_sequence <= 1 &&
         log_.last_sequence > position_.sequence + context_->options.far_behind;
}

void Partition::CheckLog() {
  wants_snapshot_ = NeedsSnapshot();
  if (wants_snapshot_) return;
  const store::FlightPage::Line line = context_->flight->Get(id_);
  if (line.known && line.lineage == lineages_.back().number) {
    sent_ = std::max(sent_, line.sent);
    confirmed_ = std::max(confirmed_, line.confirmed);
  }
  const uint64_t known = std::max(position_.sequence, sent_);
  if (position_.sequence == 0 && log_.first_sequence > 1) {
    return Halt(
        fmt::format("stream {} begins at {}: its first records were trimmed, and nothing "
                    "here covers them: {}",
                    stream_, log_.first_sequence, snapshot_tried_));
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
  if (has_position_ || log_.last_sequence == 0 || role_ != Role::kOwner) return BeginReading();
  // A reader of the last record: when that was stored, and what the time is, both by the server.
  last_time_ms_ = server_ms_ = -1;
  delivered_ms_ = context_->clock->SteadyMs();
  const auto opened = [this](uint64_t pending) {
    if (pending == 0) TakeForSent(log_.last_sequence);
  };
  reader_ = std::make_unique<wire::LogReader>(
      context_->wire, context_->clock, stream_, log_.last_sequence,
      wire::LogReader::Options{.subject = {}, .opened = opened},
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
  SendBarrier();
  phase_ = Phase::kReading;
  resuming_ = false;
  silences_ = 0;
  failures_ = 0;
  waiting_logged_ = false;
  LogInfo("partition opened", {{"partition", id_},
                               {"position", position_.sequence},
                               {"log_end", log_end_},
                               {"confirmed", confirmed_},
                               {"lineage", position_.lineage}});
  reader_made_ = false;
  if (MayStartReader()) StartReader();
}

// An older version of the state machine folded what is there: the log itself says where that ends.
void Partition::SendBarrier() {
  if (role_ != Role::kOwner || barrier_sent_) return;
  if (position_.fold_version >= context_->options.fold_version) return;
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

void Partition::OnConnected() {
  if (phase_ == Phase::kHalted || stopping_ || role_ == Role::kNone) return;
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
  may_pass_ = unreadable_;
  LookAgain();
  phase_ = Phase::kClosed;
  failures_ = 0;
  if (context_->wire->connected() && !stopping_) Open();
}

}  // namespace lyceum::shard
