#include "bench/shard_runner.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

namespace lyceum::bench {
namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr int64_t kCheckMs = 100;

template <class T>
T Must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  return std::move(*result);
}

}  // namespace

ShardRunner::ShardRunner(wire::EventLoop* loop, wire::Wire* wire, const Options& options,
                         std::function<void()> each_turn)
    : loop_(loop), each_turn_(std::move(each_turn)), clock_(options.ahead_ms) {
  store_ = Must(store::RocksStore::Open({.path = options.path}));
  WriteTopics(options);
  shard::Options of_shard;
  of_shard.worker = "bench";
  of_shard.memory_bytes = options.memory_bytes;
  if (!options.sends) of_shard.resend_age_ms = 0;
  flight_ = Must(store::FlightPage::Open(options.path + "/flight", of_shard.subjects.partitions()));
  shard_ = std::make_unique<shard::Shard>(shard::Doors{.wire = wire,
                                                       .store = store_.get(),
                                                       .flight = flight_.get(),
                                                       .clock = &clock_,
                                                       .random = &random_,
                                                       .executor = loop_},
                                          of_shard, options.partitions);
  if (Result<void> started = shard_->Start(); !started) {
    throw std::runtime_error(started.error().text);
  }
  const Deadline deadline = In(kPatience);
  const auto reads = [](const shard::PartitionStatus& partition) {
    return partition.state == "reading" || partition.state == "catching_up";
  };
  for (auto status = shard_->status(); !std::all_of(status.begin(), status.end(), reads);
       status = shard_->status()) {
    if (Steady::now() > deadline) throw std::runtime_error("the partitions do not open");
    Turn(1);
  }
}

void ShardRunner::WriteTopics(const Options& options) {
  for (const store::PartitionId partition : options.partitions) {
    auto batch = std::make_shared<store::CheckpointBatch>(partition);
    for (const auto& [digest, bytes] : options.topics) batch->PutTopic(digest, bytes);
    std::optional<Result<void>> written;
    store_->Write(batch, loop_, [&](const Result<void>& done) { written = done; });
    while (!written) loop_->RunOnce(10);
    if (!*written) throw std::runtime_error(written->error().text);
  }
}

ShardRunner::~ShardRunner() {
  shard_.reset();
  store_.reset();
}

void ShardRunner::Turn(int64_t wait_ms_max) {
  const int64_t wait_ms =
      wait_ms_max == 0 ? 0
                       : std::clamp<int64_t>(shard_->NextMs() - clock_.SteadyMs(), 0, wait_ms_max);
  loop_->RunOnce(wait_ms);
  each_turn_();
  shard_->Turn();
  if (clock_.SteadyMs() - checked_ms_ >= kCheckMs) Check();
}

void ShardRunner::Check() {
  checked_ms_ = clock_.SteadyMs();
  if (shard_->failure()) throw std::runtime_error(shard_->failure()->text);
  if (counters().refused > 0) throw std::runtime_error("a record was refused");
  if (counters().checkpoint_failures > 0) throw std::runtime_error("a checkpoint failed");
  for (const shard::PartitionStatus& partition : shard_->status()) {
    if (!partition.halted_because.empty()) throw std::runtime_error(partition.halted_because);
  }
}

void ShardRunner::Stop() {
  shard_->BeginStop();
  const Deadline deadline = In(kPatience);
  while (!shard_->stopped()) {
    if (Steady::now() > deadline) throw std::runtime_error("the last checkpoint is not written");
    Turn(1);
  }
}

std::vector<store::PartitionId> AllPartitions(const envelope::Subjects& subjects) {
  std::vector<store::PartitionId> all;
  for (uint32_t i = 0; i < subjects.partitions(); ++i) {
    all.push_back(static_cast<store::PartitionId>(i));
  }
  return all;
}

}  // namespace lyceum::bench
