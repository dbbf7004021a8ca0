#include "session_worker/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/clock.h"
#include "shard/fold.h"
#include "tutor/names.h"
#include "worker/worker.h"

namespace lyceum::session_worker {
namespace {

using shard::SessionWorker;
using worker::HistogramOf;
using worker::Metric;
using Labels = std::vector<std::pair<std::string, std::string>>;

constexpr double kMsPerSecond = 1e3;

constexpr const char* kStates[] = {"opening", "catching_up", "reading", "halted", "closed"};
constexpr const char* kVerdicts[] = {"ok", "error", "failed"};
static_assert(std::size(kVerdicts) == shard::kCallEndCount);
constexpr const char* kFailures[] = {"lost", "deadline", "unavailable", "refused", "bad_result"};
static_assert(std::size(kFailures) == dispatch::kFailureCount);

uint64_t BehindOf(const shard::PartitionStatus& partition) {
  return partition.log_end > partition.position ? partition.log_end - partition.position : 0;
}

class Figures {
 public:
  void Counter(const char* name, const char* help, uint64_t value, Labels labels = {}) {
    all_.push_back({name, help, static_cast<double>(value), true, std::move(labels)});
  }
  void Gauge(const char* name, const char* help, double value, Labels labels = {}) {
    all_.push_back({name, help, value, false, std::move(labels)});
  }
  void Gauge(const char* name, const char* help, uint64_t value, Labels labels = {}) {
    Gauge(name, help, static_cast<double>(value), std::move(labels));
  }
  void Times(const char* name, const char* help, const Histogram::Values& values,
             Labels labels = {}) {
    all_.push_back(HistogramOf(name, help, values, std::move(labels)));
  }
  std::vector<Metric> Release() { return std::move(all_); }

 private:
  std::vector<Metric> all_;
};

void AddTotals(const SessionWorker::Totals& totals, Figures* out) {
  out->Counter("lyceum_records_total", "Records folded in", totals.records);
  out->Counter("lyceum_records_missing_total", "Records that were deleted from the log unread",
               totals.missing_records);
  out->Counter("lyceum_dead_letters_lost_total", "Dead letters that could not be stored",
               totals.dead_letters_lost);
  out->Counter("lyceum_messages_total", "Messages sent to clients", totals.messages);
  out->Counter("lyceum_messages_again_total", "Messages sent again on a new connection",
               totals.sent_again);
  out->Counter("lyceum_checkpoints_total", "Checkpoints written", totals.checkpoints);
  out->Counter("lyceum_checkpoint_failures_total",
               "Checkpoints that were not written at the first try", totals.checkpoint_failures);
  out->Counter("lyceum_checkpoint_bytes_total", "Bytes of checkpoints", totals.checkpoint_bytes);
  out->Counter("lyceum_reader_breaks_total", "Times the log had to be opened again",
               totals.reader_breaks);
  out->Counter("lyceum_session_loads_total", "Sessions read from the store", totals.session_loads);
  out->Counter("lyceum_takeovers_total", "Partitions that it has become the owner of",
               totals.takeovers);
  out->Counter("lyceum_handovers_total", "Partitions that it has handed to another worker",
               totals.handovers);
  out->Counter("lyceum_digests_differ_total",
               "Blocks of records of which it, as a standby, made another thing than the owner",
               totals.digests_differ);
  out->Counter("lyceum_snapshots_total", "Snapshots made", totals.snapshots);
  out->Counter("lyceum_snapshot_failures_total", "Snapshots that were begun and not made",
               totals.snapshot_failures);
  out->Counter("lyceum_snapshot_bytes_total", "Bytes of snapshots: of files that were not there",
               totals.snapshot_bytes);
  out->Counter("lyceum_snapshot_restores_total", "Partitions that were made anew from a snapshot",
               totals.restores);
  out->Counter("lyceum_timers_fired_total", "Timers that were published", totals.timers_fired);
  out->Counter("lyceum_nats_errors_total", "What NATS refused: see the permissions of this role",
               totals.async_errors);
  out->Counter("lyceum_calls_dispatched_total", "Tool requests sent", totals.calls_dispatched);
  out->Counter("lyceum_calls_busy_total", "Tool requests answered busy", totals.calls_busy);
  out->Counter("lyceum_calls_lost_total", "Tool calls whose worker died", totals.calls_lost);
  out->Gauge("lyceum_sessions_in_memory", "Sessions in memory", totals.sessions);
  out->Gauge("lyceum_session_bytes", "Memory of sessions, journals and topics",
             totals.memory_bytes);
  out->Gauge("lyceum_unconfirmed_bytes", "Messages that the server has not confirmed",
             totals.unconfirmed_bytes);
  out->Gauge("lyceum_clock_offset_seconds", "This machine's clock minus the NATS server's",
             static_cast<double>(totals.clock_offset_ms) / kMsPerSecond);
}

void AddPartitions(const std::vector<shard::PartitionStatus>& all, Figures* out) {
  uint64_t owned = 0, without_owner = 0;
  std::vector<shard::PartitionStatus> partitions;  // Those that it reads.
  for (const shard::PartitionStatus& partition : all) {
    without_owner += partition.has_owner ? 0 : 1;
    owned += partition.role == "owner" ? 1 : 0;
    if (!partition.role.empty()) partitions.push_back(partition);
  }
  out->Gauge("lyceum_partitions_owned", "Partitions that it owns", owned);
  out->Gauge("lyceum_partitions_without_owner",
             "Partitions that it may own and that nobody alive owns", without_owner);
  out->Gauge("lyceum_partitions_standby", "Partitions that it folds along with their owner",
             uint64_t{partitions.size()} - owned);
  const auto each = [&](const char* name, const char* help, auto value) {
    for (const shard::PartitionStatus& partition : partitions) {
      out->Gauge(name, help, static_cast<uint64_t>(value(partition)),
                 {{"partition", std::to_string(partition.partition)}});
    }
  };
  each("lyceum_partition_lag_records", "Records of the log that are not folded yet", BehindOf);
  each("lyceum_partition_position", "The last record that is folded",
       [](const auto& partition) { return partition.position; });
  each("lyceum_partition_unsaved_records", "Folded records that are in no checkpoint",
       [](const auto& partition) {
         return partition.position - std::min(partition.checkpoint, partition.position);
       });
  each("lyceum_partition_lineage", "Times that the log lost records and went on without them",
       [](const auto& partition) { return partition.lineage; });
  each("lyceum_partition_fold_version", "Version of the state machine that folds it",
       [](const auto& partition) { return partition.fold_version; });
  for (const shard::PartitionStatus& partition : partitions) {
    for (const char* state : kStates) {
      out->Gauge("lyceum_partition_state", "1: it is in this state",
                 uint64_t{partition.state == state ? 1u : 0u},
                 {{"partition", std::to_string(partition.partition)}, {"state", state}});
    }
  }
}

template <class Value>
void EachTool(const shard::WorkerFigures& figures, Value value) {
  for (size_t i = 0; i < figures.tools.size(); ++i) {
    value(figures.tools[i], std::string(tutor::Name(static_cast<tutor::Tool>(i))));
  }
}

void AddTools(const shard::WorkerFigures& figures, Figures* out) {
  const auto gauge = [&](const char* name, const char* help, auto field) {
    EachTool(figures, [&](const auto& of, const std::string& tool) {
      out->Gauge(name, help, uint64_t{of.queue.*field}, {{"tool", tool}});
    });
  };
  using Of = dispatch::DispatchTable::ToolFigures;
  gauge("lyceum_tool_pending", "Calls that sessions wait for", &Of::pending);
  gauge("lyceum_tool_waiting", "Calls that no worker has yet", &Of::waiting);
  gauge("lyceum_tool_overdue", "Calls whose time is over and whose sessions wait on", &Of::overdue);
  gauge("lyceum_tool_workers", "Tool workers that serve it", &Of::workers);
  gauge("lyceum_tool_slots", "Slots of these workers, for all their tools", &Of::slots);
  EachTool(figures, [&](const auto& of, const std::string& tool) {
    for (size_t i = 0; i < shard::kCallEndCount; ++i) {
      out->Counter("lyceum_tool_results_total",
                   "Calls that ended: with an answer, the tool's own error, or without a result",
                   of.results[i], {{"tool", tool}, {"verdict", kVerdicts[i]}});
    }
  });
  for (size_t i = 0; i < figures.calls_failed.size(); ++i) {
    out->Counter("lyceum_calls_failed_total", "Tool calls that ended without a result",
                 figures.calls_failed[i], {{"reason", kFailures[i]}});
  }
  EachTool(figures, [&](const auto& of, const std::string& tool) {
    out->Times("lyceum_tool_wait_seconds", "Until a worker accepted a call", of.wait,
               {{"tool", tool}});
  });
  EachTool(figures, [&](const auto& of, const std::string& tool) {
    out->Times("lyceum_tool_call_seconds", "From a call to its result", of.call, {{"tool", tool}});
  });
}

std::vector<Metric> FiguresOf(const SessionWorker& worker) {
  Figures out;
  const shard::WorkerFigures figures = worker.figures();
  AddTotals(worker.totals(), &out);
  for (size_t i = 0; i < figures.refused.size(); ++i) {
    out.Counter("lyceum_records_refused_total", "Records that were not folded", figures.refused[i],
                {{"reason", std::string(Name(static_cast<shard::Refusal>(i)))}});
  }
  if (figures.dead_letters) {
    out.Gauge("lyceum_dead_letters", "Dead letters in their stream, of all workers",
              *figures.dead_letters);
  }
  uint64_t connected = 0;
  for (const shard::ShardState& shard : figures.shards) connected += shard.connected ? 1 : 0;
  out.Gauge("lyceum_shards", "Threads that fold", uint64_t{figures.shards.size()});
  out.Gauge("lyceum_shards_connected", "Threads that fold and are connected to NATS", connected);
  AddPartitions(worker.partitions(), &out);
  AddTools(figures, &out);
  out.Times("lyceum_turn_seconds",
            "From a learner's event in the log until the session waits for the learner again",
            figures.turn);
  out.Times("lyceum_fold_seconds", "To fold a record and to send what it causes", figures.fold);
  out.Times("lyceum_checkpoint_seconds", "To encode and write a checkpoint", figures.checkpoint);
  return out.Release();
}

std::vector<std::string> WhyNotLive(const SessionWorker& worker) {
  std::vector<std::string> why;
  const int64_t now = SystemClock().SteadyMs();
  const auto shards = worker.figures().shards;
  for (size_t i = 0; i < shards.size(); ++i) {
    const int64_t still_ms = now - shards[i].turned_ms;
    if (still_ms < worker::kStuckMs) continue;
    why.push_back(fmt::format("shard {} has done nothing for {} s", i, still_ms / 1000));
  }
  return why;
}

int64_t StillMs(const SessionWorker& worker) {
  int64_t still_ms = 0;
  const int64_t now = SystemClock().SteadyMs();
  for (const shard::ShardState& shard : worker.figures().shards) {
    still_ms = std::max(still_ms, now - shard.turned_ms);
  }
  return still_ms;
}

std::vector<std::string> WhyNotReady(const SessionWorker& worker) {
  std::vector<std::string> why;
  for (const shard::ShardState& shard : worker.figures().shards) {
    if (shard.connected) continue;
    const std::string& error = shard.connect_error;
    std::string line = "no connection to NATS" + (error.empty() ? "" : ": " + error);
    if (why.empty() || why.back() != line) why.push_back(std::move(line));
  }
  for (const shard::PartitionStatus& partition : worker.partitions()) {
    if (!partition.has_owner) {
      why.push_back(fmt::format("partition {} has no owner", partition.partition));
    }
    // A standby that is not ready yet keeps nobody waiting.
    if (partition.role != "owner" || partition.state == "reading") continue;
    std::string line = fmt::format("partition {} ", partition.partition);
    if (partition.state == "halted") {
      line += "halted: " + partition.halted_because;
    } else if (partition.state == "catching_up") {
      line += fmt::format("catching up: {} records behind", BehindOf(partition));
    } else {
      line += partition.state;
    }
    why.push_back(std::move(line));
  }
  return why;
}

}  // namespace

worker::FigureServer::Sources SourcesOf(const SessionWorker& worker) {
  return {.figures = [&worker] { return FiguresOf(worker); },
          .not_live = [&worker] { return WhyNotLive(worker); },
          .not_ready = [&worker] { return WhyNotReady(worker); },
          .still_ms = [&worker] { return StillMs(worker); }};
}

}  // namespace lyceum::session_worker
