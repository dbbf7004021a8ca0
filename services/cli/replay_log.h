// The log of a partition as `lyceum replay` reads it, and what the owner says of a session.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "envelope/codec.h"
#include "envelope/subjects.h"
#include "shard/log_history.h"
#include "shard/refold.h"
#include "wire/connection.h"
#include "wire/jetstream.h"

namespace lyceum::cli {

struct LogView {
  std::string stream;
  uint64_t first_sequence =
      0;                       // 1 also where the first records were of learners who are forgotten.
  uint64_t last_sequence = 0;  // When it was looked at: nothing beyond it is read.
  shard::LogHistory history{0};
};
// STREAM.INFO, the keys of the cluster bucket, the barriers and whom to forget. kReject also: the log is under a
// newer version of the state machine than this program has.
Result<LogView> LookAtLog(wire::Connection& connection, const envelope::Subjects& subjects,
                          uint32_t partition, std::chrono::milliseconds patience);

// Each record of the filter's subjects (empty: of all) up to last_sequence, in order, as long as
// `take` returns true. Knows where they end. kRetry: nothing came within the patience.
Result<void> ReadLog(wire::Connection& connection, const LogView& log, const std::string& filter,
                     std::chrono::milliseconds patience,
                     const std::function<bool(const wire::StoredMessage&)>& take);

// As the fold takes it. Views into it.
shard::Record RecordOf(const wire::StoredMessage& stored);

// Each learner's record of a whole partition, in order; without those of the partition itself and of learners who belong
// to another one. Ends with the error of `fold`.
Result<void> ReadLearners(
    wire::Connection& connection, const envelope::Subjects& subjects, const LogView& log,
    std::chrono::milliseconds patience,
    const std::function<Result<void>(std::string_view user, const shard::Record&)>& fold);

// The topics that records name, from the course bucket, each once. `connection` outlives it.
shard::TopicFinder TopicsOfBucket(wire::Connection& connection, const envelope::Subjects& subjects);

struct LiveSession {
  envelope::SessionView view;
  std::vector<uint64_t> records;  // As they were folded, the last one is applied_seq.
  bool whole = true;              // False: the owner could not name the first ones.
};
// Asks the owner, page by page. kRetry: it does not answer.
Result<LiveSession> AskLive(wire::Connection& connection, const envelope::Subjects& subjects,
                            const UserId& user, std::chrono::milliseconds patience);

}  // namespace lyceum::cli
