// Attempt: one request to one provider, from its first byte to the end of the answer. Decides
// nothing about what comes after it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/task.h"
#include "llm/chat.h"
#include "llm/codec.h"
#include "llm/config.h"
#include "llm/retry.h"
#include "wire/http.h"

namespace lyceum::llm {

// An answer that is longer is given up: nobody can read it.
inline constexpr size_t kTextBytesMax = 64 * 1024;

struct AttemptOrder {
  const Provider& provider;
  const std::string& model;
  const ChatRequest& chat;
  Deadline deadline;  // Of all of it.
  Deadline text_by;   // Of the first text.
  std::stop_token stop;
  const std::function<void(std::string_view)>& on_text;  // May be empty.
  const std::function<void()>& on_void;  // All text so far was none. Empty where on_text is.
  const Quirks& quirks;                  // As the provider is asked; provider.quirks, or milder.
  bool model_wanted = false;             // See AttemptEnd::model.
};

struct AttemptEnd {
  std::optional<Trouble> trouble;  // None: `reply` is the answer.
  ChatReply reply;                 // With a trouble: as far as it came.
  bool broken = false;             // With a trouble: it had begun to answer.
  RetryHints hints;
  // By the provider's account; where it gave none, the most that it may have cost.
  Usage cost;
  bool cost_known = false;
  uint32_t latency_ms = 0;
  uint32_t first_text_ms = 0;  // 0: none came.
  std::string model;           // That the provider says has answered, where it is wanted.
  // It ran out of time, and had so little that this does not speak against the provider.
  bool hurried = false;
};

// What is wrong with a structured answer, by the judge; the good one becomes the text, wherever it
// stood. Empty: nothing.
std::string JudgeReply(const Judge& judge, ChatReply* reply);

// Ends in the thread of the HTTP client, where it has to wait.
Task<AttemptEnd> MakeAttempt(wire::HttpClient& http, const AttemptOrder& order);

}  // namespace lyceum::llm
