#include "cli/age.h"

#include <charconv>

namespace lyceum::cli {

Result<int64_t> ParseAgeMs(const std::string& text, const char* flag) {
  const Error wrong = Reject(std::string(flag) + " takes a number and s, m, h or d, as 15m or 7d");
  constexpr int64_t kMost = 100'000;  // Of any unit: 273 years in days.
  int64_t number = 0;
  if (text.size() < 2) return wrong;
  const char* const unit = text.data() + text.size() - 1;
  const auto [end, code] = std::from_chars(text.data(), unit, number);
  if (code != std::errc() || end != unit || number < 0 || number > kMost) return wrong;
  switch (*unit) {
    case 's':
      return number * 1'000;
    case 'm':
      return number * 60'000;
    case 'h':
      return number * 3'600'000;
    case 'd':
      return number * 86'400'000;
    default:
      return wrong;
  }
}

}  // namespace lyceum::cli
