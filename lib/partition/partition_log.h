// PartitionLog: one partition's records, in order, from applied+1 on, for ever.
//
// Lineage: at opening and after every reconnect the stream is held against what was applied. A
// stream that was re-created, lost its tail or was trimmed past applied+1 is kFatal: reading on
// would take new records for old ones, or skip some. Everything else that goes wrong is kRetry:
// call Next again. One thread calls it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "wire/connection.h"
#include "wire/jetstream.h"

namespace lyceum::partition {

struct Position {
  uint64_t sequence = 0;          // The last record that was applied; 0: none.
  int64_t stream_created_ns = 0;  // Of the stream that it was read from; 0: not known yet.
};

// Empty, or what makes the stream another one than the position was taken from.
std::string LineageBreak(const wire::StreamInfo& stream, const Position& applied);

class PartitionLog {
 public:
  PartitionLog(std::shared_ptr<wire::Connection> connection, std::string stream, Position applied);

  // Waits for one record until the deadline, then takes what is there, at most count_max and about
  // bytes_max. Empty: none came.
  Result<std::vector<wire::StoredMessage>> Next(size_t count_max, size_t bytes_max,
                                                Deadline deadline);

  // Goes back to a position: what was read after it is read again.
  void Rewind(Position applied);
  // Of the stream that is being read; 0 before the first record.
  int64_t stream_created_ns() const { return position_.stream_created_ns; }

 private:
  Result<void> Reopen();

  std::shared_ptr<wire::Connection> connection_;
  std::string stream_;
  Position position_;  // Of the last record handed out.
  uint64_t reconnects_ = 0;
  std::unique_ptr<wire::StreamReader> reader_;
};

}  // namespace lyceum::partition
