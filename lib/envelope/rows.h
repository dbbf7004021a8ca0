// What the store keeps, as bytes: messages/lyceum/v1/record.proto. Read back exactly as written.
// Reading fails with kFatal: bytes that we wrote and cannot read are corruption.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "tutor/effect.h"
#include "tutor/session.h"

namespace lyceum::envelope {

// All but the topic's content, which is a row of its own under topic_digest (EncodeTopic,
// topics.h).
std::string EncodeSession(const tutor::Session& session);
Result<tutor::Session> DecodeSession(std::string_view bytes);

std::string EncodeHistoryEntry(const tutor::HistoryEntry& entry);
Result<tutor::HistoryEntry> DecodeHistoryEntry(std::string_view bytes);

// A kept client message, so that it can be sent again in either encoding.
std::string EncodeKeptMessage(const UserId& user, const tutor::ClientMessage& message);
struct KeptClientMessage {
  UserId user;
  tutor::ClientMessage message;
};
Result<KeptClientMessage> DecodeKeptMessage(std::string_view bytes);

// A letter: what to publish, and how it is known to have arrived.
struct LetterRow {
  std::string subject;
  std::string
      message_id;  // Not empty: JetStream, erased when acked. Empty: core NATS, after a flush.
  std::string content_type;  // "application/json" or empty.
  std::string trace;
  std::string data;
};
std::string EncodeLetter(const LetterRow& letter);
Result<LetterRow> DecodeLetter(std::string_view bytes);

}  // namespace lyceum::envelope
