// lyceum step USER: a session as it was at one of its records, and what that record changed in it.
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/cli.h"
#include "cli/compare.h"
#include "cli/json_difference.h"
#include "cli/step_text.h"
#include "cli/terminal.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kHistoryShown = 32;
constexpr size_t kValueMax = 300;

// What the log decides of a session. Its history under each entry's own number, so that an entry that was added moves
// no other one.
Json StateOf(const Replay& replay, size_t history) {
  Json state = Json::parse(replay.ViewJson(history), nullptr, false);
  if (!state.is_object()) return Json::object();
  for (const char* of_the_owner : {"owner", "epoch", "records", "cut"}) state.erase(of_the_owner);
  return state;
}
Json ByIndex(Json state, uint64_t first) {
  Json by_index = Json::object();
  for (const Json& entry : state.value("history", Json::array())) {
    const uint64_t index = entry.value("index", uint64_t{0});
    if (index >= first) by_index[std::to_string(index)] = entry;
  }
  state["history"] = std::move(by_index);
  return state;
}

// The last of the learner's records up to there.
Result<std::optional<uint64_t>> LastRecord(wire::Connection& connection,
                                           const envelope::Subjects& subjects, const UserId& user,
                                           const LogView& log, uint64_t to,
                                           std::chrono::milliseconds patience) {
  std::optional<uint64_t> last;
  auto read = ReadLog(connection, log, subjects.LogFilter(user), patience,
                      [&](const wire::StoredMessage& stored) {
                        if (stored.sequence > to) return false;
                        const auto parts = subjects.ParseLogFast(stored.subject);
                        // One of the partition can end with the same name.
                        if (parts && !parts->of_partition()) last = stored.sequence;
                        return true;
                      });
  if (!read) return read.error();
  return last;
}

struct Stepped {
  std::string text;
  Json line;  // As replay has it.
  Json state;
  std::vector<JsonDifference> differences;
};

Result<Stepped> StepTo(wire::Connection& connection, const envelope::Subjects& subjects,
                       const UserId& user, const LogView& log, uint64_t to,
                       std::chrono::milliseconds patience) {
  Stepped stepped;
  Replay replay(subjects, user, &log.history, TopicsOfBucket(connection, subjects));
  Result<void> folded;
  auto read = ReadLog(
      connection, log, subjects.LogFilter(user), patience, [&](const wire::StoredMessage& stored) {
        if (stored.sequence != to) {
          folded = replay.Fold(stored, {});
          return static_cast<bool>(folded);
        }
        const Json before = StateOf(replay, kHistoryShown);
        folded = replay.Fold(stored, [&](const ReplayStep& step) {
          stepped.text = StepText(step);
          stepped.line = StepObject(step);
        });
        stepped.state = StateOf(replay, kHistoryShown);
        const Json history = stepped.state.value("history", Json::array());
        const uint64_t first = history.empty() ? 0 : history[0].value("index", uint64_t{0});
        stepped.differences = Differences(ByIndex(before, first), ByIndex(stepped.state, first));
        return false;
      });
  if (!read) return read.error();
  if (!folded) return folded.error();
  return stepped;
}

std::string ValueText(const Json& value) {
  return value.is_null() ? "-" : PlainLine(value.dump(), kValueMax);
}

void Print(const Common& common, Stepped stepped) {
  if (common.json) {
    Json changes = Json::array();
    for (JsonDifference& each : stepped.differences) {
      changes.push_back(
          {{"path", each.path}, {"was", std::move(each.was)}, {"is", std::move(each.is)}});
    }
    stepped.line["changed"] = std::move(changes);
    stepped.line["state"] = std::move(stepped.state);
    std::cout << stepped.line.dump() << std::endl;
    return;
  }
  std::cout << Plain(stepped.state.dump(2)) << "\n" << stepped.text << "\n";
  for (const JsonDifference& each : stepped.differences) {
    std::cout << "  " << PlainLine(each.path, kValueMax) << ": " << ValueText(each.was) << " -> "
              << ValueText(each.is) << "\n";
  }
  std::cout.flush();
}

}  // namespace

int RunStep(const Common& common, const StepOptions& options) {
  const Result<UserId> user = UserOf(options.user);
  if (!user) return FailUsage(user.error());
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  if (auto failed = CheckPartitions(common, **connection)) return *failed;
  const envelope::Subjects subjects = common.subjects();
  const std::chrono::milliseconds patience = std::chrono::seconds(options.timeout_s);
  const auto log = LookAtLog(**connection, subjects, subjects.PartitionOf(*user), patience);
  if (!log) return Fail(log.error());
  if (log->first_sequence > 1) {
    std::cerr << "the log was trimmed and begins at " << log->first_sequence
              << ": the state is what the records from there on make\n";
  }
  const uint64_t to = options.to == 0 ? log->last_sequence : options.to;
  const auto last = LastRecord(**connection, subjects, *user, *log, to, patience);
  if (!last) return Fail(last.error());
  if (!*last) return Fail(kNo, "there are no records of " + user->value + " up to there");
  auto stepped = StepTo(**connection, subjects, *user, *log, **last, patience);
  if (!stepped) return Fail(stepped.error());
  if (stepped->text.empty()) return Fail(kNo, "the record is gone");
  Print(common, *std::move(stepped));
  return kDone;
}

}  // namespace lyceum::cli
