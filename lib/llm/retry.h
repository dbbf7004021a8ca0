// Retry: which answers are asked for again, and when. Pure: time and chance are given in.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/http.h"

namespace lyceum::llm {

// 408, 409, 429 and all from 500 on: what passes by itself.
bool IsRetriedStatus(int status);

// What the provider says about another attempt.
struct RetryHints {
  std::optional<bool> should_retry;               // x-should-retry; beats the status.
  std::optional<std::chrono::milliseconds> wait;  // retry-after-ms, else retry-after; 0 to a day.
};
RetryHints ReadRetryHints(const wire::HttpHead& head, int64_t unix_ms);

// Seconds since 1970 of "Sun, 06 Nov 1994 08:49:37 GMT", the one form of a date that HTTP has
// servers send.
std::optional<int64_t> ReadHttpDate(std::string_view text);

// Before retry 0, 1, 2 ...: anything up to base * 2^retry, and up to 16 * base, so that those who
// failed together do not come back together. `chance` is from [0, 1).
std::chrono::milliseconds Backoff(uint32_t retry, std::chrono::milliseconds base, double chance);

}  // namespace lyceum::llm
