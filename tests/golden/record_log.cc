#include "record_log.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/clock.h"
#include "envelope/events.h"
#include "envelope/topics.h"
#include "shard/named_topic.h"
#include "wire/jetstream.h"

namespace lyceum::golden {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr size_t kNumbersBytes = 28;  // Of a record in the file, beside its texts.

// The content of the topic that a record names. Empty: it names none.
Result<std::string> NamedIn(wire::Connection& connection, const envelope::Subjects& subjects,
                            const LogRecord& record) {
  auto event =
      envelope::DecodeEvent(record.data, envelope::EncodingOf(record.content_type, record.data),
                            envelope::RecordClass::kTool);
  const tutor::LoadTopicOk* named = event ? shard::TopicToFetch(&event->event) : nullptr;
  if (named == nullptr) return std::string();
  const auto key = envelope::TopicKey(*named->name);
  if (!key) return key.error();
  auto bucket = wire::Bucket::Open(connection, subjects.CourseBucket());
  if (!bucket) return bucket.error();
  if (!*bucket) return Reject("there is no course bucket");
  auto value = (*bucket)->Get(*key);
  if (!value) return value.error();
  if (!*value) return Reject("the course bucket does not have " + *key);
  return std::move(**value);
}

}  // namespace

Result<RecordedLog> RecordLog(wire::Connection& connection, const envelope::Subjects& subjects,
                              uint32_t partition, size_t count_max, size_t bytes_max) {
  const std::string stream = subjects.LogStream(partition);
  const auto info = wire::GetStream(connection, stream);
  if (!info) return info.error();
  if (!*info) return Reject("there is no stream " + stream);
  RecordedLog log;
  log.prefix = subjects.prefix();
  log.partitions = subjects.partitions();
  log.partition = partition;
  const auto reader = wire::StreamReader::Open(connection, stream, "", 1);
  if (!reader) return reader.error();
  size_t bytes = EncodeLog(log).size();
  while (log.records.size() < count_max) {
    if ((*info)->messages == log.records.size()) break;
    auto message = (*reader)->Next(In(kPatience));
    if (!message) return message.error();
    if (!*message) return Retry("nothing came of " + stream + " for 10 s");
    LogRecord record;
    record.subject = (*message)->subject;
    record.content_type = (*message)->header("Content-Type");
    record.data = std::move((*message)->data);
    record.sequence = (*message)->sequence;
    record.time_ms = (*message)->time_ms;
    Result<std::string> topic = NamedIn(connection, subjects, record);
    if (!topic) return topic.error();
    const bool is_new = !topic->empty() &&
                        std::find(log.topics.begin(), log.topics.end(), *topic) == log.topics.end();
    if (is_new) bytes += kNumbersBytes + topic->size();
    bytes +=
        kNumbersBytes + record.subject.size() + record.content_type.size() + record.data.size();
    if (bytes > bytes_max) break;
    if (is_new) log.topics.push_back(std::move(*topic));
    log.records.push_back(std::move(record));
  }
  return log;
}

}  // namespace lyceum::golden
