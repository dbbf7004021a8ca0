// Records of a real partition's stream as a recorded log.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "envelope/subjects.h"
#include "log_file.h"
#include "wire/connection.h"

namespace lyceum::golden {

// From the first record on, count_max of them at most, and as many as fit into bytes_max of file.
// kReject: there is no such stream. kRetry: the server does not answer.
Result<RecordedLog> RecordLog(wire::Connection& connection, const envelope::Subjects& subjects,
                              uint32_t partition, size_t count_max, size_t bytes_max);

}  // namespace lyceum::golden
