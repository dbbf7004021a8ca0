// Effect: all that a step may ask of the shell. A closed list, in order; the shell commits, then
// acts.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "tutor/call.h"
#include "tutor/session.h"

namespace lyceum::tutor {

// --- What a client hears (contract: ClientMessage) ----------------------------------------------
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
struct WaitOut {};
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

using Body = std::variant<TextOut, QuestionOut, FeedbackOut, HintOut, WaitOut, ErrorOut,
                          ProgressOut, CompletedOut>;

struct ClientMessage {
  std::string id;  // "<pp>-<seq>-<index>"
  uint32_t n = 0;  // Dense per session from 1. 0: not part of the session (a refusal).
  EventId in_reply_to;
  int64_t at_ms = 0;
  StateName state = StateName::kExposition;  // After the step.
  Body body;
};

// To all attached clients, and kept for attach (the last kMessagesKept).
struct Say {
  ClientMessage message;
};
// To one client that has no part in the session (n = 0), not kept.
struct Tell {
  AttachedClient to;
  ClientMessage message;
};
// The kept messages after after_n, again, to one client.
struct Resend {
  AttachedClient to;
  uint32_t after_n = 0;
};
// Dispatch. The call stands in the state as pending.
struct CallTool {
  Call call;
  ToolArgs args;
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
struct Append {
  HistoryEntry entry;
};
// The session may leave memory.
struct Unload {};

using Effect = std::variant<Say, Tell, Resend, CallTool, DispatchAgain, EndCall, SetTimer,
                            ClearTimer, Append, Unload>;
using Effects = std::vector<Effect>;

}  // namespace lyceum::tutor
