// What makes a stream another one than the one that was applied.
#include <gtest/gtest.h>

#include "partition/partition_log.h"

namespace lyceum::partition {
namespace {

wire::StreamInfo Stream(uint64_t first, uint64_t last, int64_t created_ns = 7) {
  wire::StreamInfo info;
  info.config.name = "LYCEUM_P3";
  info.first_sequence = first;
  info.last_sequence = last;
  info.created_ns = created_ns;
  return info;
}

TEST(Lineage, AFreshPartitionReadsAStreamFromItsBeginning) {
  EXPECT_EQ(LineageBreak(Stream(1, 0), {}), "");
  EXPECT_EQ(LineageBreak(Stream(1, 9), {}), "");
}

TEST(Lineage, AFreshPartitionRefusesAStreamWhoseBeginningIsGone) {
  EXPECT_NE(LineageBreak(Stream(5, 9), {}).find("trimmed"), std::string::npos);
}

TEST(Lineage, TheSameStreamGoesOn) {
  EXPECT_EQ(LineageBreak(Stream(1, 9), {9, 7}), "");
  EXPECT_EQ(LineageBreak(Stream(1, 12), {9, 7}), "");
  EXPECT_EQ(LineageBreak(Stream(10, 12), {9, 7}), "");  // Trimmed up to what was applied.
}

TEST(Lineage, AStreamCreatedAnewIsRefused) {
  EXPECT_NE(LineageBreak(Stream(1, 12, 8), {9, 7}).find("created anew"), std::string::npos);
}

TEST(Lineage, AStreamThatLostItsTailIsRefused) {
  EXPECT_NE(LineageBreak(Stream(1, 8), {9, 7}).find("lost its tail"), std::string::npos);
}

TEST(Lineage, AStreamTrimmedPastTheNextRecordIsRefused) {
  const std::string broken = LineageBreak(Stream(12, 20), {9, 7});
  EXPECT_NE(broken.find("2 were trimmed unread"), std::string::npos) << broken;
}

}  // namespace
}  // namespace lyceum::partition
