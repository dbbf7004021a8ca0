// Times as people and logs write them.
#pragma once

#include <cstdint>
#include <string>

namespace lyceum {

// "2026-01-31T08:15:00.123Z". What lies outside of the years 0 to 9999 is the first or last of
// them.
std::string TimeText(int64_t unix_ms);

}  // namespace lyceum
