// A letter's row as a message of the wire.
#pragma once

#include "envelope/rows.h"
#include "wire/connection.h"

namespace lyceum::outbox {

inline wire::Message MessageOf(const envelope::LetterRow& row) {
  wire::Message message;
  message.subject = row.subject;
  message.data = row.data;
  if (!row.content_type.empty()) message.headers.emplace_back("Content-Type", row.content_type);
  if (!row.trace.empty()) message.headers.emplace_back("traceparent", row.trace);
  return message;
}

}  // namespace lyceum::outbox
