// Any payload of the contract as JSON for people (`lyceum decode`).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace lyceum::envelope {

// `type` is a message name of the proto files, e.g. "Event" or "Session" (the row; texts of rows
// are base64 in it). kReject for any other: the text lists them.
Result<std::string> ToJson(std::string_view type, std::string_view data);

}  // namespace lyceum::envelope
