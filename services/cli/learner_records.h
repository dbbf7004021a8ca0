// What streams have, of one learner above all: for `lyceum export`, `lyceum forget` and `lyceum dlq`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "envelope/codec.h"
#include "envelope/subjects.h"
#include "wire/connection.h"
#include "wire/jetstream.h"

namespace lyceum::cli {

using TakeMessage = std::function<void(const wire::StoredMessage&)>;

// What the filter lets through of the stream as it was when it was looked at, from a sequence on. kRetry: it went silent.
Result<void> ReadStream(wire::Connection& connection, const wire::StreamInfo& stream,
                        const std::string& filter, uint64_t from, const TakeMessage& take);

// Deletes a message so that the server overwrites it. False: it was gone already.
Result<bool> EraseMessage(wire::Connection& connection, const std::string& stream,
                          uint64_t sequence);

// Each record under the learner's name, of every partition: whoever may publish can put one into a wrong one.
Result<void> ReadRecordsOf(
    wire::Connection& connection, const envelope::Subjects& subjects, const UserId& user,
    const std::function<void(uint32_t partition, const wire::StoredMessage&)>& take);

// Each dead letter of a record under that name, also where it is filed as nobody's.
Result<void> ReadDeadLettersOf(
    wire::Connection& connection, const envelope::Subjects& subjects, const UserId& user,
    const std::function<void(const wire::StoredMessage&, const envelope::DeadLetter&)>& take);

}  // namespace lyceum::cli
