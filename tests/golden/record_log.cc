#include "record_log.h"

#include <chrono>
#include <string>
#include <utility>

#include "base/clock.h"
#include "wire/jetstream.h"

namespace lyceum::golden {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr size_t kNumbersBytes = 28;  // Of a record in the file, beside its texts.

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
    bytes +=
        kNumbersBytes + record.subject.size() + record.content_type.size() + record.data.size();
    if (bytes > bytes_max) break;
    log.records.push_back(std::move(record));
  }
  return log;
}

}  // namespace lyceum::golden
