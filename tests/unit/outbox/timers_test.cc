#include <gtest/gtest.h>

#include "outbox_vocabulary.h"

namespace lyceum::outbox {
namespace {

TEST_F(OutboxTest, ATimerFiresOnceWhenItIsDueAndIsDone) {
  MakeLog();
  Ear ear(*admin_, "lyceum.in.timer.*");
  Start();
  const int64_t due_ms = UnixMs() + 400;
  CommitTimer(2, due_ms + 86'400'000);  // Tomorrow.
  CommitTimer(1, due_ms);
  const auto message = ear.Next();
  ASSERT_TRUE(message);
  EXPECT_GE(UnixMs(), due_ms);
  EXPECT_LE(UnixMs(), due_ms + 1'000);
  EXPECT_EQ(message->data, "timer 1");
  EXPECT_EQ(message->subject, "lyceum.in.timer.ada");
  EXPECT_EQ(message->header("Nats-Msg-Id"), "01-1-0");
  ASSERT_TRUE(Eventually(seconds(5), [&] { return outbox_->counters().timers_fired == 1; }));
  // Its row is still there: what comes after it must not fire it again.
  CommitTimer(3, UnixMs());
  EXPECT_EQ(ear.Next()->data, "timer 3");
  ASSERT_TRUE(DoneReaches(2));
  EXPECT_EQ(done_.at(0).due_ms, due_ms);
  CommitTimer(4, UnixMs());
  EXPECT_EQ(ear.Next()->data, "timer 4");
  EXPECT_EQ(ear.waiting(), 0u);
  EXPECT_EQ(MessagesIn("LOG"), 3u);
}

TEST_F(OutboxTest, TimersOfAnEarlierLifeFireInOrderOfDue) {
  MakeLog();
  Ear ear(*admin_, "lyceum.in.timer.*");
  const int64_t now_ms = UnixMs();
  for (uint64_t n = 1; n <= 700; ++n) PutTimer(n, now_ms - 1'000 + static_cast<int64_t>(n));
  Start();
  for (uint64_t n = 1; n <= 700; ++n) {
    const auto message = ear.Next();
    ASSERT_TRUE(message);
    ASSERT_EQ(message->data, "timer " + std::to_string(n));
  }
  ASSERT_TRUE(DoneReaches(700));
  EXPECT_EQ(done_.size(), 700u);
  EXPECT_EQ(ear.waiting(), 0u);
}

TEST_F(OutboxTest, ATimerIsNotDoneBeforeItIsStored) {
  Start();
  CommitTimer(1, UnixMs());
  EXPECT_FALSE(DoneReaches(1, milliseconds(300)));
  server_.Kill9();
  Restart();
  MakeLog();
  ASSERT_TRUE(DoneReaches(1));
  EXPECT_EQ(MessagesIn("LOG"), 1u);
}

TEST_F(OutboxTest, ATimerThatItsSessionErasedDoesNotFire) {
  MakeLog();
  Ear ear(*admin_, "lyceum.in.timer.*");
  Start();
  const int64_t due_ms = UnixMs() + 300;
  CommitTimer(1, due_ms);
  store::Commit commit(kPartition);
  commit.EraseTimer(due_ms, {1, 0});
  ASSERT_TRUE(store_->Apply(std::move(commit)));
  CommitTimer(2, due_ms + 100);
  EXPECT_EQ(ear.Next()->data, "timer 2");
  EXPECT_EQ(ear.waiting(), 0u);
}

TEST_F(OutboxTest, DrainWaitsForTheAcksOfTimers) {
  MakeLog();
  Start();
  CommitTimer(1, UnixMs());
  ASSERT_TRUE(Eventually(seconds(5), [&] { return MessagesIn("LOG") == 1; }));
  ASSERT_TRUE(outbox_->Drain(In(seconds(10))));
  EXPECT_EQ(EraseDone().size(), 1u);
}

}  // namespace
}  // namespace lyceum::outbox
