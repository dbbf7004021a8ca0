#include "load/latencies.h"

#include <gtest/gtest.h>

namespace lyceum::load {
namespace {

TEST(Latencies, AShareIsTheSmallestSampleThatSoManyDoNotExceed) {
  Latencies latencies;
  EXPECT_EQ(latencies.AtMs(0.5), 0);
  for (int64_t us = 100'000; us > 0; us -= 1'000) latencies.Add(us);
  EXPECT_EQ(latencies.AtMs(0.5), 50);
  EXPECT_EQ(latencies.AtMs(0.99), 99);
  EXPECT_EQ(latencies.AtMs(1), 100);
  latencies.Add(500'000);
  EXPECT_EQ(latencies.AtMs(1), 500);
}

}  // namespace
}  // namespace lyceum::load
