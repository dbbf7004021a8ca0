#include "llm/retry.h"

#include <gtest/gtest.h>

#include <string>

namespace lyceum::llm {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kNowMs = 784'111'777'000;  // Sun, 06 Nov 1994 08:49:37 GMT

std::optional<milliseconds> Wait(wire::Headers headers) {
  return ReadRetryHints({429, std::move(headers)}, kNowMs).wait;
}

TEST(RetryTest, StatusesThatPass) {
  for (const int status : {408, 409, 429, 500, 502, 503, 504, 529}) {
    EXPECT_TRUE(IsRetriedStatus(status)) << status;
  }
  for (const int status : {200, 302, 400, 401, 403, 404, 413, 422}) {
    EXPECT_FALSE(IsRetriedStatus(status)) << status;
  }
}

TEST(RetryTest, RetryAfterInSecondsOrMillisecondsOrAsADate) {
  EXPECT_EQ(Wait({{"Retry-After", "2"}}), milliseconds(2'000));
  EXPECT_EQ(Wait({{"retry-after", "0.5"}}), milliseconds(500));
  EXPECT_EQ(Wait({{"retry-after", "30"}, {"retry-after-ms", "250"}}), milliseconds(250));
  EXPECT_EQ(Wait({{"retry-after", "Sun, 06 Nov 1994 08:49:40 GMT"}}), milliseconds(3'000));
  EXPECT_EQ(Wait({{"retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"}}), milliseconds(0));
  EXPECT_EQ(Wait({{"retry-after", "999999999999"}}), std::chrono::hours(24));
}

TEST(RetryTest, WhatIsNoTimeIsNoHint) {
  for (const char* text : {"", "soon", "-1", "nan", "1s", "Sun, 06 Nov 1994", "inf x",
                           "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT"}) {
    EXPECT_EQ(Wait({{"retry-after", text}}), std::nullopt) << text;
  }
}

TEST(RetryTest, ShouldRetryIsReadAsItIs) {
  const auto read = [](const char* text) {
    return ReadRetryHints({500, {{"X-Should-Retry", text}}}, kNowMs).should_retry;
  };
  EXPECT_EQ(read("true"), true);
  EXPECT_EQ(read("false"), false);
  EXPECT_EQ(read("maybe"), std::nullopt);
}

TEST(RetryTest, BackoffDoublesUpToSixteenTimes) {
  const milliseconds base(500);
  const double most = 0.9999999;
  EXPECT_EQ(Backoff(0, base, most), milliseconds(499));
  EXPECT_EQ(Backoff(1, base, most), milliseconds(999));
  EXPECT_EQ(Backoff(4, base, most), milliseconds(7'999));
  EXPECT_EQ(Backoff(60, base, most), milliseconds(7'999));
  EXPECT_EQ(Backoff(4, base, 0), milliseconds(0));
}

}  // namespace
}  // namespace lyceum::llm
