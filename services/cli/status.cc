// lyceum status, lyceum check: the fleet, and whether it is well.
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/cli.h"
#include "cli/fleet.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kStatusTextMax = 1'200;

// "0-3, 7"
std::string Ranges(const std::vector<uint32_t>& sorted) {
  std::string text;
  for (size_t i = 0; i < sorted.size();) {
    size_t last = i;
    while (last + 1 < sorted.size() && sorted[last + 1] == sorted[last] + 1) ++last;
    text += (text.empty() ? "" : ", ") + std::to_string(sorted[i]);
    if (last > i) text += "-" + std::to_string(sorted[last]);
    i = last + 1;
  }
  return text;
}

std::string Seconds(int64_t ms) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%+.1f s", static_cast<double>(ms) / 1000);
  return text.data();
}

void PrintSessionWorkers(const Fleet& fleet) {
  Table table({{"session worker"}, {"partitions"}, {"clock", true}});
  for (const auto& [name, seen] : fleet.session_workers) {
    table.Add({name, Ranges(seen.partitions), Seconds(seen.ahead_ms)});
  }
  table.Print(std::cout);
}

std::string StandbysOf(const Fleet& fleet, uint32_t partition) {
  std::string names;
  if (const auto found = fleet.standbys.find(partition); found != fleet.standbys.end()) {
    for (const std::string& worker : found->second) {
      names += (names.empty() ? "" : " ") + worker;
    }
  }
  return names.empty() ? "-" : names;
}

void PrintPartitions(const Fleet& fleet) {
  Table table({{"partition", true},
               {"owner"},
               {"standby"},
               {"state"},
               {"position", true},
               {"lag", true},
               {"unsaved", true},
               {"lineage", true},
               {"fold", true}});
  for (uint32_t partition = 0; partition < fleet.partition_count; ++partition) {
    const auto owner = fleet.owners.find(partition);
    if (owner == fleet.owners.end()) {
      table.Add({std::to_string(partition), "nobody", StandbysOf(fleet, partition), "-", "-", "-",
                 "-", "-", "-"});
      continue;
    }
    const auto& status = owner->second.partition;
    const uint64_t unsaved =
        status.position > status.checkpoint ? status.position - status.checkpoint : 0;
    table.Add({std::to_string(partition), owner->second.worker, StandbysOf(fleet, partition),
               status.state, std::to_string(status.position), std::to_string(LagOf(owner->second)),
               std::to_string(unsaved), std::to_string(status.lineage),
               std::to_string(status.fold_version)});
  }
  table.Print(std::cout);
}

void PrintTools(const Fleet& fleet) {
  Table workers({{"tool worker"}, {"slots", true}, {"free", true}, {"calls", true}, {"state"}});
  for (const auto& [name, beat] : fleet.tool_workers) {
    workers.Add({name, std::to_string(beat.slots), std::to_string(beat.free),
                 std::to_string(beat.in_flight.size()),
                 beat.draining    ? "draining"
                 : beat.free == 0 ? "full"
                                  : "well"});
  }
  workers.Print(std::cout);
  if (!workers.empty()) std::cout << "\n";
  Table tools({{"tool"}, {"workers", true}, {"slots", true}, {"free", true}});
  for (const ToolSeen& tool : ToolsOf(fleet)) {
    tools.Add({tool.tool, std::to_string(tool.workers), std::to_string(tool.slots),
               std::to_string(tool.free)});
  }
  tools.Print(std::cout);
}

void PrintTables(const Fleet& fleet, const std::vector<Problem>& problems) {
  PrintSessionWorkers(fleet);
  if (!fleet.session_workers.empty()) std::cout << "\n";
  PrintPartitions(fleet);
  std::cout << "\n";
  PrintTools(fleet);
  std::cout << "\n";
  if (fleet.dead_letters) std::cout << "dead letters  " << *fleet.dead_letters << "\n";
  if (problems.empty()) std::cout << "all is well\n";
  for (const Problem& problem : problems) {
    std::cout << PlainLine(problem.where + ": " + problem.text, kStatusTextMax) << "\n    -> "
              << PlainLine(problem.cure, kStatusTextMax) << "\n";
  }
}

void PrintLine(const Json& line) { std::cout << line.dump() << "\n"; }

void PrintJson(const Fleet& fleet, const std::vector<Problem>& problems) {
  for (const auto& [name, seen] : fleet.session_workers) {
    PrintLine({{"kind", "session_worker"},
               {"worker", Plain(name)},
               {"partitions", seen.partitions},
               {"clock_ahead_ms", seen.ahead_ms}});
  }
  for (uint32_t partition = 0; partition < fleet.partition_count; ++partition) {
    Json line{{"kind", "partition"}, {"partition", partition}};
    const auto owner = fleet.owners.find(partition);
    if (owner == fleet.owners.end()) {
      line["state"] = "nobody";
    } else {
      const auto& status = owner->second.partition;
      line["owner"] = Plain(owner->second.worker);
      line["state"] = status.state;
      line["position"] = status.position;
      line["lag"] = LagOf(owner->second);
      line["confirmed"] = status.confirmed;
      line["checkpoint"] = status.checkpoint;
      line["lineage"] = status.lineage;
      line["fold_version"] = status.fold_version;
      line["epoch"] = status.epoch;
      if (const auto found = fleet.standbys.find(partition); found != fleet.standbys.end()) {
        for (const std::string& worker : found->second) line["standbys"].push_back(Plain(worker));
      }
      if (!status.halted_because.empty()) line["halted_because"] = Plain(status.halted_because);
    }
    PrintLine(line);
  }
  for (const auto& [name, beat] : fleet.tool_workers) {
    PrintLine({{"kind", "tool_worker"},
               {"worker", Plain(name)},
               {"slots", beat.slots},
               {"free", beat.free},
               {"calls", beat.in_flight.size()},
               {"draining", beat.draining},
               {"tools", beat.tools}});
  }
  for (const ToolSeen& tool : ToolsOf(fleet)) {
    PrintLine({{"kind", "tool"},
               {"tool", Plain(tool.tool)},
               {"workers", tool.workers},
               {"slots", tool.slots},
               {"free", tool.free}});
  }
  if (fleet.dead_letters) PrintLine({{"kind", "dead_letters"}, {"count", *fleet.dead_letters}});
  for (const Problem& problem : problems) {
    PrintLine({{"kind", "problem"},
               {"code", problem.code},
               {"where", problem.where},
               {"text", problem.text},
               {"cure", problem.cure}});
  }
  PrintLine({{"kind", "summary"}, {"well", problems.empty()}, {"problems", problems.size()}});
}

}  // namespace

bool AsTable(const Common& common, const std::string& format) {
  if (format == "table") return true;
  return format == "auto" && !common.json && isatty(STDOUT_FILENO) != 0;
}

int RunStatus(const Common& common, const StatusOptions& options) {
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  auto fleet = LookAtFleet(**connection, common.subjects());
  if (!fleet) return Fail(fleet.error());
  const auto problems = ProblemsOf(*fleet, static_cast<uint64_t>(options.lag_max));
  AsTable(common, options.format) ? PrintTables(*fleet, problems) : PrintJson(*fleet, problems);
  std::cout.flush();
  return problems.empty() ? kDone : kNo;
}

}  // namespace lyceum::cli
