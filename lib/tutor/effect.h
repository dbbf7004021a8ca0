// Effect: all that a step may ask of the shell. A closed list, in the order in which it is to
// happen.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tutor/call.h"
#include "tutor/limits.h"
#include "tutor/session.h"

namespace lyceum::tutor {

// --- Messages to clients (contract: ClientMessage) ---------------------------------------------
struct TextOut {
  std::string text;
};
struct QuestionOut {
  QuestionView question;
};
struct FeedbackOut {
  Verdict verdict;
  double score = 0;
  std::string text;
  std::optional<ErrorId> known_error;
};
struct HintOut {
  uint32_t level = 0;
  uint32_t of = 0;
  std::string text;
};
struct WaitOut {
  bool kept = false;   // The event will be handled; false: it was not used.
  uint32_t place = 0;  // 1: the next one when the lock ends. 0: now, or never.
};
struct ErrorOut {
  std::string code;
  std::string text;
  bool retryable = false;
};
struct ProgressOut {
  TopicId topic;
  uint32_t done = 0;
  uint32_t total = 0;
};  // Questions of the topic.
struct CompletedOut {};
// All that was streamed for this call is void.
struct RetractOut {
  CallId call;
};
// The answer to attach: the messages first_n to last_n follow, none where first_n > last_n; what
// lies before first_n is gone. And where the learner stands.
struct ResumedOut {
  uint32_t first_n = 0;
  uint32_t last_n = 0;
  TopicId topic;
  std::optional<ProgressOut> progress;   // Empty: no topic is loaded.
  std::optional<QuestionView> question;  // The open one.
};
// The client gets no more messages.
struct DetachedOut {
  std::string reason;
};

using Body = std::variant<TextOut, QuestionOut, FeedbackOut, HintOut, WaitOut, ErrorOut,
                          ProgressOut, CompletedOut, RetractOut, ResumedOut, DetachedOut>;

struct ClientMessage {
  std::string id;  // IdAt
  uint32_t n = 0;  // Dense per session from 1. 0: not part of the session (a refusal).
  EventId in_reply_to;
  int64_t at_ms = 0;
  StateName state = StateName::kExposition;  // After the step.
  Body body;
};

// To all attached clients, and kept for attach (the last kMessagesKept).
struct EmitMessage {
  ClientMessage message;
  uint64_t history_index = 0;  // Of the entry that HistoryEntryOf makes of it; 0: it makes none.
};
// To all attached clients, but no part of the session (n = 0) and not kept.
struct TellAll {
  ClientMessage message;
};
// To one client, no part of the session (n = 0) and not kept.
struct ReplyTo {
  AttachedClient client;
  ClientMessage message;
};
// The kept messages first_n to last_n, again, to one client.
struct ResendMessages {
  AttachedClient client;
  uint32_t first_n = 1;
  uint32_t last_n = 0;
};
// Dispatch. The call is pending in the state. It may run for call.duration_ms from its dispatch;
// the calls of one lock (call.locked_ms) for lock_ms_max from the first one's. Whoever dispatches
// counts both, and when one is over fires the call's deadline timer or reports an error as its
// result.
struct CallTool {
  Call call;
  ToolArgs args;
  int64_t lock_ms_max = kLockMsMax;
};
// The same call, again, now (an operator's retry).
struct DispatchAgain {
  CallId call;
};
// The pending call is over, by its result, its deadline or a cancel: stop dispatching it.
// `tell_worker` where the work itself is no longer wanted.
struct EndCall {
  CallId call;
  bool tell_worker = false;
};
struct SetTimer {
  Timer timer;
};
struct ClearTimer {
  Timer timer;
};
// An entry of the history that is no message to clients: of the learner, an operator, the system.
struct Append {
  HistoryEntry entry;
};
// The session may leave memory.
struct Unload {};
// To teachers: the draft that waits, or what became of it.
struct ShowDraft {
  std::shared_ptr<const Draft> draft;
  CourseId course;
  TopicId topic;
  std::string outcome;  // approve edit replace authored as_is given_up. Empty: it waits.
  EventId in_reply_to;  // The teacher's event that decided it. Empty: none did.
  Undecided undecided = Undecided::kAuthored;
  int64_t at_ms = 0;
};

using Effect = std::variant<EmitMessage, TellAll, ReplyTo, ResendMessages, CallTool, DispatchAgain,
                            EndCall, SetTimer, ClearTimer, Append, Unload, ShowDraft>;
using Effects = std::vector<Effect>;

// What the history keeps of a message to clients.
HistoryEntry HistoryEntryOf(const ClientMessage& message, uint64_t index);
// Its kind and text there. No kind: the history keeps nothing of such a message.
std::string_view HistoryKindOf(const Body& body);
std::string_view HistoryTextOf(const Body& body);

}  // namespace lyceum::tutor
