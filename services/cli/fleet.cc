#include "cli/fleet.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "base/clock.h"
#include "cli/terminal.h"
#include "tutor/names.h"
#include "wire/jetstream.h"

namespace lyceum::cli {
namespace {

constexpr size_t kHeartbeatsMax = 8'192;
constexpr size_t kReasonMax = 1'000;
constexpr int kOfSessionWorker = 0, kOfToolWorker = 1;

envelope::Encoding EncodingOf(const wire::Message& message) {
  return envelope::EncodingOf(message.header("Content-Type"), message.data);
}

void NoteSessionWorker(const envelope::WorkerHeartbeat& beat, Fleet* fleet) {
  SessionWorkerSeen& seen = fleet->session_workers[beat.worker];
  seen.worker = beat.worker;
  seen.ahead_ms = beat.at_ms - UnixMs();
  // Each shard tells of its own partitions.
  for (const auto& partition : beat.partitions) {
    if (partition.partition >= fleet->partition_count) continue;
    if (partition.role == "standby") fleet->standbys[partition.partition].insert(beat.worker);
    if (partition.role != "owner") continue;
    OwnerStatus& owner = fleet->owners[partition.partition];
    if (partition.epoch >= owner.partition.epoch) owner = {beat.worker, partition};
  }
}

}  // namespace

Result<Fleet> LookAtFleet(wire::Connection& connection, const envelope::Subjects& subjects) {
  const auto box = std::make_shared<wire::MessageBox>(kHeartbeatsMax);
  const uint64_t errors_before = connection.async_errors();
  auto workers = connection.Subscribe(subjects.AllWorkerHeartbeats(), "", box, kOfSessionWorker);
  if (!workers) return workers.error();
  auto tools = connection.Subscribe(subjects.AllHeartbeats(), "", box, kOfToolWorker);
  if (!tools) return tools.error();
  Fleet fleet;
  fleet.partition_count = subjects.partitions();
  const Deadline enough = In(kFleetListen), end = In(kHeartbeatsWait);
  const auto whole = [&] { return fleet.owners.size() == fleet.partition_count; };
  while (true) {
    const auto message = box->Pop(whole() ? enough : end);
    if (!message) break;
    if (message->tag == kOfSessionWorker) {
      const auto beat = envelope::DecodeWorkerHeartbeat(message->data, EncodingOf(*message));
      if (beat) NoteSessionWorker(*beat, &fleet);
    } else {
      auto beat = envelope::DecodeToolHeartbeat(message->data, EncodingOf(*message));
      if (beat) fleet.tool_workers[beat->worker] = *std::move(beat);
    }
    if (LeftMs(whole() ? enough : end) == 0) break;
  }
  if (connection.async_errors() != errors_before) {
    return Reject("the server refused it: " + connection.last_async_error());
  }
  for (const auto& [partition, owner] : fleet.owners) {
    fleet.session_workers[owner.worker].partitions.push_back(partition);
  }
  auto letters = wire::GetStream(connection, subjects.DeadLetterStream());
  if (!letters) return letters.error();
  if (*letters) fleet.dead_letters = (*letters)->messages;
  return fleet;
}

uint64_t LagOf(const OwnerStatus& owner) {
  const auto& partition = owner.partition;
  return partition.log_end > partition.position ? partition.log_end - partition.position : 0;
}

std::vector<ToolSeen> ToolsOf(const Fleet& fleet) {
  std::map<std::string, ToolSeen> tools;
  for (int i = 0; i < tutor::kToolCount; ++i) {
    tools[std::string(tutor::Name(static_cast<tutor::Tool>(i)))] = {};
  }
  for (const auto& [worker, beat] : fleet.tool_workers) {
    if (beat.draining || beat.slots == 0) continue;
    for (const std::string& tool : beat.tools) {
      ToolSeen& seen = tools[tool];
      ++seen.workers;
      seen.slots += beat.slots;
      seen.free += beat.free;
    }
  }
  std::vector<ToolSeen> all;
  for (auto& [name, seen] : tools) {
    seen.tool = name;
    all.push_back(std::move(seen));
  }
  return all;
}

std::vector<Problem> ProblemsOf(const Fleet& fleet, uint64_t lag_max) {
  std::vector<Problem> problems;
  if (fleet.session_workers.empty()) {
    problems.push_back({"no_session_worker", "session workers", "none sends heartbeats",
                        "start lyceum-session-worker with this server and prefix"});
  }
  std::set<uint32_t> versions;
  for (uint32_t partition = 0; partition < fleet.partition_count; ++partition) {
    const std::string where = "partition " + std::to_string(partition);
    const auto owner = fleet.owners.find(partition);
    if (owner == fleet.owners.end()) {
      // Said once for all of them, above.
      if (fleet.session_workers.empty()) continue;
      problems.push_back({"no_owner", where, "no session worker has it",
                          "start one that may own it; those that run with --own leave it alone"});
      continue;
    }
    const auto& status = owner->second.partition;
    const std::string lag = std::to_string(LagOf(owner->second)) + " records behind";
    if (status.fold_version != 0) versions.insert(status.fold_version);
    if (status.state == "halted") {
      problems.push_back({"halted", where,
                          "halted: " + PlainLine(status.halted_because, kReasonMax),
                          "lyceum partition resume " + std::to_string(partition)});
    } else if (status.state != "reading") {
      problems.push_back({"not_reading", where, status.state + ", " + lag,
                          "wait; where it does not pass, see the log of " + owner->second.worker});
    } else if (LagOf(owner->second) > lag_max) {
      problems.push_back(
          {"lag", where, lag, "see the processor and the disk of " + owner->second.worker});
    }
  }
  if (versions.size() > 1) {
    problems.push_back({"fold_version", "partitions",
                        "are folded by versions " + std::to_string(*versions.begin()) + " to " +
                            std::to_string(*versions.rbegin()) + " of the state machine",
                        "finish the upgrade of the session workers"});
  }
  for (const ToolSeen& tool : ToolsOf(fleet)) {
    if (tool.workers > 0) continue;
    problems.push_back({"no_tool_worker", "tool " + tool.tool, "no tool worker serves it",
                        "start lyceum-tool-worker, or see its --tools"});
  }
  if (!fleet.dead_letters) {
    problems.push_back(
        {"no_dead_letters", "dead letters", "their stream is not there", "lyceum init"});
  }
  return problems;
}

}  // namespace lyceum::cli
