#include "cli/compare.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/digest.h"
#include "cli/json_difference.h"
#include "cli/terminal.h"
#include "cli/worker_status.h"
#include "tutor/dump.h"
#include "tutor/names.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kHistoryKept = 64;
constexpr size_t kNamedMax = 20;

std::string StateText(const std::optional<tutor::Session>& session) {
  return session ? std::string(Name(tutor::NameOf(session->state))) : "none";
}

std::string Numbers(const std::vector<uint64_t>& numbers) {
  std::string text = numbers.size() == 1 ? "record " : "records ";
  for (size_t i = 0; i < std::min(numbers.size(), kNamedMax); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(numbers[i]);
  }
  if (numbers.size() > kNamedMax) {
    text += " and " + std::to_string(numbers.size() - kNamedMax) + " more";
  }
  return text;
}

// Of two lists, as multisets, what only the first one has.
std::vector<uint64_t> Without(const std::vector<uint64_t>& list,
                              const std::vector<uint64_t>& other) {
  std::map<uint64_t, size_t> left;
  for (const uint64_t number : other) ++left[number];
  std::vector<uint64_t> only;
  for (const uint64_t number : list) {
    const auto found = left.find(number);
    if (found == left.end() || found->second == 0) {
      only.push_back(number);
    } else {
      --found->second;
    }
  }
  return only;
}

std::string StateDifference(const Replay& replay, const envelope::SessionView& live) {
  if (!replay.session()) return "no session comes of the records";
  if (replay.digest() == live.state_digest) return {};
  Json was = Json::parse(live.json, nullptr, false);
  const size_t history = was.contains("history") ? was["history"].size() : 0;
  Json is = Json::parse(replay.ViewJson(history), nullptr, false);
  for (const char* of_the_owner : {"owner", "epoch", "records", "state_digest", "cut"}) {
    was.erase(of_the_owner);
    is.erase(of_the_owner);
  }
  const std::string difference = FirstDifference(was, is, "");
  return difference.empty() ? "the digests differ where the views do not" : difference;
}

}  // namespace

Replay::Replay(const envelope::Subjects& subjects, UserId user, const shard::LogHistory* history,
               shard::TopicFinder topics)
    : user_(std::move(user)),
      history_of_log_(history),
      partition_(subjects.PartitionOf(user_)),
      refold_(subjects, static_cast<store::PartitionId>(partition_), history, std::move(topics)) {}

Result<void> Replay::Fold(const wire::StoredMessage& stored,
                          const std::function<void(const ReplayStep&)>& show) {
  const std::string from = StateText(session_);
  const Result<shard::Refold::Step> folded = refold_.Fold(RecordOf(stored), &session_);
  if (!folded) return folded.error();
  const shard::Refold::Step& step = *folded;
  if (step.of_partition) return {};  // Of the user's name, by chance.
  if (step.forgotten) Erase();
  if (step.in_session) records_.push_back(stored.sequence);
  for (const tutor::Effect& effect : refold_.effects()) {
    if (const auto* append = std::get_if<tutor::Append>(&effect)) {
      history_.push_back(append->entry);
    }
    const auto* emit = std::get_if<tutor::EmitMessage>(&effect);
    if (emit != nullptr && emit->history_index != 0) {
      history_.push_back(tutor::HistoryEntryOf(emit->message, emit->history_index));
    }
  }
  if (history_.size() > 2 * kHistoryKept) {
    history_.erase(history_.begin(), history_.end() - kHistoryKept);
  }
  if (show) show({stored, step, from, StateText(session_), refold_.effects().size()});
  return {};
}

void Replay::Erase() {
  records_.clear();
  history_.clear();
}

void Replay::EndAt(uint64_t position) {
  if (!session_ ||
      !history_of_log_->IsForgotten(user_.value, session_->last_sequence, position + 1)) {
    return;
  }
  session_.reset();
  Erase();
}

std::string Replay::digest() const {
  return session_ ? Sha256Hex(tutor::Dump(*session_)) : std::string();
}

std::string Replay::ViewJson(size_t history_max) const {
  envelope::ViewParts parts;
  parts.session = session_ ? &*session_ : nullptr;
  parts.user = user_;
  parts.partition = partition_;
  const size_t shown = std::min(history_max, history_.size());
  parts.history.assign(history_.end() - static_cast<ptrdiff_t>(shown), history_.end());
  return envelope::EncodeSessionView(parts, tutor::Encoding::kJson);
}

std::string Comparison::Text() const {
  std::string text;
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : "; ") + more; };
  if (!missing.empty()) {
    add(Numbers(missing) + " of the log " + (missing.size() == 1 ? "is" : "are") +
        " not in the session");
  }
  if (!extra.empty()) {
    std::string why = ": deleted, or lost by the log";
    if (lineage > 0) {
      why = ": the session knows more than the log, which lost its tail and goes on as lineage " +
            std::to_string(lineage) + " from record " + std::to_string(lineage_begins);
    } else if (extra.back() < log_begins) {
      why = ": the log was trimmed and begins at " + std::to_string(log_begins);
    }
    add(Numbers(extra) + " of the session " + (extra.size() == 1 ? "is" : "are") +
        " not in the log" + why);
  }
  if (!difference.empty()) add("the states differ: " + PlainLine(difference, 1000));
  return text;
}

Result<Comparison> Compare(wire::Connection& connection, const envelope::Subjects& subjects,
                           const UserId& user, std::chrono::milliseconds patience,
                           const std::function<void(const ReplayStep&)>& show) {
  // In this order: what the owner has folded by then, the session has; what the session has, the
  // log has.
  const uint32_t partition = subjects.PartitionOf(user);
  auto owners = ListenForOwners(connection, subjects, {partition});
  if (!owners) return owners.error();
  const uint64_t position =
      owners->contains(partition) ? owners->at(partition).partition.position : 0;
  auto live = AskLive(connection, subjects, user, patience);
  if (!live) return live.error();
  auto log = LookAtLog(connection, subjects, partition, patience);
  if (!log) return log.error();

  Comparison comparison;
  comparison.found = live->view.found;
  comparison.applied = live->view.applied_seq;
  comparison.lineage = log->history.lineage();
  comparison.lineage_begins = log->history.lineage_begins();
  comparison.log_begins = log->first_sequence;
  comparison.whole = live->whole;
  comparison.position_known = owners->contains(partition);
  Replay replay(subjects, user, &log->history, TopicsOfBucket(connection, subjects));
  bool compared = false;
  const auto compare_states = [&] {
    if (std::exchange(compared, true) || !live->view.found) return;
    comparison.difference = StateDifference(replay, live->view);
  };
  Result<void> folded;
  auto read = ReadLog(connection, *log, subjects.LogFilter(user), patience,
                      [&](const wire::StoredMessage& stored) {
                        if (stored.sequence > comparison.applied) compare_states();
                        if (stored.sequence > std::max(comparison.applied, position)) return false;
                        ++comparison.steps;
                        folded = replay.Fold(stored, show);
                        return static_cast<bool>(folded);
                      });
  if (!read) return read.error();
  if (!folded) return folded.error();
  replay.EndAt(std::max(comparison.applied, position));
  compare_states();
  std::vector<uint64_t> in_log = replay.records();
  if (!live->whole) {
    const uint64_t first = live->records.empty() ? UINT64_MAX : live->records.front();
    std::erase_if(in_log, [&](uint64_t sequence) { return sequence < first; });
  }
  comparison.missing = Without(in_log, live->records);
  comparison.extra = Without(live->records, in_log);
  return comparison;
}

}  // namespace lyceum::cli
