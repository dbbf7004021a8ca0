// Ages, as they are typed.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace lyceum::cli {

// Of --older: "90s", "15m", "2h", "7d", in ms.
Result<int64_t> ParseAgeMs(const std::string& text);

}  // namespace lyceum::cli
