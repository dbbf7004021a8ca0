// A tool request is encoded once; each dispatch of it only appends what differs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lyceum::envelope {

// Completes a protobuf ToolRequest that was written without attempt and deadline. The last attempt
// that is appended counts. Deadline: Unix ms, not negative.
void AppendAttempt(std::string* bytes, uint32_t attempt, int64_t deadline_unix_ms);
// The completed request for a worker that reads JSON. kFatal: the base is not one of ours.
Result<std::string> ToolRequestAsJson(std::string_view base, uint32_t attempt,
                                      int64_t deadline_unix_ms);

}  // namespace lyceum::envelope
