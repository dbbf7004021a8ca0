// Whether a session is what its records in the log make: the net for a record that was lost.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/replay_log.h"
#include "shard/refold.h"

namespace lyceum::cli {

// One step of a replay, for who shows it.
struct ReplayStep {
  const wire::StoredMessage& stored;
  const shard::Refold::Step& step;
  std::string from;  // Names of states, or "none".
  std::string to;
  size_t effects = 0;
};

// One user's records folded again, up to a sequence.
class Replay {
 public:
  Replay(const envelope::Subjects& subjects, UserId user, const shard::LogHistory* history,
         shard::TopicFinder topics);
  // An error: a topic that it names could not be had.
  Result<void> Fold(const wire::StoredMessage& stored,
                    const std::function<void(const ReplayStep&)>& show);

  // The records up to this one are all there are: what one of them says of forgetting the user holds.
  void EndAt(uint64_t position);

  const std::optional<tutor::Session>& session() const { return session_; }
  const std::vector<uint64_t>& records() const { return records_; }  // Of the session.
  std::string digest() const;  // As a view has it. Empty: no session.
  // As the owner would show it, in the parts that the log decides.
  std::string ViewJson(size_t history_max) const;

 private:
  void Erase();

  const UserId user_;
  const shard::LogHistory* const history_of_log_;
  const uint32_t partition_;
  shard::Refold refold_;
  std::optional<tutor::Session> session_;
  std::vector<uint64_t> records_;
  std::vector<tutor::HistoryEntry> history_;  // The newest.
};

struct Comparison {
  bool found = false;  // There is a session.
  uint64_t applied = 0;
  uint64_t steps = 0;             // Records of the user that were read.
  std::vector<uint64_t> missing;  // In the log, and not in the session.
  std::vector<uint64_t> extra;    // In the session, and not in the log.
  uint32_t lineage = 0;           // Of the log: above 0 where it once lost records.
  uint64_t lineage_begins = 0;
  uint64_t log_begins = 0;
  bool whole = true;  // False: the owner did not name the session's first records.
  // False: the owner sends no heartbeats, so records after `applied` were not compared.
  bool position_known = true;
  std::string difference;  // Of the states at `applied`. Empty: none.

  bool same() const { return missing.empty() && extra.empty() && difference.empty(); }
  // What differs, in words. Empty: nothing.
  std::string Text() const;
};

// Asks the owner, then reads the log. kRetry: no owner answers. kReject: the session cannot be read,
// or cannot be compared; the text says why.
Result<Comparison> Compare(wire::Connection& connection, const envelope::Subjects& subjects,
                           const UserId& user, std::chrono::milliseconds patience,
                           const std::function<void(const ReplayStep&)>& show);

}  // namespace lyceum::cli
