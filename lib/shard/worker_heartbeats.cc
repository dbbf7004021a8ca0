#include "shard/worker_heartbeats.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace lyceum::shard {

std::string MakeBoot(int64_t unix_ms, uint64_t random) {
  return fmt::format("{:013}-{:016x}", std::max<int64_t>(0, unix_ms), random);
}

WorkerHeartbeats::WorkerHeartbeats(Context* context, std::string boot,
                                   std::vector<store::PartitionId> partitions,
                                   std::function<void(std::string)> clash)
    : context_(context),
      boot_(std::move(boot)),
      partitions_(std::move(partitions)),
      clash_(std::move(clash)) {}

void WorkerHeartbeats::Subscribe() {
  const auto subscribed =
      context_->wire->Subscribe(context_->options.subjects.AllWorkerHeartbeats(), "",
                                [this](const wire::Arrived& arrived) { OnHeartbeat(arrived); });
  if (!subscribed) return;  // The connection is gone again: the next one does it.
  next_ms_ = context_->clock->SteadyMs();
}

void WorkerHeartbeats::OnHeartbeat(const wire::Arrived& arrived) {
  const auto heartbeat = envelope::DecodeWorkerHeartbeat(
      arrived.data, envelope::EncodingOf(arrived.content_type, arrived.data));
  if (!heartbeat || heartbeat->boot == boot_) return;
  if (opened_ && heartbeat->boot > boot_) return;  // That one is second.
  for (const auto& theirs : heartbeat->partitions) {
    const auto ours = std::find(partitions_.begin(), partitions_.end(), theirs.partition);
    if (ours == partitions_.end()) continue;
    return clash_(
        fmt::format("partition {} is owned by the session worker {}, which was here first: give "
                    "each worker its "
                    "own partitions with --own, or stop one of them",
                    theirs.partition, heartbeat->worker));
  }
}

void WorkerHeartbeats::Turn(const std::vector<PartitionStatus>& status) {
  const int64_t now = context_->clock->SteadyMs();
  if (now < next_ms_ || !context_->wire->connected()) return;
  next_ms_ = now + kEveryMs;
  if (!opened_) return;
  envelope::WorkerHeartbeat heartbeat;
  heartbeat.worker = context_->options.worker;
  heartbeat.boot = boot_;
  heartbeat.at_ms = context_->clock->UnixMs();
  for (const PartitionStatus& partition : status) {
    heartbeat.partitions.push_back({.partition = partition.partition,
                                    .position = partition.position,
                                    .confirmed = std::min(partition.confirmed, partition.position),
                                    .lineage = partition.lineage,
                                    .fold_version = partition.fold_version,
                                    .digest = {},
                                    .state = partition.state,
                                    .halted_because = partition.halted_because,
                                    .checkpoint = partition.checkpoint,
                                    .log_end = partition.log_end});
  }
  const std::string bytes = envelope::EncodeWorkerHeartbeat(heartbeat);
  const auto sent = context_->wire->Publish(
      {.subject = context_->options.subjects.WorkerHeartbeat(heartbeat.worker), .data = bytes});
  if (!sent) LogWarn("heartbeat not sent", {{"text", sent.error().text}});
}

}  // namespace lyceum::shard
