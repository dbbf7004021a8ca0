// Event: everything that can happen to a session. A closed list; each is one record of the log.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/ids.h"
#include "tutor/call.h"
#include "tutor/fold_version.h"

namespace lyceum::tutor {

// How a client reads and writes: as its start or attach event was written.
enum class Encoding { kProtobuf, kJson };

// What happens to a learner's event while a tool runs.
enum class BusyPolicy { kReplyWait, kDefer, kInterrupt };

// Class user.
struct Start {
  CourseId course;
  std::string version;  // Empty: the current one.
  TopicId topic;        // Empty: the first one.
  Context context;
  BusyPolicy busy_policy = BusyPolicy::kReplyWait;
  bool again = false;  // Begins a completed course anew.
  bool operator==(const Start&) const = default;
};
struct UserMessage {
  std::string text;
  Intent intent = Intent::kUnspecified;
  bool operator==(const UserMessage&) const = default;
};
struct Hint {
  bool operator==(const Hint&) const = default;
};
struct Skip {
  bool operator==(const Skip&) const = default;
};
struct Continue {
  bool operator==(const Continue&) const = default;
};
struct Attach {
  uint32_t after_n = 0;
  bool operator==(const Attach&) const = default;
};
struct Detach {
  bool operator==(const Detach&) const = default;
};
// What runs is given up; all else stays.
struct Stop {
  bool operator==(const Stop&) const = default;
};
// The grade that was told in message `n` seems wrong to the learner.
struct Review {
  uint32_t n = 0;
  std::string text;  // Why. May be empty.
  bool operator==(const Review&) const = default;
};
// Class tool.
struct ToolResult {
  ToolReply reply;
  bool operator==(const ToolResult&) const = default;
};
// Class timer.
struct TimerFired {
  std::string token;
  bool operator==(const TimerFired&) const = default;
};
// Class admin.
struct ForceRemediation {
  ErrorId error;
  bool operator==(const ForceRemediation&) const = default;
};  // Empty: diagnose.
struct ForceSkip {
  bool operator==(const ForceSkip&) const = default;
};
struct GotoTopic {
  TopicId topic;
  bool operator==(const GotoTopic&) const = default;
};
struct RetryCall {
  bool operator==(const RetryCall&) const = default;
};
struct End {
  std::string reason;
  bool operator==(const End&) const = default;
};
struct Shutdown {
  std::string reason;
  bool operator==(const Shutdown&) const = default;
};
// Class teacher.
enum class Decision { kApprove, kEdit, kReplace };
// A teacher decides on a draft.
struct Supervise {
  CallId draft;
  Decision decision = Decision::kApprove;
  std::string text;  // kEdit, kReplace: what is said.
  bool operator==(const Supervise&) const = default;
};
// Of nobody's making but our own: a step broke an invariant. Never on the wire.
struct InvariantViolated {
  std::string what;
  bool operator==(const InvariantViolated&) const = default;
};

// A new kind goes to the end: the place of a kind is part of what sessions keep (seen.h).
using EventKind = std::variant<Start, UserMessage, Hint, Skip, Continue, Attach, Detach, ToolResult,
                               TimerFired, ForceRemediation, ForceSkip, GotoTopic, RetryCall, End,
                               Shutdown, InvariantViolated, Stop, Review, Supervise>;

struct Event {
  EventId id;
  ClientId client;                          // Where the answer goes. May be empty.
  Encoding encoding = Encoding::kProtobuf;  // How this event was written.
  EventKind kind;
  bool operator==(const Event&) const = default;
};

// Where and when a record stands in the log. The only source of ids and of time.
struct LogPosition {
  uint32_t partition = 0;
  uint64_t sequence = 0;
  int64_t time_ms = 0;   // The stored timestamp, Unix ms. A session's time never goes back by it.
  uint32_t lineage = 0;  // How often the partition's log has begun anew below a known position.
  uint32_t fold_version = kFoldVersion;  // That the record is folded under, see fold_version.h.
};

// The id of the index-th thing that a record makes: "<pp>-<seq>-<index>", in a later lineage than 0
// "<pp>r<lineage>-<seq>-<index>". No two records of a partition make the same one.
std::string IdAt(const LogPosition& position, uint32_t index);

}  // namespace lyceum::tutor
