// Messages <-> bytes, before they mean anything. Private to this library.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "envelope/encoding.h"
#include "envelope/json_syntax.h"

namespace lyceum::envelope {

// Reads into an empty message. kReject: over kPayloadBytesMax, not parsed, nested deeper than
// kNestingMax, unknown fields, text that is not UTF-8. The error names the field and quotes no
// value. `root` where it is given: what the JSON says of its sender, also when it is refused.
Result<void> ParseMessage(std::string_view data, Encoding encoding,
                          google::protobuf::Message* message, JsonRoot* root = nullptr);

// The same for rows that we wrote ourselves: protobuf, no bound on the size, texts not checked,
// kFatal.
Result<void> ParseRow(std::string_view data, google::protobuf::Message* message);

std::string WriteMessage(const google::protobuf::Message& message, Encoding encoding);
// The same bytes for the same message.
std::string WriteDeterministic(const google::protobuf::Message& message);
// For people: indented.
std::string WritePretty(const google::protobuf::Message& message);

}  // namespace lyceum::envelope
