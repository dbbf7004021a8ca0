// lyceum replay --partition P --verify: every session of a partition against its log.
//
// The log is read once and all sessions are folded side by side. Those that are then what their owner
// has are done; the others, also those that have gone on meanwhile, are compared one by one, which
// names what differs.
//
// Bounded: a pass folds the users whose hash lies in [from, to), and where their sessions pass
// --memory, the highest hashes go and `to` comes down. The next pass begins there.
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "base/digest.h"
#include "base/hash.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/compare.h"
#include "cli/terminal.h"
#include "cli/worker_status.h"
#include "shard/topic_table.h"
#include "tutor/dump.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kPassesMax = 1'000;
constexpr size_t kUserBytes = 256;  // Beside the session.

class PartitionCheck {
 public:
  PartitionCheck(const Common& common, const ReplayOptions& options, wire::Connection& connection)
      : common_(common),
        subjects_(common.subjects()),
        partition_(*options.partition),
        patience_(std::chrono::seconds(options.timeout_s)),
        bytes_max_(static_cast<size_t>(options.memory_mb) << 20),
        connection_(connection) {}

  int Run();

 private:
  using Key = std::pair<uint64_t, std::string>;  // The user's hash and the user.
  struct Folded {
    std::optional<tutor::Session> session;
    size_t bytes = 0;
  };

  Result<void> ReadPass();
  Result<void> Fold(std::string_view user, const shard::Record& record, shard::Refold* refold);
  void Share(tutor::Session* session);
  // An exit code: it cannot go on.
  std::optional<int> CheckAll();
  std::optional<int> CheckOne(const std::string& user, const Folded& folded);
  void Say(const std::string& user, const Comparison* comparison, const std::string& text);

  const Common& common_;
  const envelope::Subjects subjects_;
  const uint32_t partition_;
  const std::chrono::milliseconds patience_;
  const size_t bytes_max_;
  wire::Connection& connection_;

  LogView log_;
  uint64_t position_ = 0;  // The owner's, before the log was read.
  Key from_{0, ""};
  std::optional<Key> to_;
  std::map<Key, Folded> folded_;
  std::unordered_map<std::string, std::shared_ptr<const tutor::Topic>> topics_;
  size_t bytes_ = 0;
  uint64_t records_ = 0, sessions_ = 0, different_ = 0;
};

int PartitionCheck::Run() {
  auto owners = ListenForOwners(connection_, subjects_, {partition_});
  if (!owners) return Fail(owners.error());
  if (!owners->contains(partition_)) {
    return Fail(kAway, "no session worker owns partition " + std::to_string(partition_) +
                           ": nothing to compare with");
  }
  position_ = owners->at(partition_).partition.position;
  auto log = LookAtLog(connection_, subjects_, partition_, patience_);
  if (!log) return Fail(log.error());
  log_ = std::move(*log);
  if (log_.first_sequence > 1) {
    return Fail(kNo, "the log was trimmed and begins at " + std::to_string(log_.first_sequence) +
                         ": its sessions cannot be made again from it");
  }
  log_.last_sequence = std::min(log_.last_sequence, position_);
  size_t passes = 0;
  while (true) {
    if (passes++ == kPassesMax) {
      return Fail(kNo, "not compared in " + std::to_string(kPassesMax) +
                           " passes over the log: give more --memory");
    }
    if (auto read = ReadPass(); !read) return Fail(read.error());
    if (const auto failed = CheckAll()) return *failed;
    if (!to_) break;
    from_ = *to_;
    to_.reset();
  }
  if (common_.json) {
    std::cout << Json{{"partition", partition_}, {"up_to", log_.last_sequence},
                      {"records", records_},     {"sessions", sessions_},
                      {"different", different_}, {"passes", passes}}
                     .dump()
              << std::endl;
  } else {
    std::cout << "partition " << partition_ << ": " << sessions_ << " sessions of " << records_
              << " records up to " << log_.last_sequence << ", " << different_ << " different"
              << std::endl;
  }
  if (different_ == 0) return kDone;
  return Fail(kNo, std::to_string(different_) + " sessions of partition " +
                       std::to_string(partition_) + " are not what their records make");
}

Result<void> PartitionCheck::ReadPass() {
  folded_.clear();
  topics_.clear();
  bytes_ = 0;
  records_ = 0;
  shard::Refold refold(subjects_, static_cast<store::PartitionId>(partition_), &log_.history,
                       TopicsOfBucket(connection_, subjects_));
  return ReadLearners(connection_, subjects_, log_, patience_,
                      [&](std::string_view user, const shard::Record& record) {
                        ++records_;
                        return Fold(user, record, &refold);
                      });
}

Result<void> PartitionCheck::Fold(std::string_view user, const shard::Record& record,
                                  shard::Refold* refold) {
  Key key{Fnv1a64(user), std::string(user)};
  if (key < from_ || (to_ && key >= *to_)) return {};
  Folded& folded = folded_[key];
  const auto step = refold->Fold(record, &folded.session);
  if (!step) return step.error();
  bytes_ -= folded.bytes;
  folded.bytes = kUserBytes;
  if (folded.session) {
    Share(&*folded.session);
    folded.bytes += tutor::ApproximateBytes(*folded.session);
  }
  bytes_ += folded.bytes;
  while (bytes_ > bytes_max_ && folded_.size() > 1) {
    const auto last = std::prev(folded_.end());
    bytes_ -= last->second.bytes;
    to_ = last->first;
    folded_.erase(last);
  }
  return {};
}

// Sessions of one topic share it.
void PartitionCheck::Share(tutor::Session* session) {
  if (session->topic == nullptr || session->topic_digest.empty()) return;
  const auto [topic, is_new] = topics_.try_emplace(session->topic_digest, session->topic);
  if (is_new) bytes_ += shard::ApproximateBytes(*session->topic);
  session->topic = topic->second;
}

std::optional<int> PartitionCheck::CheckAll() {
  for (auto& [key, folded] : folded_) {
    std::optional<tutor::Session>& session = folded.session;
    const uint64_t end = log_.last_sequence + 1;
    if (session && log_.history.IsForgotten(key.second, session->last_sequence, end)) {
      session.reset();
    }
    if (const auto failed = CheckOne(key.second, folded)) return failed;
  }
  std::cout.flush();
  return std::nullopt;
}

std::optional<int> PartitionCheck::CheckOne(const std::string& user, const Folded& folded) {
  auto live = AskView(connection_, subjects_, UserId(user), {.history_max = 1}, In(patience_));
  if (!live) {
    if (live.error().fault == Fault::kRetry) return Fail(live.error());
    ++sessions_;
    Say(user, nullptr, live.error().text);
    return std::nullopt;
  }
  if (!folded.session && !live->found) return std::nullopt;
  ++sessions_;
  if (folded.session && live->found &&
      live->state_digest == Sha256Hex(tutor::Dump(*folded.session))) {
    return std::nullopt;
  }
  auto comparison = Compare(connection_, subjects_, UserId(user), patience_, {});
  if (!comparison) {
    if (comparison.error().fault == Fault::kRetry) return Fail(comparison.error());
    Say(user, nullptr, comparison.error().text);
  } else if (!comparison->same()) {
    Say(user, &*comparison, comparison->Text());
  }
  return std::nullopt;
}

void PartitionCheck::Say(const std::string& user, const Comparison* comparison,
                         const std::string& text) {
  ++different_;
  if (!common_.json) {
    std::cout << user << "  different: " << PlainLine(text, 1000) << "\n";
    return;
  }
  Json line{{"user", user}, {"verify", "different"}, {"text", Plain(text)}};
  if (comparison != nullptr && !comparison->missing.empty()) line["missing"] = comparison->missing;
  if (comparison != nullptr && !comparison->extra.empty()) line["extra"] = comparison->extra;
  std::cout << line.dump() << "\n";
}

}  // namespace

int RunReplayPartition(const Common& common, const ReplayOptions& options) {
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  return PartitionCheck(common, options, **connection).Run();
}

}  // namespace lyceum::cli
