// What the streams have of one learner: for `lyceum export` and `lyceum forget`.
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

// Each record under the learner's name, of every partition: whoever may publish can put one into a wrong one.
Result<void> ReadRecordsOf(
    wire::Connection& connection, const envelope::Subjects& subjects, const UserId& user,
    const std::function<void(uint32_t partition, const wire::StoredMessage&)>& take);

// Each dead letter of a record under that name, also where it is filed as nobody's.
Result<void> ReadDeadLettersOf(
    wire::Connection& connection, const envelope::Subjects& subjects, const UserId& user,
    const std::function<void(const wire::StoredMessage&, const envelope::DeadLetter&)>& take);

}  // namespace lyceum::cli
