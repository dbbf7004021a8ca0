// Messages <-> bytes, before they mean anything. Private to this library.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "envelope/codec.h"

namespace lyceum::envelope {

inline constexpr size_t kPayloadBytesMax = 1024 * 1024;

// Reads into an empty message. kReject: over kPayloadBytesMax, not parsed, nested deeper than
// kNestingMax, unknown fields, text that is not UTF-8. The error names the field and quotes no
// value.
Result<void> ParseMessage(std::string_view data, Encoding encoding,
                          google::protobuf::Message* message);

// The same for rows that we wrote ourselves: protobuf, no bound on the size, kFatal.
Result<void> ParseRow(std::string_view data, google::protobuf::Message* message);

// What can be read of it, without any check.
void ParseWhatIsThere(std::string_view data, google::protobuf::Message* message);

std::string WriteMessage(const google::protobuf::Message& message, Encoding encoding);
// The same bytes for the same message.
std::string WriteDeterministic(const google::protobuf::Message& message);
// For people: indented.
std::string WritePretty(const google::protobuf::Message& message);

}  // namespace lyceum::envelope
