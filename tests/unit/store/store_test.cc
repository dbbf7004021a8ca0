#include "store/store.h"

#include <gtest/gtest.h>

#include "fixture.h"

namespace lyceum::store {
namespace {

const UserId kAda("ada");

TEST_F(StoreTest, EverythingOfACommitIsReadBack) {
  Open();
  Commit commit(3);
  EXPECT_TRUE(commit.empty());
  commit.SetApplied({17, 99});
  commit.PutSession(kAda, "old");
  commit.PutSession(kAda, "new");
  commit.PutTopic("d1", "topic");
  commit.PutHistory(kAda, 1, "one");
  commit.PutHistory(kAda, 2, "two");
  commit.PutHistory(kAda, 300, "three hundred");
  commit.PutMessage(kAda, 1, "m1");
  commit.PutMessage(kAda, 2, "m2");
  commit.PutRecord(kAda, 17);
  commit.PutLetter({17, 2}, "later");
  commit.PutLetter({17, 1}, "first");
  commit.PutCall({17, 3}, "call");
  commit.PutTimer(5'000, {17, 4}, "timer");
  EXPECT_FALSE(commit.empty());
  Apply(std::move(commit));
  Reopen();

  const auto applied = store_->GetApplied(3);
  ASSERT_TRUE(applied && *applied);
  EXPECT_EQ((*applied)->sequence, 17u);
  EXPECT_EQ((*applied)->stream_created_ns, 99);
  EXPECT_EQ(store_->GetSession(3, kAda).value(), "new");
  EXPECT_EQ(store_->GetTopic(3, "d1").value(), "topic");
  EXPECT_EQ(store_->GetHistory(3, kAda, 2, 300).value(),
            (std::vector<std::string>{"two", "three hundred"}));
  EXPECT_EQ(store_->GetMessages(3, kAda, 2, UINT32_MAX).value().at(0).bytes, "m2");
  EXPECT_EQ(store_->GetRecords(3, kAda, 0, 10).value(), std::vector<uint64_t>{17});
  const auto letters = store_->GetLetters(3, {}, 10).value();
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].bytes, "first");
  EXPECT_EQ(letters[1].id, (LetterId{17, 2}));
  EXPECT_EQ(store_->GetCalls(3).value().at(0).id, (LetterId{17, 3}));
  const auto timers = store_->GetDueTimers(3, 5'000, 10).value();
  ASSERT_EQ(timers.due.size(), 1u);
  EXPECT_EQ(timers.due[0].due_ms, 5'000);
  EXPECT_EQ(timers.due[0].id, (LetterId{17, 4}));
}

TEST_F(StoreTest, WhatIsNotThereIsEmptyAndNoError) {
  Open();
  EXPECT_FALSE(store_->GetApplied(1).value());
  EXPECT_FALSE(store_->GetSession(1, kAda).value());
  EXPECT_FALSE(store_->GetTopic(1, "x").value());
  EXPECT_TRUE(store_->GetHistory(1, kAda, 0, UINT64_MAX).value().empty());
  EXPECT_TRUE(store_->GetHistory(1, kAda, 2, 1).value().empty());
  EXPECT_TRUE(store_->GetMessages(1, kAda, 0, UINT32_MAX).value().empty());
  EXPECT_TRUE(store_->GetRecords(1, kAda, 0, 5).value().empty());
  EXPECT_TRUE(store_->GetLetters(1, {}, 5).value().empty());
  EXPECT_TRUE(store_->GetCalls(1).value().empty());
  const auto timers = store_->GetDueTimers(1, INT64_MAX, 5).value();
  EXPECT_TRUE(timers.due.empty());
  EXPECT_FALSE(timers.next_due_ms);
}

TEST_F(StoreTest, AnEmptyCommitIsApplied) {
  Open();
  Apply(Commit(1));
}

TEST_F(StoreTest, UsersAndPartitionsDoNotSeeEachOther) {
  Open();
  // Each name is a prefix of the next, and the second's rows would follow the first's without a
  // length.
  const std::vector<UserId> users = {UserId("a"), UserId("aa"), UserId("ab"), UserId("~YQ")};
  for (const PartitionId partition : {0, 1, 255, 256, 65535}) {
    Commit commit(partition);
    for (const auto& user : users) {
      commit.PutHistory(user, 1, user.value + std::to_string(partition));
      commit.PutMessage(user, 1, user.value);
      commit.PutRecord(user, partition + 1u);
    }
    commit.PutLetter({1, 0}, std::to_string(partition));
    Apply(std::move(commit));
  }
  for (const PartitionId partition : {0, 1, 255, 256, 65535}) {
    for (const auto& user : users) {
      EXPECT_EQ(store_->GetHistory(partition, user, 0, UINT64_MAX).value(),
                std::vector<std::string>{user.value + std::to_string(partition)});
      EXPECT_EQ(store_->GetMessages(partition, user, 0, UINT32_MAX).value().size(), 1u);
      EXPECT_EQ(store_->GetRecords(partition, user, 0, 10).value(),
                std::vector<uint64_t>{partition + 1u});
    }
    EXPECT_EQ(store_->GetLetters(partition, {}, 10).value().size(), 1u);
  }
}

TEST_F(StoreTest, PagesGoOnWhereTheLastOneEnded) {
  Open();
  Commit commit(1);
  for (uint64_t sequence : {1, 255, 256, 70'000}) {
    for (uint16_t index : {0, 1, 256}) commit.PutLetter({sequence, index}, "x");
    commit.PutRecord(kAda, sequence);
  }
  Apply(std::move(commit));
  std::vector<LetterId> seen;
  std::optional<LetterId> after;
  for (;;) {
    const auto page = store_->GetLetters(1, after, 5).value();
    if (page.empty()) break;
    EXPECT_LE(page.size(), 5u);
    for (const auto& letter : page) seen.push_back(letter.id);
    after = seen.back();
  }
  EXPECT_EQ(seen.size(), 12u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(store_->GetRecords(1, kAda, 2, 2).value(), (std::vector<uint64_t>{255, 256}));
  EXPECT_EQ(store_->GetRecords(1, kAda, 257, 9).value(), (std::vector<uint64_t>{70'000}));
}

TEST_F(StoreTest, ErasedRowsAreGone) {
  Open();
  Commit put(1);
  put.PutLetter({1, 1}, "x");
  put.PutCall({1, 2}, "x");
  put.PutMessage(kAda, 1, "x");
  Apply(std::move(put));
  Commit erase(1);
  erase.EraseLetter({1, 1});
  erase.EraseCall({1, 2});
  erase.EraseMessage(kAda, 1);
  Apply(std::move(erase));
  EXPECT_TRUE(store_->GetLetters(1, {}, 5).value().empty());
  EXPECT_TRUE(store_->GetCalls(1).value().empty());
  EXPECT_TRUE(store_->GetMessages(1, kAda, 0, 9).value().empty());
}

TEST_F(StoreTest, TimersComeInOrderOfDueAndSayWhenTheNextIs) {
  Open();
  PutTimer(3'000, 1);
  PutTimer(1'000, 2);
  PutTimer(2'000, 3);
  PutTimer(1'500, 4, 2);  // Another partition's.
  auto timers = store_->GetDueTimers(1, 999, 10).value();
  EXPECT_TRUE(timers.due.empty());
  EXPECT_EQ(timers.next_due_ms, 1'000);
  timers = store_->GetDueTimers(1, 2'000, 10).value();
  ASSERT_EQ(timers.due.size(), 2u);
  EXPECT_EQ(timers.due[0].due_ms, 1'000);
  EXPECT_EQ(timers.due[1].due_ms, 2'000);
  EXPECT_EQ(timers.next_due_ms, 3'000);
  timers = store_->GetDueTimers(1, 2'000, 1).value();
  EXPECT_EQ(timers.due.size(), 1u);
  EXPECT_EQ(timers.next_due_ms, 2'000);
}

TEST_F(StoreTest, AnEarlierTimerIsFoundAfterLaterOnesHaveFired) {
  Open();
  PutTimer(10'000, 1);
  EXPECT_EQ(store_->GetDueTimers(1, 10'000, 5).value().due.size(), 1u);
  EraseTimer(10'000, 1);
  EXPECT_TRUE(store_->GetDueTimers(1, 20'000, 5).value().due.empty());  // Has passed everything.
  PutTimer(5'000, 2);
  PutTimer(30'000, 3);
  const auto timers = store_->GetDueTimers(1, 20'000, 5).value();
  ASSERT_EQ(timers.due.size(), 1u);
  EXPECT_EQ(timers.due[0].due_ms, 5'000);
  EXPECT_EQ(timers.next_due_ms, 30'000);
}

}  // namespace
}  // namespace lyceum::store
