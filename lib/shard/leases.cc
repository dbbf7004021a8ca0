#include "shard/leases.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "shard/log_history.h"
#include "wire/kv.h"

namespace lyceum::shard {
namespace {

constexpr int64_t kAskAgainMs = 200;

bool IsLike(const std::vector<Candidate>& a, const std::vector<Candidate>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Candidate& one, const Candidate& other) {
                      return one.worker == other.worker && one.may_own == other.may_own;
                    });
}

Partition::Announced AnnouncedBy(const Membership::View& owner) {
  return {owner.partition.confirmed, owner.partition.lineage, ReadDigest(owner.partition.digest)};
}

}  // namespace

Leases::Leases(Context* context, Membership* membership, std::vector<store::PartitionId> partitions,
               Hooks hooks)
    : context_(context),
      membership_(membership),
      hooks_(std::move(hooks)),
      self_(std::make_shared<Leases*>(this)) {
  for (const Id id : partitions) leases_[id];
}

void Leases::Set(Lease& lease, Step step) {
  const bool owned = lease.step == Step::kOwner;
  lease.step = step;
  lease.since_ms = context_->clock->SteadyMs();
  ++lease.asked;
  membership_->SendSoon();
  if (owned != (step == Step::kOwner)) hooks_.changed();
}

std::vector<store::PartitionId> Leases::owned() const {
  std::vector<Id> owned;
  for (const auto& [id, lease] : leases_) {
    if (lease.step == Step::kOwner) owned.push_back(id);
  }
  return owned;
}

bool Leases::Owns(store::PartitionId partition) const {
  const Step step = leases_.at(partition).step;
  return step == Step::kOwner || step == Step::kChecking || step == Step::kReleasing ||
         step == Step::kRestoring;
}

bool Leases::released() const {
  return std::none_of(leases_.begin(), leases_.end(),
                      [this](const auto& one) { return Owns(one.first); });
}

const std::string& Leases::MovedTo(store::PartitionId partition) const {
  return leases_.at(partition).moved_to;
}

Result<void> Leases::Move(store::PartitionId partition, const std::string& worker) {
  if (!MayOwn(candidates_, worker, partition)) {
    const std::vector<std::string> others = PreferredOrder(partition, candidates_);
    return Reject(fmt::format("no session worker {} that may own partition {} is there; {} may",
                              worker, partition, fmt::join(others, ", ")));
  }
  LogInfo("an operator moves the partition", {{"partition", partition}, {"worker", worker}});
  leases_.at(partition).moved_to = worker;
  membership_->SendSoon();
  return {};
}

uint64_t Leases::EpochOf(store::PartitionId partition) const { return leases_.at(partition).epoch; }

void Leases::OnConnected() {
  settled_ms_ = context_->clock->SteadyMs();
  next_ms_ = 0;
  for (auto& [id, lease] : leases_) {
    lease.orphan_ms = 0;
    if (lease.step == Step::kStandby) hooks_.find(id)->OnConnected();
    if (lease.step == Step::kChecking) Check(id);
  }
}

void Leases::OnDisconnected() {
  for (auto& [id, lease] : leases_) {
    hooks_.find(id)->OnDisconnected();
    if (lease.step == Step::kClaiming) StepBack(id, 0);
    if (lease.step == Step::kOwner || lease.step == Step::kReleasing) Set(lease, Step::kChecking);
  }
}

void Leases::Turn() {
  const int64_t now = context_->clock->SteadyMs();
  const bool is_releasing = std::any_of(leases_.begin(), leases_.end(), [](const auto& one) {
    return one.second.step == Step::kReleasing;
  });
  if ((now < next_ms_ && !is_releasing) || !context_->wire->connected()) return;
  next_ms_ = now + kEveryMs;
  std::vector<Candidate> candidates = membership_->Candidates();
  Moves moves = membership_->MovesOfAll();
  if (!IsLike(candidates, candidates_) || moves != moves_) {
    candidates_ = std::move(candidates);
    moves_ = std::move(moves);
    assigned_ = AssignOwners(candidates_, moves_);
    settled_ms_ = now;
  }
  const bool sees_itself = membership_->SeesItself();
  for (auto& [id, lease] : leases_) {
    if (!sees_itself && (lease.step == Step::kOwner || lease.step == Step::kReleasing)) {
      LogWarn("own heartbeats do not come back: the lease is looked at", {{"partition", id}});
      hooks_.find(id)->Hold();
      Set(lease, Step::kChecking);
      Check(id);
    }
    LookAt(id, lease);
  }
}

void Leases::LookAt(Id id, Lease& lease) {
  const int64_t now = context_->clock->SteadyMs();
  Partition* const partition = hooks_.find(id);
  const std::optional<Membership::View> other = membership_->OwnerOf(id);
  Alarm(id, lease, !other && !Owns(id));
  switch (lease.step) {
    case Step::kOwner:
    case Step::kReleasing:
      return LookAtOwned(id, lease, other);
    case Step::kChecking:
      if (now >= lease.again_ms && now - lease.since_ms > kAskAgainMs) {
        lease.again_ms = INT64_MAX;
        Check(id);
      }
      return;
    case Step::kClaiming:
      return;
    case Step::kRestoring:
      return LookAtRestoring(id, lease, other);
    case Step::kClosing:
      if (partition->closed() && hooks_.make_anew(id)) Set(lease, Step::kNone);
      return;
    case Step::kStandby:
      if (!partition->wants_snapshot()) break;
      partition->BeginClose();
      return Set(lease, Step::kClosing);
    case Step::kNone:
      break;
  }
  if (other) return Follow(id, lease, *other);
  if (leaving_ || now < lease.again_ms) return;
  if (IsNext(id)) Claim(id);
}

void Leases::Follow(Id id, Lease& lease, const Membership::View& owner) {
  Partition* const partition = hooks_.find(id);
  const bool should =
      !leaving_ && (ShouldFollow(id, owner.worker) || HasForgotten(*partition, owner));
  lease.moved_to.clear();  // It has come to an owner.
  if (lease.step == Step::kNone) {
    if (!should || context_->clock->SteadyMs() < lease.again_ms) return;
    lease.epoch = owner.partition.epoch;
    context_->flight->NoteEpoch(id, lease.epoch);
    partition->OnAnnounced(AnnouncedBy(owner));
    partition->Follow();
    return Set(lease, Step::kStandby);
  }
  if (lease.epoch != owner.partition.epoch) {
    lease.epoch = owner.partition.epoch;
    context_->flight->NoteEpoch(id, lease.epoch);
  }
  partition->OnAnnounced(AnnouncedBy(owner));
  // One that has caught up stays until others are as good.
  if (should || leaving_ || membership_->ReadyStandbys(id).size() < context_->options.standbys) {
    return;
  }
  partition->BeginClose();
  Set(lease, Step::kClosing);
}

void Leases::LookAtOwned(Id id, Lease& lease, const std::optional<Membership::View>& other) {
  const int64_t now = context_->clock->SteadyMs();
  Partition* const partition = hooks_.find(id);
  if (other && other->partition.epoch > lease.epoch) {
    LogWarn("another session worker owns the partition now",
            {{"partition", id}, {"worker", other->worker}, {"epoch", other->partition.epoch}});
    partition->StandDown();
    lease.epoch = other->partition.epoch;
    return Set(lease, Step::kStandby);
  }
  if (partition->wants_snapshot() && !leaving_) {
    partition->BeginClose();
    return Set(lease, Step::kRestoring);
  }
  if (lease.step == Step::kReleasing) {
    if (partition->released()) {
      ++context_->counters->handovers;
      LogInfo("partition handed over", {{"partition", id}, {"position", partition->position()}});
      partition->StandDown();
      // Not its own again before the other had the time to say that it has it.
      lease.again_ms = now + Membership::kDeadMs;
      return Set(lease, Step::kStandby);
    }
    if (now - lease.since_ms <= kReleaseMsMax) return;
    LogWarn("partition not handed over: not all of it was confirmed in time", {{"partition", id}});
    partition->CancelRelease();
    settled_ms_ = now;
    return Set(lease, Step::kOwner);
  }
  if (!lease.moved_to.empty() && !MayOwn(candidates_, lease.moved_to, id)) {
    LogInfo("whom the partition was given to is not there", {{"partition", id}});
    lease.moved_to.clear();
    membership_->SendSoon();
  }
  if (leaving_) {
    // The partition reads no more; its last checkpoint is on its way.
    const bool halted = partition->phase() == Partition::Phase::kHalted;
    if (halted || partition->delivered()) Set(lease, Step::kNone);
    return;
  }
  const auto assigned = assigned_.find(id);
  if (assigned == assigned_.end() || assigned->second == context_->options.worker) return;
  if (now - settled_ms_ < kSettledMs) return;
  const std::vector<std::string> ready = membership_->ReadyStandbys(id);
  if (std::find(ready.begin(), ready.end(), assigned->second) == ready.end()) return;
  if (membership_->IsCatchingUp(assigned->second)) return;
  if (partition->phase() != Partition::Phase::kReading || !partition->caught_up()) return;
  partition->BeginRelease();
  Set(lease, Step::kReleasing);
}

// Nobody else owns it meanwhile: who could go on at once would have it.
void Leases::LookAtRestoring(Id id, Lease& lease, const std::optional<Membership::View>& other) {
  Partition* const partition = hooks_.find(id);
  if (leaving_) return Set(lease, Step::kNone);
  if (other && other->partition.epoch > lease.epoch) {
    lease.epoch = other->partition.epoch;
    return Set(lease, Step::kClosing);
  }
  if (!partition->closed() || !hooks_.make_anew(id)) return;
  hooks_.find(id)->Own(lease.last, lease.page_is_ours);
  Set(lease, Step::kOwner);
}

// The assignment's own, and the next in order.
bool Leases::ShouldFollow(Id id, const std::string& owner) const {
  const auto assigned = assigned_.find(id);
  if (assigned == assigned_.end()) return false;
  if (assigned->second == context_->options.worker) return true;
  size_t before = 0;
  for (const std::string& worker : PreferredOrder(id, candidates_)) {
    if (worker == owner || worker == assigned->second) continue;
    if (worker == context_->options.worker) break;
    ++before;
  }
  // While it moves, the one that it moves to is a standby too.
  const size_t moving = assigned->second == owner ? 0 : 1;
  return before + moving < context_->options.standbys;
}

// What is here of it has whoever was forgotten since: it is followed until that is folded too.
bool Leases::HasForgotten(const Partition& partition, const Membership::View& owner) {
  const store::Checkpoint& here = partition.durable();
  return here.sequence > 0 && owner.partition.lineage == here.lineage &&
         owner.partition.forgotten > here.sequence;
}

// Nobody alive owns it: whether it is for us to do so. Whom the assignment names, but rather one that
// has folded the log all the time than one that has not.
bool Leases::IsNext(Id id) const {
  const auto assigned = assigned_.find(id);
  if (assigned == assigned_.end()) return false;
  const std::string& worker = context_->options.worker;
  std::vector<std::string> ready = membership_->ReadyStandbys(id);
  const Partition* const ours = hooks_.find(id);
  const bool ready_here = ours->role() == Partition::Role::kStandby && ours->caught_up() &&
                          ours->phase() == Partition::Phase::kReading &&
                          context_->dispatcher->informed() &&
                          ours->position() + Membership::kBehindMax >= ours->log_end();
  if (ready_here) ready.push_back(worker);
  const auto is_ready = [&](const std::string& one) {
    return std::find(ready.begin(), ready.end(), one) != ready.end();
  };
  if (ready.empty() || is_ready(assigned->second)) return assigned->second == worker;
  for (const std::string& next : PreferredOrder(id, candidates_)) {
    if (is_ready(next)) return next == worker;
  }
  return assigned->second == worker;
}

// --- The lease ---------------------------------------------------------------------------------------

std::string Leases::PrefixOf(Id id) const { return fmt::format("lease.{}.", id); }

template <class T, class Next>
std::function<void(Result<T>)> Leases::Then(Id id, Next next) {
  return [self = std::weak_ptr(self_), id, asked = leases_.at(id).asked,
          next](const Result<T>& result) {
    const auto here = self.lock();
    if (here == nullptr) return;
    Leases& leases = **here;
    Lease& lease = leases.leases_.at(id);
    if (lease.asked != asked) return;
    next(leases, lease, result);
  };
}

namespace {

uint64_t HighestOf(const std::vector<std::string>& keys, const std::string& prefix) {
  uint64_t highest = 0;
  for (const std::string& key : keys) {
    if (!key.starts_with(prefix)) continue;
    highest =
        std::max(highest, ReadNumber(std::string_view(key).substr(prefix.size())).value_or(0));
  }
  return highest;
}

}  // namespace

void Leases::StepBack(Id id, int64_t wait_ms) {
  Lease& lease = leases_.at(id);
  lease.again_ms = context_->clock->SteadyMs() + wait_ms;
  const bool follows = hooks_.find(id)->role() == Partition::Role::kStandby;
  Set(lease, follows ? Step::kStandby : Step::kNone);
}

// The keys of a lease become many. Who has heard all along what owners say knows the last one; where that
// turns out to be wrong, they are listed.
void Leases::Claim(Id id) {
  Lease& lease = leases_.at(id);
  Set(lease, Step::kClaiming);
  const uint64_t known = membership_->HighestEpoch(id);
  if (known > 0 && !lease.lists && membership_->ListenedMs() > Membership::kDeadMs) {
    return Create(id, known + 1, context_->flight->Get(id).epoch == known);
  }
  wire::KvKeys(*context_->wire, context_->options.subjects.ClusterBucket(), PrefixOf(id) + ">",
               Then<std::vector<std::string>>(id, [id](Leases& leases, Lease&, const auto& keys) {
                 if (!keys) return leases.StepBack(id, kAskAgainMs);
                 leases.OnHighest(id, HighestOf(*keys, leases.PrefixOf(id)));
               }));
}

void Leases::OnHighest(Id id, uint64_t highest) {
  highest = std::max(highest, membership_->HighestEpoch(id));
  if (highest == 0) return Create(id, 1, true);
  wire::KvGet(*context_->wire, context_->options.subjects.ClusterBucket(),
              PrefixOf(id) + std::to_string(highest),
              Then<std::optional<std::string>>(
                  id, [id, highest](Leases& leases, Lease&, const auto& owner) {
                    if (!owner) return leases.StepBack(id, kAskAgainMs);
                    const bool ours = *owner && **owner == leases.context_->options.worker;
                    // Somebody else's: whether that one lives is known after a while.
                    const int64_t listened = leases.membership_->ListenedMs();
                    if (!ours && listened <= Membership::kDeadMs) {
                      return leases.StepBack(id, Membership::kDeadMs - listened + 1);
                    }
                    const bool page = leases.context_->flight->Get(id).epoch == highest;
                    leases.Create(id, highest + 1, page);
                  }));
}

void Leases::Create(Id id, uint64_t epoch, bool page_is_ours) {
  if (membership_->OwnerOf(id) || leaving_) return StepBack(id, 0);
  wire::KvCreate(
      *context_->wire, context_->options.subjects.ClusterBucket(),
      PrefixOf(id) + std::to_string(epoch), context_->options.worker,
      Then<bool>(id, [id, epoch, page_is_ours](Leases& leases, Lease& lease, const auto& created) {
        // Also where nobody knows: the next epoch is as good.
        lease.lists = !created || !*created;
        if (lease.lists) return leases.StepBack(id, kAskAgainMs);
        std::optional<Partition::Announced> last;
        if (const auto owner = leases.membership_->LastOwnerOf(id);
            owner && owner->partition.epoch + 1 == epoch) {
          last = AnnouncedBy(*owner);
          lease.moved_to = owner->partition.moved_to;
        }
        lease.epoch = epoch;
        leases.context_->flight->NoteEpoch(id, epoch);
        ++leases.context_->counters->takeovers;
        LogInfo("owner", {{"partition", id}, {"epoch", epoch}});
        lease.last = last;
        lease.page_is_ours = page_is_ours;
        leases.hooks_.find(id)->Own(last, page_is_ours);
        leases.Set(lease, Step::kOwner);
      }));
}

void Leases::Check(Id id) {
  ++leases_.at(id).asked;
  wire::KvKeys(
      *context_->wire, context_->options.subjects.ClusterBucket(), PrefixOf(id) + ">",
      Then<std::vector<std::string>>(id, [id](Leases& leases, Lease& lease, const auto& keys) {
        lease.again_ms = leases.context_->clock->SteadyMs() + kAskAgainMs;
        if (!keys) return;
        Partition* const partition = leases.hooks_.find(id);
        leases.membership_->NoteSelf();
        if (HighestOf(*keys, leases.PrefixOf(id)) == lease.epoch) {
          leases.Set(lease, Step::kOwner);
        } else {
          LogWarn("the lease is another's", {{"partition", id}});
          partition->StandDown();
          leases.Set(lease, Step::kStandby);
        }
        partition->GoOn();
      }));
}

// --- Nobody there ------------------------------------------------------------------------------------

void Leases::Alarm(Id id, Lease& lease, bool orphaned) {
  const int64_t now = context_->clock->SteadyMs();
  if (!orphaned || leaving_) {
    lease.orphan_ms = 0;
    return;
  }
  if (lease.orphan_ms == 0) lease.orphan_ms = now;
  if (now - lease.orphan_ms < kAlarmMs || now - lease.alarm_ms < kAlarmEveryMs) return;
  lease.alarm_ms = now;
  LogError("nobody owns the partition", {{"partition", id}});
}

}  // namespace lyceum::shard
