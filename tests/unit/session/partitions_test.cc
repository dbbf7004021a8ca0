// The --own flag of a session worker.
#include <gtest/gtest.h>

#include "session/session_worker.h"

namespace lyceum::session {
namespace {

using Partitions = std::vector<store::PartitionId>;

TEST(ParsePartitions, TakesNumbersAndRanges) {
  EXPECT_EQ(*ParsePartitions("3", 16), (Partitions{3}));
  EXPECT_EQ(*ParsePartitions("0-3,12", 16), (Partitions{0, 1, 2, 3, 12}));
  EXPECT_EQ(*ParsePartitions("5,1-2,2", 16), (Partitions{1, 2, 5}));
}

TEST(ParsePartitions, RefusesWhatIsNotOfTheForm) {
  for (const char* text : {"", "a", "16", "1-", "-1", "3-1", "1,,2", "1 2", "0-16", "1,"}) {
    EXPECT_FALSE(ParsePartitions(text, 16)) << text;
  }
}

}  // namespace
}  // namespace lyceum::session
