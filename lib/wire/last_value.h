// The last message of a subject, in a stream that keeps no other: asked for, and replaced by who knows which one it
// replaces. Over a Wire.
//
// The calls end after some seconds, and call `done` once, never before they return. kRetry: nobody answered, or the
// stream is not there; what was put may be there or not. kReject: it will never be taken.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/log_reader.h"
#include "wire/wire.h"

namespace lyceum::wire {

// Empty: there is none.
void GetLast(Wire& wire, const std::string& stream, const std::string& subject,
             std::function<void(Result<std::optional<OwnedRecord>>)> done);

// `last`: the sequence of the message that it takes the place of; 0: there is none. The sequence of the new one. Empty:
// another one is the last, and stays.
void PutLast(Wire& wire, const std::string& subject, std::string_view data, uint64_t last,
             std::function<void(Result<std::optional<uint64_t>>)> done);

}  // namespace lyceum::wire
