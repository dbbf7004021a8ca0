// Session: the whole state of one learner. A value; Advance changes it in place.
//
// Invariants, checked after every step (session.cc, Violation):
//   locked <=> one pending call; awaiting approval <=> one timer that ends it; error state <=> one failed call kept; awaiting_answer => an open
//   question; completed => neither question nor inbox; attempts <= kAttemptsMax; the origin of a
//   call is never the lock itself (its type can not say so).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "tutor/call.h"
#include "tutor/content.h"
#include "tutor/event.h"
#include "tutor/limits.h"
#include "tutor/ring.h"

namespace lyceum::tutor {

enum class Lifecycle { kActive, kSuspended, kArchived };

// --- The nine states --------------------------------------------------------------------------
struct Exposition {
  bool operator==(const Exposition&) const = default;
};
struct SettingQuestion {
  bool operator==(const SettingQuestion&) const = default;
};
struct AwaitingAnswer {
  bool operator==(const AwaitingAnswer&) const = default;
};
struct RemediatingKnownError {
  ErrorId error;
  bool operator==(const RemediatingKnownError&) const = default;
};
struct RemediatingUnknownError {
  bool operator==(const RemediatingUnknownError&) const = default;
};
struct Completed {
  bool operator==(const Completed&) const = default;
};

// Where a call returns to: any state but the lock, the wait for a teacher and the error state.
using Origin = std::variant<Exposition, SettingQuestion, AwaitingAnswer, RemediatingKnownError,
                            RemediatingUnknownError, Completed>;

// A call with all that is needed to make its arguments again (MakeArgs, args.h).
struct Call {
  CallId id;
  Tool tool = Tool::kLoadTopic;
  Origin origin;
  int64_t duration_ms = 0;  // How long it may run, from its dispatch.
  EventId cause;            // The learner's event: in_reply_to of what comes of it.
  QuestionId question;      // The one that was open. May be empty.
  std::string text;         // The learner's text, where the tool needs them.
  ErrorId error;            // remediate_known_error.
  Strategy strategy = Strategy::kHint;
  uint32_t level = 0;    // give_hint: the rung. present_material: the segment.
  uint32_t attempt = 1;  // check_answer: the grader's number. Else: asked once more after a reveal.
  TopicId topic;         // load_topic.
  // The time of the record with which the lock began. It names the lock: chained calls share it,
  // and the owner counts the kLockMsMax that they have together from its first dispatch for this
  // lock.
  int64_t locked_ms = 0;
  bool operator==(const Call&) const = default;
};

struct AwaitingToolResult {
  Call call;
  bool operator==(const AwaitingToolResult&) const = default;
};
struct ErrorState {
  Call failed;
  std::string code;
  bool retried_when_idle = false;
  bool operator==(const ErrorState&) const = default;
};

// What a language model has said, before a teacher let it pass. Its id is that of its call.
struct Draft {
  Call call;
  std::string text;
  std::string authored;              // What would be said without a model. May be empty.
  std::optional<Question> question;  // generate_question: `text` is its text.
  ErrorId error;  // diagnose_error: the registered error that it found. May be empty.
  int64_t due_ms = 0;
  std::string provider;
  std::string model;
  bool operator==(const Draft&) const = default;
};

struct AwaitingApproval {
  std::shared_ptr<const Draft> draft;  // Never null. Sessions that have none stay small.
  int64_t left_ms = 0;                 // To wait once its timer has fired.
  bool operator==(const AwaitingApproval& other) const {
    return *draft == *other.draft && left_ms == other.left_ms;
  }
};

// The numbers of these are kept by sessions: a new one goes to the end.
using State = std::variant<Exposition, SettingQuestion, AwaitingAnswer, AwaitingToolResult,
                           RemediatingKnownError, RemediatingUnknownError, ErrorState, Completed,
                           AwaitingApproval>;
// In the order of State.
enum class StateName {
  kExposition,
  kSettingQuestion,
  kAwaitingAnswer,
  kAwaitingToolResult,
  kRemediatingKnownError,
  kRemediatingUnknownError,
  kErrorState,
  kCompleted,
  kAwaitingApproval,
};
inline constexpr int kStateCount = 9;

// --- What stands beside the state ----------------------------------------------------------------
struct OpenQuestion {
  std::optional<uint32_t> index;  // In the topic's questions; empty: `generated`.
  std::optional<Question> generated;
  std::vector<Attempt> attempts;
  uint32_t hints_shown = 0;
  bool operator==(const OpenQuestion&) const = default;
};

// How often each registered error was seen in this topic: the strategy follows from it.
struct ErrorCount {
  ErrorId error;
  uint32_t count = 0;
  bool operator==(const ErrorCount&) const = default;
};

struct Syllabus {
  CourseId course;
  std::string version;
  TopicId topic;               // The one being taught. Empty before the first load.
  std::vector<TopicId> done;   // At most kTopicsDoneMax.
  uint32_t segment = 0;        // Material shown so far.
  uint32_t next_question = 0;  // The queue: topic.questions from here on.
  std::vector<bool> closed;    // Correct or not, the last ones, at most the gate's window (<= 64).
  std::vector<ErrorCount> errors;  // At most 64, of this topic.
  uint32_t generated = 0;  // generate_question asked for in this topic, kGeneratedMax at most.
  bool operator==(const Syllabus&) const = default;
};

struct AttachedClient {
  ClientId id;
  Encoding encoding = Encoding::kProtobuf;
  bool operator==(const AttachedClient&) const = default;
};

enum class TimerKind { kToolDeadline, kIdle, kTtl, kApproval };
struct Timer {
  TimerKind kind = TimerKind::kIdle;
  std::string token;   // IdAt: unique, also the Nats-Msg-Id of its record.
  int64_t due_ms = 0;  // Of a tool deadline: had its call been dispatched with its record.
  bool operator==(const Timer&) const = default;
};

using SeenIds = Ring<uint64_t, kSeenMax>;

// A learner's event that waits for the lock to end (busy_policy defer).
struct Deferred {
  Event event;
  QuestionId
      question;  // Open when it came: an answer to a closed question is dropped with a notice.
  bool operator==(const Deferred&) const = default;
};

struct Counters {
  uint64_t records = 0;  // Folded in, refused ones not.
  uint64_t correct = 0;
  uint64_t incorrect = 0;
  uint64_t hints = 0;
  uint64_t skips = 0;
  uint64_t duplicates = 0;  // Events whose id had been seen.
  uint64_t dropped = 0;     // Results and timers of other calls and tokens.
  uint64_t degraded = 0;
  uint64_t tool_errors = 0;
  uint64_t for_review = 0;  // Answers shown ungraded, and grades that the learner doubts.
  uint64_t violations = 0;
  bool operator==(const Counters&) const = default;
};

struct Session {
  UserId user;
  Lifecycle lifecycle = Lifecycle::kActive;
  State state;
  Context context;
  BusyPolicy busy_policy = BusyPolicy::kReplyWait;
  Syllabus syllabus;
  std::shared_ptr<const Topic>
      topic;                 // The content behind syllabus.topic; null before the first load.
  std::string topic_digest;  // Where the store keeps it.
  std::optional<OpenQuestion> question;
  std::vector<AttachedClient> clients;  // The one whose event came last is the first.
  std::vector<Deferred> inbox;
  std::vector<Timer> timers;
  Ring<HistoryEntry, kRecentMax> recent;  // The tail of the history.
  SeenIds seen;                           // The last event ids, see seen.h.
  uint64_t history_count = 0;             // The index of the last entry.
  uint32_t n = 0;                         // The number of the last client message.
  int64_t time_ms = 0;                    // Of the last record. Never goes back.
  int64_t active_ms = 0;                  // Of the last learner event.
  uint32_t nudges = 0;
  uint64_t first_sequence = 0;  // The record that opened it.
  uint64_t last_sequence = 0;   // The last record folded in.
  Counters counters;
};

// All fields; the topic's content by its digest.
bool operator==(const Session& one, const Session& other);

StateName NameOf(const State& state);
// The learner's events have to wait: a tool runs, or a teacher decides.
constexpr bool IsBusy(StateName state) {
  return state == StateName::kAwaitingToolResult || state == StateName::kAwaitingApproval;
}
// The open question's content, or null.
const Question* CurrentQuestion(const Session& session);
uint64_t HashId(const EventId& id);  // FNV-1a 64.
// The memory that a session holds, itself included, to within half of it. Without the topic, which
// is shared.
size_t ApproximateBytes(const Session& session);
// The first broken invariant as a sentence, or empty.
std::string Violation(const Session& session);

}  // namespace lyceum::tutor
