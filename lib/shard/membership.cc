#include "shard/membership.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace lyceum::shard {

std::string MakeBoot(int64_t unix_ms, uint64_t random) {
  return fmt::format("{:013}-{:016x}", std::max<int64_t>(0, unix_ms), random);
}

Membership::Membership(Context* context, std::string boot,
                       std::function<void(std::string)> same_name)
    : context_(context), boot_(std::move(boot)), same_name_(std::move(same_name)) {}

void Membership::Subscribe() {
  const auto subscribed =
      context_->wire->Subscribe(context_->options.subjects.AllWorkerHeartbeats(), "",
                                [this](const wire::Arrived& arrived) { OnHeartbeat(arrived); });
  if (!subscribed) return;  // The connection is gone again: the next one does it.
  subscribed_ms_ = self_ms_ = heard_to_ms_ = next_ms_ = context_->clock->SteadyMs();
  sent_.clear();
}

void Membership::OnHeartbeat(const wire::Arrived& arrived) {
  auto heartbeat = envelope::DecodeWorkerHeartbeat(
      arrived.data, envelope::EncodingOf(arrived.content_type, arrived.data));
  if (!heartbeat) return;
  const int64_t now = context_->clock->SteadyMs();
  if (heartbeat->worker == context_->options.worker) {
    if (opened_ && heartbeat->boot > boot_) return;  // That one is second, and ends.
    if (heartbeat->boot != boot_) {
      return same_name_(fmt::format(
          "the session worker {} is there already: give each a name of its own with --id, "
          "or stop one of them",
          heartbeat->worker));
    }
    if (heartbeat->shard == context_->options.shard) OnOwn(heartbeat->at_ms);
  }
  if (workers_.size() >= kWorkersMax && !workers_.contains(heartbeat->worker)) {
    std::erase_if(workers_, [&](const auto& one) { return !IsAlive(one.second); });
    if (workers_.size() >= kWorkersMax) return;
  }
  Worker& worker = workers_[heartbeat->worker];
  // Whose clock was set back meanwhile starts with an earlier one.
  if (worker.boot != heartbeat->boot || worker.last_ms.size() != heartbeat->shards) {
    worker = {};
    worker.boot = heartbeat->boot;
    worker.last_ms.assign(heartbeat->shards, now);  // Each has its time to say something.
    changed_ = true;
  }
  worker.last_ms[heartbeat->shard] = now;
  changed_ = changed_ || worker.leaving != heartbeat->leaving;
  worker.leaving = heartbeat->leaving;
  for (auto& partition : heartbeat->partitions) {
    View& last = last_owners_[static_cast<store::PartitionId>(partition.partition)];
    const bool is_owner = partition.role == "owner" && partition.epoch >= last.partition.epoch;
    // Its last message says how far it came, and that it is the owner no more.
    const bool was_owner =
        heartbeat->worker == last.worker && partition.epoch == last.partition.epoch;
    if (is_owner || was_owner) last = {heartbeat->worker, partition};
    auto& known = worker.partitions[static_cast<store::PartitionId>(partition.partition)];
    changed_ = changed_ || known.role != partition.role || known.state != partition.state ||
               known.moved_to != partition.moved_to;
    known = std::move(partition);
  }
}

void Membership::OnOwn(int64_t unix_ms) {
  self_ms_ = context_->clock->SteadyMs();
  const auto found = std::find_if(sent_.begin(), sent_.end(),
                                  [&](const Sent& sent) { return sent.unix_ms == unix_ms; });
  if (found == sent_.end()) return;  // Of an earlier connection.
  heard_to_ms_ = found->steady_ms;
  sent_.erase(sent_.begin(), found + 1);
}

void Membership::Turn(const std::vector<PartitionStatus>& status, bool leaving) {
  const int64_t now = context_->clock->SteadyMs();
  leaving_ = leaving;
  if (now < next_ms_ || !context_->wire->connected()) return;
  next_ms_ = now + kEveryMs;
  // Who is there already is first, whatever its clock says.
  opened_ = opened_ || ListenedMs() >= kListenMs;
  if (!opened_) return;
  envelope::WorkerHeartbeat heartbeat;
  heartbeat.worker = context_->options.worker;
  heartbeat.boot = boot_;
  heartbeat.at_ms = context_->clock->UnixMs();
  heartbeat.shard = context_->options.shard;
  heartbeat.shards = context_->options.shards;
  heartbeat.leaving = leaving;
  heartbeat.forgets = true;
  for (const PartitionStatus& partition : status) {
    heartbeat.partitions.push_back({.partition = partition.partition,
                                    .position = partition.position,
                                    .confirmed = std::min(partition.confirmed, partition.position),
                                    .lineage = partition.lineage,
                                    .fold_version = partition.fold_version,
                                    .digest = partition.digest,
                                    .state = partition.state,
                                    .halted_because = partition.halted_because,
                                    .checkpoint = partition.checkpoint,
                                    .log_end = partition.log_end,
                                    .role = partition.role,
                                    .epoch = partition.epoch,
                                    .moved_to = partition.moved_to,
                                    .erasing = partition.erasing,
                                    .forgotten = partition.forgotten});
  }
  const std::string bytes = envelope::EncodeWorkerHeartbeat(heartbeat);
  const auto sent = context_->wire->Publish(
      {.subject = context_->options.subjects.WorkerHeartbeat(heartbeat.worker), .data = bytes});
  said_ = sent.has_value();
  if (sent) sent_.push_back({heartbeat.at_ms, now});
  if (sent_.size() > kSentMax) sent_.pop_front();
  if (!sent) LogWarn("heartbeat not sent", {{"text", sent.error().text}});
}

int64_t Membership::ListenedMs() const {
  return context_->wire->connected() ? context_->clock->SteadyMs() - subscribed_ms_ : 0;
}

bool Membership::SeesItself() const {
  return context_->clock->SteadyMs() - self_ms_ <= kSelfSilentMs;
}

bool Membership::IsAlive(const Worker& worker) const {
  if (!context_->wire->connected()) return true;
  const int64_t now = context_->clock->SteadyMs();
  return std::all_of(worker.last_ms.begin(), worker.last_ms.end(), [&](int64_t last) {
    const int64_t since = std::max(last, subscribed_ms_);
    return now - since <= kDeadMs || heard_to_ms_ - since < kHeardAfterMs;
  });
}

bool Membership::HasPeers() const {
  return std::any_of(workers_.begin(), workers_.end(), [this](const auto& one) {
    return one.first != context_->options.worker && !one.second.leaving && IsAlive(one.second);
  });
}

std::vector<Candidate> Membership::Candidates() const {
  std::vector<Candidate> candidates;
  for (const auto& [name, worker] : workers_) {
    const bool ours = name == context_->options.worker;
    if (ours ? leaving_ : worker.leaving || !IsAlive(worker)) continue;
    Candidate& candidate = candidates.emplace_back();
    candidate.worker = name;
    for (const auto& [id, partition] : worker.partitions) candidate.may_own.push_back(id);
  }
  return candidates;
}

std::optional<Membership::View> Membership::OwnerOf(store::PartitionId partition) const {
  std::optional<View> owner;
  for (const auto& [name, worker] : workers_) {
    if (name == context_->options.worker || !IsAlive(worker)) continue;
    const auto found = worker.partitions.find(partition);
    if (found == worker.partitions.end() || found->second.role != "owner") continue;
    if (!owner || owner->partition.epoch < found->second.epoch) owner = {name, found->second};
  }
  return owner;
}

std::vector<std::string> Membership::ReadyStandbys(store::PartitionId partition) const {
  std::vector<std::string> ready;
  for (const auto& [name, worker] : workers_) {
    if (name == context_->options.worker || worker.leaving || !IsAlive(worker)) continue;
    const auto found = worker.partitions.find(partition);
    if (found == worker.partitions.end()) continue;
    const auto& said = found->second;
    if (said.role != "standby" || said.state != "reading") continue;
    if (said.position + kBehindMax >= said.log_end) ready.push_back(name);
  }
  return ready;
}

bool Membership::IsCatchingUp(const std::string& worker) const {
  const auto found = workers_.find(worker);
  return found != workers_.end() &&
         std::any_of(found->second.partitions.begin(), found->second.partitions.end(),
                     [](const auto& one) { return one.second.state == "catching_up"; });
}

std::optional<Membership::View> Membership::LastOwnerOf(store::PartitionId partition) const {
  const auto found = last_owners_.find(partition);
  if (found == last_owners_.end()) return std::nullopt;
  return found->second;
}

Moves Membership::MovesOfAll() const {
  Moves moves;
  for (const auto& [id, view] : last_owners_) {
    if (!view.partition.moved_to.empty()) moves[id] = view.partition.moved_to;
  }
  return moves;
}

uint64_t Membership::HighestEpoch(store::PartitionId partition) const {
  const auto found = last_owners_.find(partition);
  return found == last_owners_.end() ? 0 : found->second.partition.epoch;
}

}  // namespace lyceum::shard
