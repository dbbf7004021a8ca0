// Ages, as they are typed.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace lyceum::cli {

// "90s", "15m", "2h", "7d", in ms. An error names the flag.
Result<int64_t> ParseAgeMs(const std::string& text, const char* flag = "--older");

}  // namespace lyceum::cli
