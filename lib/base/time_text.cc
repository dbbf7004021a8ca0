#include "base/time_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace lyceum {

std::string TimeText(int64_t unix_ms) {
  int64_t seconds = unix_ms / 1000;
  int64_t ms = unix_ms % 1000;
  if (ms < 0) {
    ms += 1000;
    --seconds;
  }
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<time_t>(seconds)), ms);
}

}  // namespace lyceum
