// The faults of the store in memory.
#include "store/memory_store.h"

#include <gtest/gtest.h>

#include <vector>

#include "checkpoint_fixture.h"

namespace lyceum::store {
namespace {

class MemoryStoreTest : public ::testing::Test {
 protected:
  void Write(PartitionId partition, uint64_t sequence) {
    auto batch = Batch(partition);
    batch->SetCheckpoint({.sequence = sequence});
    batch->PutSession("ada", std::to_string(sequence));
    store_.Write(batch, &inbox_,
                 [this](const Result<void>& written) { reported_.push_back(written.has_value()); });
  }
  void Run() {
    while (inbox_.RunOne(std::chrono::milliseconds(0))) {
    }
  }
  uint64_t Sequence(PartitionId partition = 1) {
    const auto checkpoint = store_.GetCheckpoint(partition).value();
    const uint64_t sequence = checkpoint ? checkpoint->sequence : 0;
    const auto session = store_.GetSession(partition, "ada").value();
    EXPECT_EQ(session.value_or("0"), std::to_string(sequence));  // A batch is a whole.
    return sequence;
  }

  Inbox inbox_;
  MemoryStore store_;
  std::vector<bool> reported_;
};

TEST_F(MemoryStoreTest, AWriteWaitsUntilItIsCompleted) {
  Write(1, 1);
  Write(1, 2);
  EXPECT_EQ(store_.PendingWrites(), 2u);
  EXPECT_EQ(Sequence(), 0u);
  store_.CompleteNext();
  EXPECT_EQ(Sequence(), 1u);
  EXPECT_TRUE(reported_.empty());  // Through the executor only.
  Run();
  EXPECT_EQ(reported_, std::vector<bool>{true});
  EXPECT_EQ(store_.PendingWrites(), 1u);
}

TEST_F(MemoryStoreTest, NoCheckpointIsWrittenOverAGap) {
  Write(1, 1);
  Write(1, 2);
  Write(2, 2);
  store_.FailNext(Retry("no"));
  store_.CompleteNext();
  store_.CompleteNext();
  EXPECT_EQ(Sequence(1), 0u);
  EXPECT_EQ(Sequence(2), 2u);
  Run();
  EXPECT_EQ(reported_, (std::vector<bool>{false, false, true}));
  Write(1, 3);
  store_.CompleteNext();
  Run();
  EXPECT_EQ(Sequence(1), 3u);
}

TEST_F(MemoryStoreTest, AFailureHoldsUntilEveryBatchOfItsPartitionIsReported) {
  Write(1, 1);
  Write(1, 2);
  store_.FailNext(Retry("no"));
  Run();  // The first is reported, the second is not.
  store_.CompleteNext();
  Write(1, 3);
  store_.CompleteNext();
  EXPECT_EQ(Sequence(1), 0u);
  Run();
  EXPECT_EQ(reported_, (std::vector<bool>{false, false, false}));
  Write(1, 3);
  store_.CompleteNext();
  EXPECT_EQ(Sequence(1), 3u);
}

TEST_F(MemoryStoreTest, ACrashLosesWhatWaits) {
  Write(1, 1);
  store_.CompleteNext();
  Write(1, 2);
  store_.Crash();
  EXPECT_EQ(store_.PendingWrites(), 0u);
  EXPECT_EQ(Sequence(), 1u);
  Write(1, 2);
  store_.CompleteNext();
  EXPECT_EQ(Sequence(), 2u);
}

TEST_F(MemoryStoreTest, ACrashCanLoseTheLastCompleteBatchesWhole) {
  store_.CompleteAtOnce();
  Write(1, 1);
  Write(2, 1);
  Write(1, 2);
  auto erase = Batch(2);
  erase->EraseAllFirst();
  erase->PutSession("bo", "x");
  store_.Write(erase, &inbox_, [](const Result<void>&) {});
  Write(1, 3);
  store_.LoseNextOnCrash(3);
  store_.Crash();
  EXPECT_EQ(Sequence(1), 1u);
  EXPECT_EQ(Sequence(2), 1u);
  EXPECT_EQ(store_.GetUsers(2, "", 9).value(), std::vector<std::string>{"ada"});
  store_.Crash();  // The next one loses nothing again.
  EXPECT_EQ(Sequence(1), 1u);
}

TEST_F(MemoryStoreTest, AFullStoreWritesNothingUntilThereIsRoom) {
  store_.SetFull(true);
  Write(1, 1);
  store_.CompleteNext();
  Run();
  EXPECT_EQ(reported_, std::vector<bool>{false});
  EXPECT_EQ(Sequence(), 0u);
  store_.SetFull(false);
  Write(1, 1);
  store_.CompleteNext();
  Run();
  EXPECT_EQ(reported_, (std::vector<bool>{false, true}));
}

TEST_F(MemoryStoreTest, ACorruptRowIsFatalUntilItIsWrittenAnew) {
  store_.CompleteAtOnce();
  auto batch = Batch(1);
  batch->PutSession("ada", "a");
  batch->PutSession("bo", "b");
  batch->SetCheckpoint({.sequence = 1});
  store_.Write(batch, &inbox_, [](const Result<void>&) {});
  store_.CorruptSession(1, "ada");
  const auto damaged = store_.GetSession(1, "ada");
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().fault, Fault::kFatal);
  EXPECT_EQ(store_.GetSession(1, "bo").value(), "b");
  EXPECT_FALSE(store_.GetUsers(1, "", 9).has_value());
  Write(1, 2);
  EXPECT_EQ(store_.GetSession(1, "ada").value(), "2");
  store_.CorruptCheckpoint(1);
  EXPECT_FALSE(store_.GetCheckpoint(1).has_value());
}

TEST_F(MemoryStoreTest, AnOlderCopyCanBePutBack) {
  store_.CompleteAtOnce();
  Write(1, 1);
  const MemoryStore::Content copy = store_.content();
  Write(1, 2);
  store_.SetContent(copy);
  EXPECT_EQ(Sequence(), 1u);
}

}  // namespace
}  // namespace lyceum::store
