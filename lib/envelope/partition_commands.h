// An operator's commands to the owner of a partition, and its replies: lyceum.partition.<pp>,
// request/reply. A command is written in JSON, a reply in what the command came in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "envelope/encoding.h"
#include "tutor/session.h"

namespace lyceum::envelope {

// A halted partition goes on as the next lineage.
struct ResumePartition {};
// A session that cannot be read is folded again from its records.
struct RebuildSession {
  UserId user;  // A token.
};
// Another worker owns it from now on, as long as that one is there.
struct MovePartition {
  std::string worker;  // A token.
};
// Those sessions of the partition for which all that is given holds, a page at a time.
struct ListSessions {
  static constexpr uint32_t kLimitMax = 500;

  std::string after;  // A token, or empty: from the first.
  uint32_t limit = kLimitMax;
  std::optional<tutor::StateName> state;
  bool damaged = false;  // Only those that cannot be read.
  std::string course;
  int64_t inactive_since_ms = 0;  // Unix ms; the last record is no newer. 0: no matter.
  bool stuck = false;
  std::string like;  // A part of the user's token.
  bool operator==(const ListSessions&) const = default;
};
using PartitionCommand = std::variant<ResumePartition, RebuildSession, ListSessions, MovePartition>;
std::string EncodePartitionCommand(const PartitionCommand& command);
Result<PartitionCommand> DecodePartitionCommand(std::string_view data, Encoding encoding);

struct SessionSummary {
  std::string user;
  std::string state;  // A state's name, or "damaged".
  std::string lifecycle;
  std::string course;
  std::string topic;
  std::string tool;         // What it waits for. Empty: for the learner.
  int64_t deadline_ms = 0;  // Unix ms; until when. 0: no deadline.
  int64_t at_ms = 0;        // Of its last record.
  uint64_t last_sequence = 0;
  bool stuck = false;
  std::string text;  // Damaged: why.
  bool operator==(const SessionSummary&) const = default;
};

// Not done: `code` and `text` say why; `retryable`: the same command may do it later.
struct PartitionReply {
  bool done = false;
  std::string code;
  std::string text;
  bool retryable = false;
  uint64_t records = 0;                       // Rebuilt: how many records the session is made of.
  std::vector<SessionSummary> sessions = {};  // Listed; at most ListSessions::kLimitMax.
  std::string next;                           // Listed: there may be more after this user.
  uint64_t looked = 0;                        // Listed: sessions that were looked at.
};
std::string EncodePartitionReply(const PartitionReply& reply, Encoding encoding);
Result<PartitionReply> DecodePartitionReply(std::string_view data, Encoding encoding);

}  // namespace lyceum::envelope
