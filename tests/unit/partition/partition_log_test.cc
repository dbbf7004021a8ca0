// One partition's log, read from a real nats-server.
#include "partition/partition_log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/nats_server.h"

namespace lyceum::partition {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PartitionLogTest : public ::testing::Test {
 protected:
  test::NatsServer server{{.roles = false}};
  std::shared_ptr<wire::Connection> connection = server.Connect("");

  void SetUp() override {
    ASSERT_TRUE(wire::EnsureStream(*connection, {.name = "LOG", .subjects = {"log.*"}}));
  }
  void Publish(int from, int to) {
    for (int i = from; i <= to; ++i) {
      ASSERT_TRUE(wire::PublishAcked(*connection,
                                     {.subject = "log.a", .data = fmt::format("{}", i)},
                                     fmt::format("id-{}", i), seconds(5)));
    }
  }
  // Reads until `count` records came or the deadline passed; retries what may be retried.
  std::vector<std::string> Read(PartitionLog& log, size_t count, Error* last = nullptr) {
    std::vector<std::string> read;
    const Deadline deadline = In(seconds(15));
    while (read.size() < count && Steady::now() < deadline) {
      auto records = log.Next(100, 1 << 20, In(milliseconds(50)));
      if (!records) {
        if (last != nullptr) *last = records.error();
        if (records.error().fault != Fault::kRetry) break;
        continue;
      }
      for (auto& record : *records) read.push_back(record.data);
    }
    return read;
  }
};

TEST_F(PartitionLogTest, ReadsInOrderFromTheRecordAfterTheAppliedOne) {
  Publish(1, 9);
  const int64_t created = (*wire::GetStream(*connection, "LOG"))->created_ns;
  PartitionLog log(connection, "LOG", {5, created});
  EXPECT_EQ(Read(log, 4), (std::vector<std::string>{"6", "7", "8", "9"}));
  auto none = log.Next(100, 1 << 20, In(milliseconds(20)));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

TEST_F(PartitionLogTest, ABatchIsBoundedByCountAndByBytes) {
  Publish(1, 9);
  PartitionLog log(connection, "LOG", {});
  EXPECT_LE(log.Next(2, 1 << 20, In(seconds(5)))->size(), 2u);
  EXPECT_LE(log.Next(100, 3, In(seconds(5)))->size(), 3u);
}

TEST_F(PartitionLogTest, RewindReadsAgain) {
  Publish(1, 4);
  PartitionLog log(connection, "LOG", {});
  EXPECT_EQ(Read(log, 4).size(), 4u);
  log.Rewind({2, log.stream_created_ns()});
  EXPECT_EQ(Read(log, 2), (std::vector<std::string>{"3", "4"}));
}

TEST_F(PartitionLogTest, AKilledServerLeavesNeitherGapNorRepeat) {
  Publish(1, 20);
  PartitionLog log(connection, "LOG", {});
  std::vector<std::string> read = Read(log, 20);
  server.Kill9();
  server.Restart();
  auto publisher = server.Connect("");
  for (int i = 21; i <= 40; ++i) {
    ASSERT_TRUE(wire::PublishAcked(*publisher, {.subject = "log.a", .data = fmt::format("{}", i)},
                                   fmt::format("id-{}", i), seconds(5)));
  }
  const std::vector<std::string> more = Read(log, 20);
  read.insert(read.end(), more.begin(), more.end());
  ASSERT_EQ(read.size(), 40u);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(read[i], fmt::format("{}", i + 1));
}

TEST_F(PartitionLogTest, AMissingStreamIsWaitedForWhereNothingWasApplied) {
  PartitionLog log(connection, "NOT_YET", {});
  auto next = log.Next(1, 1, In(milliseconds(50)));
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().fault, Fault::kRetry);
  EXPECT_NE(next.error().text.find("lyceum init"), std::string::npos);
}

TEST_F(PartitionLogTest, AStreamThatIsNotTheOneThatWasAppliedIsFatal) {
  Publish(1, 3);
  for (const Position& applied : {Position{3, 12345}, Position{7, 0}}) {
    PartitionLog log(connection, "LOG", applied);
    Error error;
    EXPECT_TRUE(Read(log, 1, &error).empty());
    EXPECT_EQ(error.fault, Fault::kFatal) << error.text;
  }
  PartitionLog gone(connection, "NOT_YET", {7, 0});
  Error error;
  EXPECT_TRUE(Read(gone, 1, &error).empty());
  EXPECT_EQ(error.fault, Fault::kFatal) << error.text;
}

}  // namespace
}  // namespace lyceum::partition
