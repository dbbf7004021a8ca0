// Leases: which of the shard's partitions it owns, follows, or leaves alone.
//
// A lease is a key of the cluster bucket, lease.<pp>.<epoch> = the owner's name: created once, never
// changed, deleted or created again. Who created the highest epoch is the owner. Nobody renews anything:
// that an owner lives is told by its heartbeats (membership.h), and once it is silent the next epoch is free
// to create. Two owners for a moment cost work, not correctness.
//
//   nobody alive owns it   the first standby that has caught up creates the next epoch, else whom the
//                          assignment names
//   owned by another       followed by whom the assignment names, and by the next in order
//   to be moved            by the assignment, or since an operator gave it to another: once the new one has
//                          caught up as a standby, the owner reads no more, waits until all is confirmed, and
//                          says that it owns it no more
//   nothing here           what the log does not have, or has very much of, is taken from a snapshot first:
//                          by a standby before it is one, by an owner while it is one
//   unsure                 after a new connection, and where its own heartbeats do not come back, an owner
//                          reads nothing before it has looked at the lease
//
// One thread calls it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shard/assignment.h"
#include "shard/context.h"
#include "shard/membership.h"
#include "shard/partition.h"

namespace lyceum::shard {

class Leases {
 public:
  struct Hooks {
    std::function<Partition*(store::PartitionId)> find;
    // Makes the partition anew, from its last checkpoint, or from a snapshot where it wants one; false: not yet.
    std::function<bool(store::PartitionId)> make_anew;
    // What this shard owns has changed.
    std::function<void()> changed;
  };
  Leases(Context* context, Membership* membership, std::vector<store::PartitionId> partitions,
         Hooks hooks);

  void OnConnected();
  void OnDisconnected();
  void BeginStop() { leaving_ = true; }
  void Turn();
  void LookSoon() { next_ms_ = 0; }
  // Steady ms; INT64_MAX: without a connection there is nothing to do.
  int64_t NextMs() const { return context_->wire->connected() ? next_ms_ : INT64_MAX; }

  std::vector<store::PartitionId> owned() const;
  bool leaving() const { return leaving_; }
  // Of one that is owned here: who is to own it, from now on, as long as that one is there. kReject: it is not.
  Result<void> Move(store::PartitionId partition, const std::string& worker);
  // Empty: nobody.
  const std::string& MovedTo(store::PartitionId partition) const;
  // It owns nothing.
  bool released() const;
  uint64_t EpochOf(store::PartitionId partition) const;
  bool Owns(store::PartitionId partition) const;
  // This worker, or another that is alive.
  bool HasOwner(store::PartitionId partition) const {
    return Owns(partition) || membership_->OwnerOf(partition).has_value();
  }

 private:
  static constexpr int64_t kEveryMs = 50;
  // A worker that has just come is not given anything at once: it may go again.
  static constexpr int64_t kSettledMs = 1'000;
  static constexpr int64_t kReleaseMsMax = 5'000;
  static constexpr int64_t kAlarmMs = 2'000;
  static constexpr int64_t kAlarmEveryMs = 60'000;

  enum class Step {
    kNone,
    kStandby,
    kClaiming,
    kOwner,
    kChecking,
    kReleasing,
    kRestoring,
    kClosing
  };
  struct Lease {
    Step step = Step::kNone;
    uint64_t epoch = 0;
    uint64_t asked = 0;     // What an earlier question brings is not looked at.
    int64_t since_ms = 0;   // Steady; of the step.
    int64_t again_ms = 0;   // Steady; not tried before.
    int64_t orphan_ms = 0;  // Steady; since when nobody owns it. 0: somebody does.
    int64_t alarm_ms = INT64_MIN / 2;
    // What it began with as the owner, for when it begins again.
    std::optional<Partition::Announced> last;
    bool page_is_ours = false;
    bool lists = false;    // What was heard of epochs was not enough.
    std::string moved_to;  // Said until the next owner says it, or that one is gone.
  };
  using Id = store::PartitionId;

  void LookAt(Id id, Lease& lease);
  void LookAtOwned(Id id, Lease& lease, const std::optional<Membership::View>& other);
  void LookAtRestoring(Id id, Lease& lease, const std::optional<Membership::View>& other);
  void Follow(Id id, Lease& lease, const Membership::View& owner);
  bool ShouldFollow(Id id, const std::string& owner) const;
  static bool HasForgotten(const Partition& partition, const Membership::View& owner);
  bool IsNext(Id id) const;
  void Claim(Id id);
  void OnHighest(Id id, uint64_t highest);
  void Create(Id id, uint64_t epoch, bool page_is_ours);
  void Check(Id id);
  void StepBack(Id id, int64_t wait_ms);
  void Set(Lease& lease, Step step);
  void Alarm(Id id, Lease& lease, bool orphaned);
  // Calls `next(leases, lease, what came)`, unless something else was begun meanwhile.
  template <class T, class Next>
  std::function<void(Result<T>)> Then(Id id, Next next);
  std::string PrefixOf(Id id) const;

  Context* const context_;
  Membership* const membership_;
  const Hooks hooks_;
  std::map<Id, Lease> leases_;
  std::vector<Candidate> candidates_;
  Moves moves_;  // Of all owners, as they say.
  std::map<Id, std::string> assigned_;
  int64_t settled_ms_ = 0;  // Steady; since when the candidates are these.
  int64_t next_ms_ = 0;
  bool leaving_ = false;
  std::shared_ptr<Leases*> self_;
};

}  // namespace lyceum::shard
