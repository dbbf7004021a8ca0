// Topics: values of the course bucket, rows of the store.
#include <algorithm>

#include "base/digest.h"
#include "base/token.h"
#include "envelope/convert.h"
#include "envelope/proto_io.h"
#include "envelope/topics.h"

namespace lyceum::envelope {

std::string EncodeTopic(const tutor::Topic& topic) {
  v1::Topic out;
  Write(topic, &out);
  return WriteDeterministic(out);
}

Result<tutor::Topic> DecodeTopic(std::string_view data) {
  if (data.size() > kTopicBytesMax) return Reject("the topic: 256 KiB at most");
  v1::Topic in;
  if (auto parsed = ParseMessage(data, EncodingOf({}, data), &in); !parsed) return parsed.error();
  Reader reader;
  auto topic = Read(in, reader);
  return reader.Finish(std::move(topic));
}

std::optional<std::string> KeyPartOf(const std::string& id) {
  auto token = ToToken(id);
  if (!token) return std::nullopt;
  std::replace(token->begin(), token->end(), '~', '=');
  return std::move(*token);
}

Result<std::string> TopicKey(const tutor::TopicRef& ref) {
  const auto course = KeyPartOf(ref.course.value);
  if (!course) return Reject("this is no id of a course");
  const auto version = KeyPartOf(ref.version);
  if (!version) return Reject("this is no id of a version");
  const auto topic = KeyPartOf(ref.topic.value);
  if (!topic) return Reject("this is no id of a topic");
  return "topic." + *course + "." + *version + "." + *topic;
}

Result<tutor::Topic> DecodeNamedTopic(const tutor::LoadTopicOk& named, std::string_view data) {
  if (data.size() > kTopicBytesMax || Sha256Hex(data) != named.digest) {
    return Reject("the course bucket has another content under this name");
  }
  auto topic = DecodeTopic(data);
  if (!topic) return Reject(topic.error().text);
  return topic;
}

}  // namespace lyceum::envelope
