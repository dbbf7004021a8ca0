// Drafts: texts that wait for a teacher, and what became of them. lyceum.draft.<course>.<user>
// Written in JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "envelope/encoding.h"
#include "tutor/effect.h"

namespace lyceum::envelope {

// Fits into one NATS message: what is too large for it goes without `authored` and the question.
std::string EncodeDraft(const UserId& user, const tutor::ShowDraft& draft);

// The parts of one that a program looks at; `json` is the whole of it for people.
struct ReceivedDraft {
  UserId user;
  CallId id;
  CourseId course;
  std::string topic;
  std::string tool;
  std::string asked;
  std::string text;
  std::string authored;
  std::string undecided;
  std::string outcome;  // Empty: it waits.
  EventId in_reply_to;
  int64_t due_ms = 0;
  int64_t at_ms = 0;
  std::string json;  // On one line.
};
Result<ReceivedDraft> DecodeDraft(std::string_view data, Encoding encoding);

}  // namespace lyceum::envelope
