// What an operator sees of a session worker beside SessionWorker::Totals: how long things take, what
// waits for which tool, how its shards are.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "dispatch/dispatcher.h"
#include "shard/measures.h"
#include "wire/wire.h"

namespace lyceum::shard {

class Shard;

// Of one shard, as of its last turns.
struct ShardState {
  bool connected = false;
  std::string connect_error;  // Empty: none yet.
  int64_t turned_ms = 0;      // Steady ms.
};
using ToolQueues = std::array<dispatch::DispatchTable::ToolFigures, tutor::kToolCount>;
ToolQueues QueuesOf(const dispatch::Dispatcher& dispatcher);

struct WorkerFigures {
  Histogram::Values turn, fold, checkpoint;
  std::array<uint64_t, kRefusalCount> refused{};  // By Refusal.
  std::array<uint64_t, dispatch::kFailureCount> calls_failed{};
  struct OfTool {
    dispatch::DispatchTable::ToolFigures queue;  // Workers and slots: as one shard is told of them.
    Histogram::Values wait, call;
    std::array<uint64_t, kCallEndCount> results{};
  };
  std::array<OfTool, tutor::kToolCount> tools;
  std::vector<ShardState> shards;
  std::optional<uint64_t> dead_letters;  // In their stream. Empty: not known.

  void AddMeasures(const Shard& shard);
  void AddState(const ShardState& state, const ToolQueues& queues,
                const dispatch::DispatchTable::Counters& calls);
};

// How many messages a stream has, asked every kEveryMs. Tick on the wire's thread; depth on any.
class StreamDepth {
 public:
  static constexpr int64_t kEveryMs = 5'000;

  explicit StreamDepth(std::string stream) : stream_(std::move(stream)) {}
  void Tick(wire::Wire& wire, int64_t now_ms);
  std::optional<uint64_t> depth() const;

 private:
  const std::string stream_;
  int64_t next_ms_ = INT64_MIN;
  // Outlives this in what the wire still calls. -1: not known.
  const std::shared_ptr<std::atomic<int64_t>> depth_ = std::make_shared<std::atomic<int64_t>>(-1);
};

}  // namespace lyceum::shard
