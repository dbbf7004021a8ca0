#include "base/time_text.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace lyceum {
namespace {

TEST(TimeText, IsTheTimeInUtcWithMilliseconds) {
  EXPECT_EQ(TimeText(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(TimeText(1), "1970-01-01T00:00:00.001Z");
  EXPECT_EQ(TimeText(951'782'399'999), "2000-02-28T23:59:59.999Z");
  EXPECT_EQ(TimeText(951'782'400'000), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(TimeText(1'234'567'890'123), "2009-02-13T23:31:30.123Z");
  EXPECT_EQ(TimeText(253'402'300'799'999), "9999-12-31T23:59:59.999Z");
}

TEST(TimeText, BeforeTheEpochToo) {
  EXPECT_EQ(TimeText(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(TimeText(-86'400'000), "1969-12-31T00:00:00.000Z");
}

// A letter or a record may say anything.
TEST(TimeText, TakesAnyNumber) {
  EXPECT_EQ(TimeText(INT64_MAX), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(TimeText(INT64_MIN), "0000-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace lyceum
