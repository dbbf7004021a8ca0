// Topics: values of the course bucket, rows of the store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tutor/call.h"
#include "tutor/content.h"

namespace lyceum::envelope {

std::string EncodeTopic(const tutor::Topic& topic);  // Deterministic protobuf.
Result<tutor::Topic> DecodeTopic(std::string_view data);

// An id as a part of a key: its token with '=' for '~', which a key may not hold. Empty: no id.
std::optional<std::string> KeyPartOf(const std::string& id);
// Where the course bucket has a topic: topic.<course>.<version>.<topic>. kReject: not all of them
// are ids.
Result<std::string> TopicKey(const tutor::TopicRef& ref);
// What the bucket has under that key as the content of a named topic. kReject: it is another one.
Result<tutor::Topic> DecodeNamedTopic(const tutor::LoadTopicOk& named, std::string_view data);

}  // namespace lyceum::envelope
