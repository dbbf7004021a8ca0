// The syntax of JSON (RFC 8259), checked before anything is built from it: protobuf's own reader
// takes more than JSON and quotes what it cannot read in its errors.
#pragma once

#include <string_view>

#include "base/result.h"

namespace lyceum::envelope {

inline constexpr int kNestingMax = 32;

// One object and nothing after it, nested at most kNestingMax deep, all of it UTF-8, every \u
// escape a character. kReject: the text gives the byte and what should be there, never what is
// there.
// `root` where it is given: what two members of that object hold, as they are written there; empty
// where there is none, or where the text is refused.
struct JsonRoot {
  std::string_view id;
  std::string_view client;
};
Result<void> CheckJson(std::string_view text, JsonRoot* root = nullptr);

}  // namespace lyceum::envelope
