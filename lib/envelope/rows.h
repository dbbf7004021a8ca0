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

}  // namespace lyceum::envelope
