#include "shard/snapshot_restore.h"

#include <fmt/format.h>

#include <utility>

#include "base/digest.h"
#include "base/log.h"
#include "shard/snapshots.h"
#include "store/checkpoint_keys.h"
#include "wire/last_value.h"

namespace lyceum::shard {

SnapshotRestore::SnapshotRestore(Context* context, store::PartitionId partition,
                                 const store::Checkpoint& here)
    : context_(context),
      partition_(partition),
      here_(here),
      begun_ms_(context->clock->SteadyMs()),
      self_(std::make_shared<SnapshotRestore*>(this)) {
  Begin();
}

SnapshotRestore::~SnapshotRestore() = default;

template <class T, class Next>
std::function<void(T)> SnapshotRestore::Then(Next next) {
  return [self = std::weak_ptr(self_), number = number_, next](T result) {
    const auto here = self.lock();
    if (here == nullptr || (*here)->number_ != number || (*here)->state_ != State::kRunning) return;
    next(**here, std::move(result));
  };
}

void SnapshotRestore::Turn() {
  if (state_ != State::kRunning || writing_ > 0) return;
  if (context_->clock->SteadyMs() < again_ms_ || !context_->wire->connected()) return;
  again_ms_ = INT64_MAX;
  Begin();
}

void SnapshotRestore::Begin() {
  using Found = Result<std::optional<wire::OwnedRecord>>;
  ++number_;
  came_.clear();
  rows_ = {};
  asked_ = written_ = 0;
  asking_ = 0;
  const auto found = Then<Found>([](SnapshotRestore& restore, const Found& record) {
    if (!record) return restore.TryAgain(record.error().text);
    if (!*record) return restore.Fail("there is no snapshot of it");
    restore.OnManifest((*record)->data);
  });
  const envelope::Subjects& subjects = context_->options.subjects;
  wire::GetLast(*context_->wire, subjects.SnapshotStream(), subjects.SnapshotManifest(partition_),
                found);
}

void SnapshotRestore::OnManifest(const std::string& data) {
  auto manifest = envelope::DecodeSnapshotManifest(data);
  if (!manifest) return Fail(manifest.error().text);
  const auto checkpoint = store::checkpoint_keys::DecodeCheckpoint(manifest->checkpoint);
  if (!checkpoint) return Fail("the snapshot's checkpoint cannot be read");
  if (checkpoint->fold_version > context_->options.fold_version) {
    return Fail(
        fmt::format("the snapshot is of version {} of the state machine, this program has {}",
                    checkpoint->fold_version, context_->options.fold_version));
  }
  if (!wrote_ && IsAsFar(here_, *checkpoint)) {
    return Fail(fmt::format("its last snapshot is of record {}, no later than what is here",
                            checkpoint->sequence));
  }
  manifest_ = *std::move(manifest);
  checkpoint_ = *checkpoint;
  checkpoint_.clean = false;
  if (manifest_.files.empty()) return WriteNext();
  Ask();
}

void SnapshotRestore::Ask() {
  while (asked_ < manifest_.files.size() && asking_ + came_.size() + writing_ < kWindow) {
    const uint32_t index = asked_++;
    ++asking_;
    using Found = Result<std::optional<wire::OwnedRecord>>;
    const auto found = Then<Found>([index](SnapshotRestore& restore, const Found& record) {
      if (!record) return restore.TryAgain(record.error().text);
      if (!*record) return restore.BeginAnew("a file of the snapshot is not there");
      --restore.asking_;
      restore.OnFile(index, (*record)->data);
    });
    wire::GetLogRecord(*context_->wire, context_->options.subjects.SnapshotStream(),
                       manifest_.slots[manifest_.files[index]].sequence, found);
  }
}

void SnapshotRestore::OnFile(uint32_t index, const std::string& data) {
  if (Sha256Hex(data) != manifest_.slots[manifest_.files[index]].digest) {
    return BeginAnew("a file of the snapshot is damaged");
  }
  came_[index] = data;
  while (state_ == State::kRunning && !came_.empty() && came_.begin()->first == written_) {
    WriteNext();
  }
  if (state_ == State::kRunning) Ask();
}

void SnapshotRestore::WriteNext() {
  auto batch = std::make_shared<store::CheckpointBatch>(partition_);
  if (written_ == 0) batch->EraseAllFirst();
  if (!came_.empty()) {
    const std::string file = std::move(came_.extract(came_.begin()).mapped());
    ++written_;
    bool known = true;
    const Result<void> read = rows_.Read(file, [&](std::string_view key, std::string_view value) {
      known = batch->PutRow(key, value) && known;
    });
    if (!read || !known) return BeginAnew("a file of the snapshot cannot be read");
  }
  const bool last = written_ == manifest_.files.size();
  if (last) {
    if (!rows_.complete() || rows_.rows() != manifest_.rows) {
      return BeginAnew("the snapshot is not whole");
    }
    batch->SetCheckpoint(checkpoint_);
  }
  Write(std::move(batch), last);
}

void SnapshotRestore::Write(std::shared_ptr<store::CheckpointBatch> batch, bool last) {
  wrote_ = true;
  ++writing_;
  context_->store->Write(
      std::move(batch), context_->executor,
      [self = std::weak_ptr(self_), number = number_, last](const Result<void>& written) {
        const auto here = self.lock();
        if (here == nullptr) return;
        SnapshotRestore& restore = **here;
        --restore.writing_;
        if (restore.number_ != number || restore.state_ != State::kRunning) return;
        if (!written) return restore.WaitForRoom(written.error().text);
        if (!last) return restore.Ask();
        restore.state_ = State::kRestored;
        restore.NoteSent();
        restore.why_ = "a snapshot was restored";
        ++restore.context_->counters->restores;
        LogInfo("snapshot restored",
                {{"partition", restore.partition_},
                 {"position", restore.checkpoint_.sequence},
                 {"rows", restore.manifest_.rows},
                 {"ms", restore.context_->clock->SteadyMs() - restore.begun_ms_}});
      });
}

// What a checkpoint has, the server has. Where this worker does not know how far was sent, it stays so: old messages are
// not sent again.
void SnapshotRestore::NoteSent() {
  const store::FlightPage::Line line = context_->flight->Get(partition_);
  if (!line.known || line.lineage != checkpoint_.lineage) return;
  context_->flight->NoteSent(partition_, checkpoint_.sequence, checkpoint_.fingerprint,
                             checkpoint_.record_time_ms);
  context_->flight->NoteConfirmed(partition_, checkpoint_.sequence);
}

// The disk is full, say: as with a checkpoint, it is tried until there is room.
void SnapshotRestore::WaitForRoom(const std::string& why) {
  if (!waits_for_room_) {
    LogError("the snapshot cannot be written: tried again until it can",
             {{"partition", partition_}, {"text", why}});
  }
  waits_for_room_ = true;
  Pause();
}

// It may be another one by now.
void SnapshotRestore::BeginAnew(const std::string& why) {
  if (++begins_ >= kBeginsMax) return Fail(why);
  TryAgain(why);
}

void SnapshotRestore::TryAgain(const std::string& why) {
  if (++tries_ >= kTriesMax) return Fail(why);
  Pause();
}

void SnapshotRestore::Pause() {
  ++number_;  // Nothing that is on its way is looked at, and nothing more is asked for or written.
  came_.clear();
  asked_ = static_cast<uint32_t>(manifest_.files.size());
  again_ms_ = context_->clock->SteadyMs() + kAgainMs;
}

void SnapshotRestore::Fail(const std::string& why) {
  LogWarn("no snapshot restored", {{"partition", partition_}, {"text", why}});
  state_ = State::kNone;
  why_ = why;
}

}  // namespace lyceum::shard
