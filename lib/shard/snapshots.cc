#include "shard/snapshots.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/digest.h"
#include "base/log.h"
#include "store/checkpoint_keys.h"
#include "wire/last_value.h"

namespace lyceum::shard {

using envelope::SnapshotManifest;

bool IsAsFar(const store::Checkpoint& snapshot, const store::Checkpoint& here) {
  return std::tie(snapshot.lineage, snapshot.sequence) >= std::tie(here.lineage, here.sequence);
}

Snapshots::Snapshots(Context* context)
    : context_(context), self_(std::make_shared<Snapshots*>(this)) {}

Snapshots::~Snapshots() = default;

template <class T, class Next>
std::function<void(Result<T>)> Snapshots::Then(Next next) {
  return [self = std::weak_ptr(self_), number = number_, next](Result<T> result) {
    const auto here = self.lock();
    if (here == nullptr || (*here)->number_ != number || !(*here)->round_) return;
    next(**here, std::move(result));
  };
}

int64_t Snapshots::NextMs() const {
  if (context_->options.snapshot_ms == 0 || !context_->wire->connected()) return INT64_MAX;
  if (!round_) return look_ms_;
  const bool reads = round_->rows != nullptr && !round_->read && round_->puts < kPutsMax;
  return reads ? round_->read_ms : INT64_MAX;
}

void Snapshots::Turn(const std::vector<store::PartitionId>& owned) {
  if (context_->options.snapshot_ms == 0 || !context_->wire->connected()) return;
  const int64_t now = context_->clock->SteadyMs();
  if (round_) {
    const bool ours = std::find(owned.begin(), owned.end(), round_->partition) != owned.end();
    return ours ? Step() : Abandon();
  }
  if (now < look_ms_) return;
  std::erase_if(kept_, [&](const auto& one) {
    return std::find(owned.begin(), owned.end(), one.first) == owned.end();
  });
  for (const store::PartitionId partition : owned) {
    const auto [kept, is_new] = kept_.try_emplace(partition);
    if (!is_new) continue;
    // Not all of them at once, nor at once after a start.
    const auto every = static_cast<uint64_t>(context_->options.snapshot_ms);
    kept->second.due_ms = now + static_cast<int64_t>(every / 10 + context_->random->Next() % every);
  }
  const auto next = std::min_element(kept_.begin(), kept_.end(), [](const auto& a, const auto& b) {
    return a.second.due_ms < b.second.due_ms;
  });
  look_ms_ = now + kLookMs;
  if (next == kept_.end()) return;
  if (now >= next->second.due_ms) return Begin(next->first);
  look_ms_ = std::min(look_ms_, next->second.due_ms);
}

void Snapshots::OnForgotten(store::PartitionId partition, uint32_t lineage, uint64_t sequence) {
  forgotten_[partition] = {lineage, sequence};
  if (round_ && round_->partition == partition) Fail("a learner is forgotten meanwhile");
}

void Snapshots::Begin(store::PartitionId partition) {
  ++number_;
  round_.emplace();
  round_->partition = partition;
  // Also of one that this worker has made: snapshots are deleted when a learner is forgotten.
  const envelope::Subjects& subjects = context_->options.subjects;
  const auto found = Then<std::optional<wire::OwnedRecord>>(
      [partition](Snapshots& snapshots, const Result<std::optional<wire::OwnedRecord>>& record) {
        if (!record) return snapshots.Fail(record.error().text);
        Kept& kept = snapshots.kept_[partition];
        kept.sequence = *record ? (*record)->sequence : 0;
        kept.manifest = {};
        if (*record) {
          auto manifest = envelope::DecodeSnapshotManifest((*record)->data);
          // One that this program cannot read is replaced, but for that of a newer one.
          if (!manifest && manifest.error().fault == Fault::kReject) {
            return snapshots.Fail(manifest.error().text);
          }
          if (manifest) kept.manifest = *std::move(manifest);
        }
        snapshots.OnKept(partition);
      });
  wire::GetLast(*context_->wire, subjects.SnapshotStream(), subjects.SnapshotManifest(partition),
                found);
}

void Snapshots::OnKept(store::PartitionId partition) {
  const Kept& kept = kept_.at(partition);
  auto rows = context_->store->ReadRows(partition);
  if (!rows) return Fail(rows.error().text);
  const auto last = store::checkpoint_keys::DecodeCheckpoint(kept.manifest.checkpoint);
  if (*rows == nullptr || (last && IsAsFar(*last, (*rows)->checkpoint()))) {  // Nothing is new.
    kept_.at(partition).due_ms = context_->clock->SteadyMs() + context_->options.snapshot_ms;
    return Abandon();
  }
  const store::Checkpoint& now = (*rows)->checkpoint();
  if (std::pair(now.lineage, now.sequence) < forgotten_[partition]) {
    return Fail("its checkpoint still has a learner who is forgotten");
  }
  Round& round = *round_;
  round.rows = std::move(*rows);
  store::Checkpoint checkpoint = round.rows->checkpoint();
  checkpoint.clean = false;
  round.next.checkpoint = store::checkpoint_keys::EncodeCheckpoint(checkpoint);
  round.next.slots = kept.manifest.slots;
  round.taken.resize(kept.manifest.slots.size());
  for (const uint32_t slot : kept.manifest.files) {
    round.taken[slot] = true;
    round.slots[kept.manifest.slots[slot].digest] = slot;
  }
  round.cut = std::make_unique<store::RowFileWriter>(
      [this](std::string file) { round_->files.push_back(std::move(file)); });
  round.read_ms = context_->clock->SteadyMs();
}

void Snapshots::Step() {
  const int64_t now = context_->clock->SteadyMs();
  if (round_->rows == nullptr) return;  // The manifest is being asked for.
  if (!round_->read && round_->puts < kPutsMax && now >= round_->read_ms) {
    round_->read_ms = now + kSliceEveryMs;
    const Result<bool> more = round_->rows->Next(
        kSliceBytes,
        [this](std::string_view key, std::string_view value) { round_->cut->Add(key, value); });
    if (!more) return Fail(more.error().text);
    if (!*more) {
      round_->cut->Finish();
      round_->read = true;
      round_->next.rows = round_->cut->rows();
    }
    for (const std::string& file : std::exchange(round_->files, {})) {
      Place(file);
      if (!round_) return;
    }
    if (round_->read && round_->puts == 0) PutManifest();
  }
}

// In the slot where it lies, or in the first that is free.
void Snapshots::Place(const std::string& file) {
  Round& round = *round_;
  const std::string digest = Sha256Hex(file);
  if (const auto found = round.slots.find(digest); found != round.slots.end()) {
    round.next.files.push_back(found->second);
    round.slots.erase(found);  // The same file twice is two files.
    return;
  }
  const auto free = std::find(round.taken.begin(), round.taken.end(), false);
  const auto slot = static_cast<uint32_t>(free - round.taken.begin());
  if (free == round.taken.end()) {
    if (round.taken.size() >= SnapshotManifest::kSlotsMax) {
      return Fail("the partition is too large for one: install a new cluster with more partitions");
    }
    round.taken.push_back(false);
    round.next.slots.emplace_back();
  }
  round.taken[slot] = true;
  round.next.files.push_back(slot);
  Put(slot, std::make_shared<const std::string>(file), digest, round.next.slots[slot].sequence,
      false);
}

void Snapshots::Put(uint32_t slot, const std::shared_ptr<const std::string>& file,
                    std::string digest, uint64_t last, bool again) {
  const envelope::Subjects& subjects = context_->options.subjects;
  const std::string subject = subjects.SnapshotFile(round_->partition, slot);
  round_->puts += again ? 0 : 1;
  const auto put = Then<std::optional<uint64_t>>(
      [=](Snapshots& snapshots, const Result<std::optional<uint64_t>>& sequence) {
        if (!sequence) return snapshots.Fail(sequence.error().text);
        Round& round = *snapshots.round_;
        if (*sequence) {
          round.next.slots[slot] = {**sequence, digest, static_cast<uint32_t>(file->size())};
          round.put_bytes += file->size();
          --round.puts;
          if (round.read && round.puts == 0) snapshots.PutManifest();
          return;
        }
        if (again) return snapshots.Fail("another session worker makes one too");
        // A round that did not come to its end left it there.
        const auto found = snapshots.Then<std::optional<wire::OwnedRecord>>(
            [=](Snapshots& here, const Result<std::optional<wire::OwnedRecord>>& record) {
              if (!record) return here.Fail(record.error().text);
              here.Put(slot, file, digest, *record ? (*record)->sequence : 0, true);
            });
        wire::GetLast(*snapshots.context_->wire, subjects.SnapshotStream(), subject, found);
      });
  wire::PutLast(*context_->wire, subject, *file, last, put);
}

void Snapshots::PutManifest() {
  const store::PartitionId partition = round_->partition;
  round_->next.made_ms = context_->server_time->NowMs();
  ++round_->puts;  // No second time.
  const auto put = Then<std::optional<uint64_t>>(
      [partition](Snapshots& snapshots, const Result<std::optional<uint64_t>>& sequence) {
        if (!sequence) return snapshots.Fail(sequence.error().text);
        if (!*sequence) return snapshots.Fail("another session worker has made one meanwhile");
        Round& round = *snapshots.round_;
        Kept& kept = snapshots.kept_.at(partition);
        kept.sequence = **sequence;
        kept.due_ms =
            snapshots.context_->clock->SteadyMs() + snapshots.context_->options.snapshot_ms;
        LogInfo("snapshot", {{"partition", partition},
                             {"position", round.rows->checkpoint().sequence},
                             {"rows", round.next.rows},
                             {"files", round.next.files.size()},
                             {"sent_bytes", round.put_bytes}});
        ++snapshots.context_->counters->snapshots;
        snapshots.context_->counters->snapshot_bytes += round.put_bytes;
        kept.manifest = std::move(round.next);
        snapshots.Abandon();
      });
  wire::PutLast(*context_->wire, context_->options.subjects.SnapshotManifest(partition),
                envelope::EncodeSnapshotManifest(round_->next), kept_.at(partition).sequence, put);
}

void Snapshots::Fail(const std::string& why) {
  LogWarn("no snapshot made", {{"partition", round_->partition}, {"text", why}});
  ++context_->counters->snapshot_failures;
  Kept& kept = kept_[round_->partition];
  kept.due_ms = context_->clock->SteadyMs() + kAgainMs;
  Abandon();
}

void Snapshots::Abandon() {
  ++number_;
  round_.reset();
  look_ms_ = 0;
}

}  // namespace lyceum::shard
