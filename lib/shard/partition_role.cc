// What this worker is for a partition:
//
//   none      nothing is read
//   standby   folds the same log into its own store, sends nothing, and holds what the owner has not
//             announced as confirmed
//   owner     folds and sends
//
// A standby becomes the owner where it stands: it sends what it holds, looks at calls and timers as after
// a start, and goes on. An owner that has to give the partition up is a standby from then on: what it
// has sent is on its way all the same, and the other sends the same bytes.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "shard/partition.h"

namespace lyceum::shard {
namespace {

constexpr int64_t kSayAgainMs = 60'000;

}  // namespace

void Partition::Follow() {
  if (role_ != Role::kNone) return;
  role_ = Role::kStandby;
  LogInfo("standby", {{"partition", id_}, {"position", position_.sequence}});
  if (context_->wire->connected() && !stopping_) OnConnected();
}

void Partition::OnAnnounced(const Announced& last) {
  uint64_t confirmed = last.confirmed;
  for (const Lineage& lineage : lineages_) {
    // Numbers of an earlier lineage mean the same records only up to where the next one begins.
    if (lineage.number > last.lineage) confirmed = std::min(confirmed, lineage.begins - 1);
  }
  announced_ = std::max(announced_, confirmed);
  held_.DropTo(announced_);
  dead_letters_.Forget(announced_);
  if (role_ == Role::kStandby) CompareDigest(last);
}

// Of one log the owner makes one thing and this worker another: a different build, a damaged memory. What
// learners get is the owner's, so nothing is done here but to say so.
void Partition::CompareDigest(const Announced& owner) {
  if (owner.digest.last <= compared_to_ || owner.lineage != position_.lineage) return;
  const std::optional<uint64_t> ours = digests_.Of(owner.digest.last);
  if (!ours) return;
  compared_to_ = owner.digest.last;
  if (*ours == owner.digest.digest) return;
  ++context_->counters->digests_differ;
  const int64_t now = context_->clock->SteadyMs();
  if (differs_said_ms_ != 0 && now - differs_said_ms_ < kSayAgainMs) return;
  differs_said_ms_ = now;
  LogError("the standby makes another thing of the log than the owner",
           {{"partition", id_},
            {"from", owner.digest.last - FoldDigests::kBlock + 1},
            {"to", owner.digest.last},
            {"do", fmt::format("lyceum replay --partition {} --verify says which session", id_)}});
}

void Partition::Own(const std::optional<Announced>& last, bool page_is_ours) {
  if (role_ == Role::kOwner) return;
  const Role before = std::exchange(role_, Role::kOwner);
  releasing_ = false;
  if (before == Role::kNone && !page_is_ours) ForgetPage(last);
  if (before == Role::kStandby) {
    if (last) OnAnnounced(*last);
    held_.Release(
        [this](const wire::Outbound& message) { Send(message); },
        [this](Resends::Request request) {
          if (!resends_->Add(std::move(request))) {
            LogWarn("messages not sent again: too many clients ask at once", {{"partition", id_}});
          }
        });
    folded_in_turn_ = true;
    LookAgain();
  }
  if (!context_->wire->connected() || stopping_) return;
  if (phase_ != Phase::kReading) {
    phase_ = Phase::kClosed;
    return OnConnected();
  }
  SendBarrier();
  if (caught_up_) OnCaughtUp();
}

// Somebody else had the partition since the page was written: it says nothing of what was sent. What
// that one has announced does.
void Partition::ForgetPage(const std::optional<Announced>& last) {
  const uint64_t confirmed = last ? last->confirmed : 0;
  const uint32_t lineage = last ? std::max(last->lineage, position_.lineage) : position_.lineage;
  context_->flight->Forget(id_, position_.stream_created_ns, lineage,
                           std::max(position_.sequence, confirmed));
  if (confirmed > 0) context_->flight->NoteConfirmed(id_, confirmed);
  send_known_ = has_position_ = last.has_value();
}

void Partition::StandDown() {
  if (role_ != Role::kOwner) return;
  role_ = Role::kStandby;
  releasing_ = false;
  AbortRebuild(Retry("another session worker owns the partition now: try again"));
  context_->dispatcher->DropPartition(id_);
  firing_.clear();
  locked_.clear();
  if (phase_ != Phase::kHalted) return;
  halted_.clear();
  phase_ = Phase::kClosed;
  open_again_ms_ = context_->clock->SteadyMs();
}

void Partition::BeginRelease() {
  if (role_ != Role::kOwner || phase_ != Phase::kReading) return;
  AbortRebuild(Retry("another session worker takes the partition: try again"));
  releasing_ = true;
  reader_.reset();
}

void Partition::Hold() {
  if (phase_ == Phase::kReading) return BeginRelease();
  if (phase_ != Phase::kHalted) OnDisconnected();
}

void Partition::GoOn() {
  releasing_ = false;
  if (phase_ == Phase::kClosed) OnConnected();
}

uint64_t Partition::announced() const {
  const uint64_t unsent = dead_letters_.first();
  return std::min({confirmed_, position_.sequence, unsent == 0 ? UINT64_MAX : unsent - 1});
}

void Partition::BeginClose() {
  role_ = Role::kNone;
  OnDisconnected();
  phase_ = Phase::kClosed;
}

}  // namespace lyceum::shard
