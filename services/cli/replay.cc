// lyceum replay USER: the records of a session folded again, by the code that the worker folds them
// with, and compared with what the worker has.
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/cli.h"
#include "cli/compare.h"
#include "cli/step_text.h"
#include "cli/terminal.h"
#include "shard/install.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

void Print(const Common& common, const ReplayStep& shown) {
  std::cout << (common.json ? StepObject(shown).dump() : StepText(shown)) << "\n";
}

int Verdict(const Common& common, const Comparison& comparison) {
  const bool same = comparison.same();
  if (common.json) {
    Json line{{"verify", same ? "same" : "different"}, {"applied_seq", comparison.applied}};
    if (!comparison.missing.empty()) line["missing"] = comparison.missing;
    if (!comparison.extra.empty()) line["extra"] = comparison.extra;
    if (!comparison.difference.empty()) line["difference"] = Plain(comparison.difference);
    std::cout << line.dump() << std::endl;
  } else if (same) {
    std::cout << "same: the live state at record " << comparison.applied
              << " is what its records make" << std::endl;
  }
  if (!comparison.whole) {
    std::cerr << "the owner did not name the session's first records: they are not compared one by "
                 "one\n";
  }
  if (!comparison.position_known) {
    std::cerr << "the owner sends no heartbeats: records after " << comparison.applied
              << " are not compared\n";
  }
  if (same) return kDone;
  return Fail(kNo, "the live state at record " + std::to_string(comparison.applied) +
                       " is not what its records make: " + comparison.Text());
}

int Verify(const Common& common, wire::Connection& connection, const UserId& user,
           std::chrono::milliseconds patience) {
  auto comparison = Compare(connection, common.subjects(), user, patience,
                            [&](const ReplayStep& step) { Print(common, step); });
  std::cout.flush();
  if (!comparison) return Fail(comparison.error());
  if (!comparison->found && comparison->missing.empty()) {
    return Fail(kNo, "there is no session of " + user.value);
  }
  return Verdict(common, *comparison);
}

int Show(const Common& common, wire::Connection& connection, const UserId& user,
         const ReplayOptions& options, std::chrono::milliseconds patience) {
  const envelope::Subjects subjects = common.subjects();
  auto log = LookAtLog(connection, subjects, subjects.PartitionOf(user), patience);
  if (!log) return Fail(log.error());
  if (log->first_sequence > 1) {
    std::cerr << "the log was trimmed and begins at " << log->first_sequence
              << ": what was before it is not shown\n";
  }
  Replay replay(subjects, user, &log->history, TopicsOfBucket(connection, subjects));
  uint64_t steps = 0;
  Result<void> folded;
  auto read = ReadLog(
      connection, *log, subjects.LogFilter(user), patience, [&](const wire::StoredMessage& stored) {
        if (options.to && stored.sequence > *options.to) return false;
        ++steps;
        folded = replay.Fold(stored, [&](const ReplayStep& step) { Print(common, step); });
        return static_cast<bool>(folded);
      });
  std::cout.flush();
  if (!read) return Fail(read.error());
  if (!folded) return Fail(folded.error());
  if (steps == 0) return Fail(kNo, "there are no records of " + user.value);
  return kDone;
}

}  // namespace

std::optional<int> CheckPartitions(const Common& common, wire::Connection& connection) {
  auto installed = shard::InstalledPartitions(connection, common.subjects());
  if (!installed) return Fail(installed.error());
  if (*installed && **installed != static_cast<uint32_t>(common.partitions)) {
    return Fail(kUsage, "installed with " + std::to_string(**installed) +
                            " partitions: give --partitions " + std::to_string(**installed));
  }
  return std::nullopt;
}

int RunReplay(const Common& common, const ReplayOptions& options) {
  if (options.user.empty() == !options.partition) {
    return Fail(kUsage, "give either a user that is not empty or --partition");
  }
  if (options.partition && !options.verify) {
    return Fail(kUsage, "--partition needs --verify: a whole partition is only compared");
  }
  if (options.partition && *options.partition >= static_cast<uint32_t>(common.partitions)) {
    return Fail(kUsage, "--partition must be below " + std::to_string(common.partitions));
  }
  Result<UserId> user = options.partition ? UserId("-") : UserOf(options.user);
  if (!user) return FailUsage(user.error());
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  if (auto failed = CheckPartitions(common, **connection)) return *failed;
  if (options.partition) return RunReplayPartition(common, options);
  const std::chrono::milliseconds patience = std::chrono::seconds(options.timeout_s);
  return options.verify ? Verify(common, **connection, *user, patience)
                        : Show(common, **connection, *user, options, patience);
}

}  // namespace lyceum::cli
