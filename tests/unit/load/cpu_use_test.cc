#include "load/cpu_use.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/clock.h"

namespace lyceum::load {
namespace {

TEST(CpuUse, TellsWhatThisProcessUsed) {
  auto use = CpuUse::Begin({getpid()});
  ASSERT_TRUE(use) << use.error().text;
  const Deadline end = In(std::chrono::milliseconds(10'000));
  double used = 0;
  for (uint64_t i = 0; used < 0.05 && Steady::now() < end; ++i) {
    if (i % 1000 == 0) used = use->Seconds().at("unit_load");
  }
  EXPECT_GE(used, 0.05);
}

TEST(CpuUse, OtherProcessesOfTheMachineAreNotCounted) {
  auto use = CpuUse::Begin({getpid()});
  ASSERT_TRUE(use) << use.error().text;
  EXPECT_EQ(use->Seconds().size(), 1);
}

TEST(CpuUse, AProcessThatDoesNotRunIsRefused) {
  const auto use = CpuUse::Begin({999'999'999});
  ASSERT_FALSE(use);
  EXPECT_NE(use.error().text.find("999999999"), std::string::npos);
}

TEST(CpuUse, PidsAreReadWithCommasBetweenAndCountOnce) {
  const auto pids = ParsePids("12,7,12");
  ASSERT_TRUE(pids);
  EXPECT_EQ(*pids, (std::vector<pid_t>{12, 7}));
  EXPECT_TRUE(ParsePids("")->empty());
  for (const char* wrong : {"x", "1,", ",1", "0", "-3", "1 2", "99999999999"}) {
    EXPECT_FALSE(ParsePids(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace lyceum::load
