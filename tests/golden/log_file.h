// A recorded log as a file: records of one partition, as they lie in its stream.
//
//   file   := "LYCEUM LOG 2\n" prefix:text partitions:u32 partition:u32 lineage:u32
//             topics:u32 topic:text* record*
//             "LYCEUM LOG 1\n": the same without topics
//   record := sequence:u64 time_ms:u64 subject:text content_type:text data:text
//   text   := size:u32 byte*
// A topic is what the course bucket has of one that a record names (envelope::EncodeTopic).
// Numbers are big-endian. `prefix` is that of the subjects, `lineage` that under which the records
// are folded, `time_ms` when the server stored the record (Unix), `content_type` its header or
// empty. Invariant: sequences grow.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lyceum::golden {

struct LogRecord {
  std::string subject;
  std::string content_type;
  std::string data;
  uint64_t sequence = 0;
  int64_t time_ms = 0;
};

struct RecordedLog {
  std::string prefix = "lyceum";
  uint32_t partitions = 16;
  uint32_t partition = 0;
  uint32_t lineage = 0;
  std::vector<std::string> topics;
  std::vector<LogRecord> records;
};

std::string EncodeLog(const RecordedLog& log);
// kReject: not such a file, cut off, or its sequences do not grow. The text names the byte.
Result<RecordedLog> DecodeLog(std::string_view bytes);

Result<RecordedLog> ReadLog(const std::string& path);
Result<void> WriteLog(const std::string& path, const RecordedLog& log);

}  // namespace lyceum::golden
