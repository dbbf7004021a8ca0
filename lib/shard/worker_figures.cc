#include "shard/worker_figures.h"

#include <algorithm>

#include "shard/shard.h"
#include "wire/log_reader.h"

namespace lyceum::shard {

ToolQueues QueuesOf(const dispatch::Dispatcher& dispatcher) {
  ToolQueues queues;
  for (size_t i = 0; i < queues.size(); ++i) {
    queues[i] = dispatcher.FiguresOf(static_cast<tutor::Tool>(i));
  }
  return queues;
}

void WorkerFigures::AddMeasures(const Shard& shard) {
  const Measures& measures = shard.counters().measures;
  turn += measures.turn.values();
  fold += measures.fold.values();
  checkpoint += measures.checkpoint.values();
  for (size_t i = 0; i < refused.size(); ++i) refused[i] += measures.refused[i];
  for (size_t i = 0; i < tools.size(); ++i) {
    const dispatch::Dispatcher::Times& times =
        shard.dispatcher().times(static_cast<tutor::Tool>(i));
    tools[i].wait += times.wait.values();
    tools[i].call += times.call.values();
    for (size_t v = 0; v < kCallEndCount; ++v) tools[i].results[v] += measures.results[i][v];
  }
}

void WorkerFigures::AddState(const ShardState& state, const ToolQueues& queues,
                             const dispatch::DispatchTable::Counters& calls) {
  shards.push_back(state);
  for (size_t i = 0; i < calls_failed.size(); ++i) calls_failed[i] += calls.failed_by[i];
  for (size_t i = 0; i < tools.size(); ++i) {
    auto& queue = tools[i].queue;
    queue.pending += queues[i].pending;
    queue.waiting += queues[i].waiting;
    queue.overdue += queues[i].overdue;
    queue.workers = std::max(queue.workers, queues[i].workers);
    // Each shard counts on its own part of them.
    queue.slots += queues[i].slots;
  }
}

void StreamDepth::Tick(wire::Wire& wire, int64_t now_ms) {
  if (now_ms < next_ms_ || !wire.connected()) return;
  next_ms_ = now_ms + kEveryMs;
  wire::GetLogInfo(wire, stream_,
                   [depth = depth_](const Result<std::optional<wire::LogInfo>>& info) {
                     if (!info) return;  // The next one may come.
                     depth->store(*info ? static_cast<int64_t>((*info)->messages) : -1);
                   });
}

std::optional<uint64_t> StreamDepth::depth() const {
  const int64_t depth = depth_->load();
  if (depth < 0) return std::nullopt;
  return static_cast<uint64_t>(depth);
}

}  // namespace lyceum::shard
