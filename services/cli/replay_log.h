// The records of one session, from the log: what `lyceum replay` folds.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "envelope/codec.h"
#include "envelope/subjects.h"
#include "wire/connection.h"
#include "wire/jetstream.h"

namespace lyceum::cli {

struct SessionRecords {
  std::optional<envelope::SessionView> live;  // Empty: no owner answered.
  std::vector<uint64_t> sequences;            // Only where `live` is there: up to its applied_seq.
};

// Asks the owner, page by page. An owner that does not answer within the patience is no error.
Result<SessionRecords> FindRecords(wire::Connection& connection, const envelope::Subjects& subjects,
                                   const UserId& user, std::chrono::milliseconds patience);

// Each record in order, as long as `take` returns true. Where the owner named the sequences they
// are fetched one by one, else the whole stream is read through a filter.
Result<void> ReadRecords(wire::Connection& connection, const envelope::Subjects& subjects,
                         const UserId& user, const SessionRecords& records,
                         std::chrono::milliseconds patience,
                         const std::function<bool(const wire::StoredMessage&)>& take);

}  // namespace lyceum::cli
