// Topics: values of the course bucket, rows of the store.
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

}  // namespace lyceum::envelope
