#include "bench/log_shard.h"

#include <algorithm>
#include <stdexcept>

namespace lyceum::bench {
namespace {

constexpr std::chrono::seconds kCheckpointMax{30};
constexpr int64_t kIdleMs = 10;

}  // namespace

LogWire LogShard::WireOf(const std::map<store::PartitionId, uint64_t>& last) const {
  LogWire wire{envelope::Subjects()};
  for (const auto& [partition, sequence] : last) wire.Begin(partition, sequence);
  return wire;
}

LogShard::LogShard(const ShardRunner::Options& options,
                   const std::map<store::PartitionId, uint64_t>& last, size_t turn_records)
    : turn_records_(turn_records),
      wire_(WireOf(last)),
      runner_(&loop_, &wire_, options, [this] { handed_out_ = wire_.Deliver(turn_records_) > 0; }) {
}

void LogShard::Append(uint32_t partition, std::span<const wire::StoredMessage> records) {
  wire_.Append(partition, records);
  appended_ += records.size();
}

void LogShard::Fold() {
  while (runner_.folded() < appended_) runner_.Turn(handed_out_ ? 0 : 1);
}

void LogShard::FoldDurably() {
  Fold();
  const auto durable = [](const shard::PartitionStatus& partition) {
    return partition.checkpoint == partition.position;
  };
  const Deadline deadline = In(kCheckpointMax);
  for (auto status = runner_.shard().status(); !std::all_of(status.begin(), status.end(), durable);
       status = runner_.shard().status()) {
    if (Steady::now() > deadline) throw std::runtime_error("no checkpoint is written");
    runner_.Turn(kIdleMs);
  }
}

}  // namespace lyceum::bench
