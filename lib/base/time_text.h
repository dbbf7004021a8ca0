// Times as people and logs write them.
#pragma once

#include <cstdint>
#include <string>

namespace lyceum {

// "2026-01-31T08:15:00.123Z"
std::string TimeText(int64_t unix_ms);

}  // namespace lyceum
