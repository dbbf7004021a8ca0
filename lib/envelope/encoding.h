// How a payload is written. Of every message of the contract:
//
// Reading: JSON where the header Content-Type is application/json or the first byte is '{',
// protobuf otherwise. Refused (kReject, with a text that names the field): what does not parse,
// unknown fields, text that is not UTF-8, ids that are not tokens, names that no table has, numbers
// out of range, texts over their bound (tutor/limits.h), nesting over 32, payloads over 1 MiB. The
// texts quote nothing of what was sent but names of fields. Writing: JSON with the names of the
// proto file and without empty fields, as proto3 JSON does.
#pragma once

#include <cstddef>
#include <string_view>

#include "tutor/event.h"

namespace lyceum::envelope {

using tutor::Encoding;

inline constexpr size_t kPayloadBytesMax = 1024 * 1024;  // Of one NATS message.

Encoding EncodingOf(std::string_view content_type, std::string_view data);

}  // namespace lyceum::envelope
