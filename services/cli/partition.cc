// lyceum partition: who owns which partition and how far it is; a halted one goes on; one is given to another
// session worker.
#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <vector>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/terminal.h"
#include "cli/worker_status.h"
#include "wire/jetstream.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kOwnerNameMax = 24;
constexpr size_t kReasonTextMax = 1000;

struct Row {
  uint32_t partition = 0;
  std::optional<OwnerStatus> owner;
  std::optional<uint64_t> log_end;  // Empty: there is no such stream.
  uint64_t behind() const {
    const uint64_t position = owner ? owner->partition.position : 0;
    return log_end && *log_end > position ? *log_end - position : 0;
  }
};

void PrintJson(const Row& row) {
  Json line{{"partition", row.partition}};
  if (row.owner) {
    const auto& status = row.owner->partition;
    line["owner"] = row.owner->worker;
    line["state"] = status.state;
    line["position"] = status.position;
    line["behind"] = row.behind();
    line["confirmed"] = status.confirmed;
    line["checkpoint"] = status.checkpoint;
    line["lineage"] = status.lineage;
    line["fold_version"] = status.fold_version;
    if (!status.moved_to.empty()) line["moved_to"] = status.moved_to;
    if (!status.halted_because.empty()) line["halted_because"] = Plain(status.halted_because);
  } else {
    line["state"] = "nobody";
  }
  if (row.log_end) line["log_end"] = *row.log_end;
  std::cout << line.dump() << "\n";
}

template <class... Columns>
void PrintColumns(const Columns&... columns) {
  std::array<char, 256> text;
  std::snprintf(text.data(), text.size(), "%9s  %-24s %-12s %11s %11s %9s %11s %11s %7s %4s",
                std::string(columns).c_str()...);
  std::cout << PlainLine(text.data(), text.size()) << "\n";
}

void PrintRow(const Row& row) {
  const std::string end = row.log_end ? std::to_string(*row.log_end) : "no stream";
  if (!row.owner) {
    PrintColumns(std::to_string(row.partition), "nobody", "-", "-", end, "-", "-", "-", "-", "-");
    return;
  }
  const auto& status = row.owner->partition;
  PrintColumns(std::to_string(row.partition), PlainLine(row.owner->worker, kOwnerNameMax),
               status.state, std::to_string(status.position), end, std::to_string(row.behind()),
               std::to_string(status.confirmed), std::to_string(status.checkpoint),
               std::to_string(status.lineage), std::to_string(status.fold_version));
  if (!status.halted_because.empty()) {
    std::cout << "           " << PlainLine(status.halted_because, kReasonTextMax) << "\n";
  }
}

// kDone, or what was said is wrong.
int CheckPartition(const envelope::Subjects& subjects, uint32_t partition) {
  if (partition < subjects.partitions()) return kDone;
  return Fail(kUsage, "there are partitions 0 to " + std::to_string(subjects.partitions() - 1));
}

}  // namespace

int RunPartitionList(const Common& common) {
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  const envelope::Subjects subjects = common.subjects();
  std::vector<uint32_t> all(subjects.partitions());
  std::iota(all.begin(), all.end(), 0);
  auto owners = ListenForOwners(**connection, subjects, all);
  if (!owners) return Fail(owners.error());
  if (!common.json) {
    PrintColumns("partition", "owner", "state", "position", "log end", "behind", "confirmed",
                 "checkpoint", "lineage", "fold");
  }
  for (uint32_t partition = 0; partition < subjects.partitions(); ++partition) {
    auto info = wire::GetStream(**connection, subjects.LogStream(partition));
    if (!info) return Fail(info.error());
    Row row{.partition = partition, .owner = {}, .log_end = {}};
    if (*info) row.log_end = (*info)->last_sequence;
    if (const auto owner = owners->find(partition); owner != owners->end()) {
      row.owner = owner->second;
      // What came while we looked is not missing.
      if (row.log_end) row.log_end = std::max(*row.log_end, row.owner->partition.log_end);
    }
    common.json ? PrintJson(row) : PrintRow(row);
  }
  std::cout.flush();
  return kDone;
}

int RunPartitionResume(const Common& common, const PartitionResumeOptions& options) {
  const envelope::Subjects subjects = common.subjects();
  if (const int refused = CheckPartition(subjects, options.partition)) return refused;
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  auto reply = Command(**connection, subjects, options.partition, envelope::ResumePartition{},
                       std::chrono::seconds(options.timeout_s));
  if (!reply) return Fail(reply.error());
  if (common.json) {
    std::cout << Json{{"partition", options.partition}, {"resumed", true}}.dump() << std::endl;
  } else {
    std::cout << "partition " << options.partition << " goes on" << std::endl;
  }
  return kDone;
}

// Done once the other says that it owns it.
int RunPartitionMove(const Common& common, const PartitionMoveOptions& options) {
  const envelope::Subjects subjects = common.subjects();
  if (const int refused = CheckPartition(subjects, options.partition)) return refused;
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  const auto patience = std::chrono::seconds(options.timeout_s);
  const Deadline deadline = In(patience);
  auto reply = Command(**connection, subjects, options.partition,
                       envelope::MovePartition{options.worker}, patience);
  if (!reply) return Fail(reply.error());
  std::string owner = "nobody";
  while (std::chrono::steady_clock::now() < deadline) {
    auto owners = ListenForOwners(**connection, subjects, {options.partition});
    if (!owners) return Fail(owners.error());
    const auto found = owners->find(options.partition);
    owner = found == owners->end() ? "nobody" : found->second.worker;
    if (owner != options.worker) continue;
    if (common.json) {
      std::cout << Json{{"partition", options.partition}, {"owner", owner}}.dump() << std::endl;
    } else {
      std::cout << "partition " << options.partition << " is owned by " << owner << std::endl;
    }
    return kDone;
  }
  return Fail(kAway, "partition " + std::to_string(options.partition) + " is still owned by " +
                         Plain(owner) + ": it moves once " + options.worker +
                         " has caught up; see lyceum partition list");
}

int RunSessionRebuild(const Common& common, const SessionRebuildOptions& options) {
  Result<UserId> user = UserOf(options.user);
  if (!user) return FailUsage(user.error());
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  const envelope::Subjects subjects = common.subjects();
  auto reply = Command(**connection, subjects, subjects.PartitionOf(*user),
                       envelope::RebuildSession{*user}, std::chrono::seconds(options.timeout_s));
  if (!reply) return Fail(reply.error());
  if (common.json) {
    std::cout << Json{{"user", user->value}, {"records", reply->records}}.dump() << std::endl;
  } else {
    std::cout << "the session of " << user->value << " is made again, of " << reply->records
              << " records" << std::endl;
  }
  return kDone;
}

}  // namespace lyceum::cli
