// The fleet as one look sees it: what session workers and tool workers announce, and what is wrong
// with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/worker_status.h"
#include "envelope/codec.h"
#include "wire/connection.h"

namespace lyceum::cli {

// A tool worker sends a heartbeat every 500 ms; so long one is listened for.
inline constexpr std::chrono::milliseconds kFleetListen{1'300};

struct SessionWorkerSeen {
  std::string worker;
  int64_t ahead_ms = 0;  // Its clock minus ours, and what the heartbeat was on its way.
  std::vector<uint32_t> partitions;
};
struct Fleet {
  uint32_t partition_count = 0;
  std::map<std::string, SessionWorkerSeen> session_workers;  // By name.
  std::map<uint32_t, OwnerStatus> owners;                    // By partition.
  std::map<uint32_t, std::set<std::string>> standbys;        // By partition.
  std::map<std::string, envelope::ToolHeartbeat> tool_workers;
  std::optional<uint64_t> dead_letters;  // Empty: there is no such stream.
};

// Listens for kFleetListen, and longer, at most for kHeartbeatsWait, while a partition has no owner.
Result<Fleet> LookAtFleet(wire::Connection& connection, const envelope::Subjects& subjects);

uint64_t LagOf(const OwnerStatus& owner);

// What is wrong, and what to do about it.
struct Problem {
  // no_session_worker | no_owner | halted | not_reading | lag | fold_version | no_tool_worker |
  // no_dead_letters
  std::string code;
  std::string where;  // "partition 3", "tool check_answer"
  std::string text;
  std::string cure;
};
std::vector<Problem> ProblemsOf(const Fleet& fleet, uint64_t lag_max);

// What serves a tool, of all workers.
struct ToolSeen {
  std::string tool;
  size_t workers = 0;
  uint64_t slots = 0, free = 0;  // Of these workers, for all their tools.
};
// The tutor's own, and whatever else is served, by name.
std::vector<ToolSeen> ToolsOf(const Fleet& fleet);

}  // namespace lyceum::cli
