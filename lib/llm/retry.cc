#include "llm/retry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace lyceum::llm {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kHintMax = std::chrono::hours(24);

// All of the text, as a number.
template <class T>
std::optional<T> Number(std::string_view text) {
  T value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<milliseconds> Milliseconds(std::string_view text, double unit_ms) {
  const std::optional<double> value = Number<double>(text);
  if (!value || !(*value >= 0)) return std::nullopt;  // Also not a number.
  const double ms = std::min(*value * unit_ms, static_cast<double>(kHintMax.count()));
  return milliseconds(static_cast<int64_t>(ms));
}

}  // namespace

bool IsRetriedStatus(int status) {
  return status == 408 || status == 409 || status == 429 || status >= 500;
}

RetryHints ReadRetryHints(const wire::HttpHead& head, int64_t unix_ms) {
  RetryHints hints;
  if (const std::string_view word = head.header("x-should-retry"); word == "true") {
    hints.should_retry = true;
  } else if (word == "false") {
    hints.should_retry = false;
  }
  hints.wait = Milliseconds(head.header("retry-after-ms"), 1);
  const std::string_view after = head.header("retry-after");
  if (!hints.wait) hints.wait = Milliseconds(after, 1000);
  if (!hints.wait) {
    if (const std::optional<int64_t> due_s = ReadHttpDate(after)) {
      hints.wait = std::clamp(milliseconds(*due_s * 1000 - unix_ms), milliseconds(0), kHintMax);
    }
  }
  return hints;
}

std::optional<int64_t> ReadHttpDate(std::string_view text) {
  using namespace std::chrono;
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  // 0    5  8   12   17 20 23 26
  // Sun, 06 Nov 1994 08:49:37 GMT
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") {
    return std::nullopt;
  }
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const auto d = Number<unsigned>(text.substr(5, 2));
  const auto y = Number<int>(text.substr(12, 4));
  const auto h = Number<unsigned>(text.substr(17, 2));
  const auto m = Number<unsigned>(text.substr(20, 2));
  const auto s = Number<unsigned>(text.substr(23, 2));
  if (month == kMonths.end() || !d || !y || !h || !m || !s || *h > 23 || *m > 59 || *s > 60) {
    return std::nullopt;
  }
  const auto month_number = static_cast<unsigned>(month - kMonths.begin()) + 1;
  const year_month_day date{year(*y), std::chrono::month(month_number), day(*d)};
  if (!date.ok()) return std::nullopt;
  const int64_t days = sys_days(date).time_since_epoch().count();
  return days * 86'400 + *h * 3'600 + *m * 60 + *s;
}

milliseconds Backoff(uint32_t retry, milliseconds base, double chance) {
  const milliseconds most = base * (int64_t{1} << std::min<uint32_t>(retry, 4));
  return milliseconds(static_cast<int64_t>(chance * static_cast<double>(most.count())));
}

}  // namespace lyceum::llm
