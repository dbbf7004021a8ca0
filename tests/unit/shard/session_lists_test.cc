// An operator's lists of sessions.
#include "shard/session_lists.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/manual_clock.h"
#include "envelope/rows.h"
#include "store/memory_store.h"
#include "tutor/table_samples.h"

namespace lyceum::shard {
namespace {

using envelope::ListSessions;
using envelope::PartitionReply;
using tutor::StateName;

constexpr int64_t kNow = ManualClock::kStartUnixMs;
constexpr store::PartitionId kPartition = 3;

tutor::Session SessionOf(const std::string& user, StateName state = StateName::kAwaitingAnswer) {
  tutor::Session session = tutor::samples::Sample::In(state).session;
  session.user = UserId(user);
  session.topic.reset();
  session.topic_digest.clear();
  session.time_ms = kNow;
  return session;
}

// A store of sessions that counts how many are read.
class CountingStore final : public store::CheckpointStore {
 public:
  CountingStore() { store_.CompleteAtOnce(); }
  Result<std::optional<std::string>> GetSession(store::PartitionId partition,
                                                std::string_view user) override {
    ++reads;
    return store_.GetSession(partition, user);
  }
  Result<std::vector<std::string>> GetUsers(store::PartitionId partition, std::string_view after,
                                            size_t count_max) override {
    return store_.GetUsers(partition, after, count_max);
  }
  void Write(std::shared_ptr<const store::CheckpointBatch> batch, Executor* executor,
             std::function<void(Result<void>)> done) override {
    store_.Write(std::move(batch), executor, std::move(done));
  }
  Result<std::optional<store::Checkpoint>> GetCheckpoint(store::PartitionId) override {
    return std::optional<store::Checkpoint>();
  }
  Result<std::optional<std::string>> GetTopic(store::PartitionId, std::string_view) override {
    return std::optional<std::string>();
  }
  Result<std::vector<store::TimerRow>> GetTimers(store::PartitionId, int64_t,
                                                 const std::optional<store::TimerRow>&,
                                                 size_t) override {
    return std::vector<store::TimerRow>();
  }
  Result<std::vector<store::JournalRow>> GetJournal(store::PartitionId, std::string_view, uint64_t,
                                                    size_t) override {
    return std::vector<store::JournalRow>();
  }
  Result<std::vector<store::DeadLetterRow>> GetDeadLetters(store::PartitionId, size_t) override {
    return std::vector<store::DeadLetterRow>();
  }
  Result<std::unique_ptr<store::RowReader>> ReadRows(store::PartitionId) override {
    return std::unique_ptr<store::RowReader>();
  }
  Result<void> EraseRows(store::PartitionId) override { return {}; }
  size_t reads = 0;

 private:
  store::MemoryStore store_;
};

class Lists : public ::testing::Test {
 protected:
  Lists() {
    context_.store = &store_;
    context_.clock = &clock_;
    context_.sessions = &table_;
    context_.server_time = &time_;
  }
  void Store(const std::vector<tutor::Session>& sessions) {
    auto batch = std::make_shared<store::CheckpointBatch>(kPartition);
    for (const tutor::Session& session : sessions) {
      batch->PutSession(session.user.value, envelope::EncodeSession(session));
    }
    Write(batch);
  }
  void Write(const std::shared_ptr<store::CheckpointBatch>& batch) {
    class Now final : public Executor {
      void Post(std::function<void()> task) override { task(); }
    } now;
    store_.Write(batch, &now, [](const Result<void>& written) { EXPECT_TRUE(written); });
  }
  // One page, however many turns it needs.
  PartitionReply Page(const ListSessions& list) {
    std::optional<PartitionReply> page;
    EXPECT_TRUE(lists_.Add(kPartition, list, [&](const Result<PartitionReply>& reply) {
      ASSERT_TRUE(reply) << reply.error().text;
      page = *reply;
    }));
    for (int turn = 0; turn < 100'000 && !page; ++turn) lists_.Turn();
    EXPECT_TRUE(page);
    EXPECT_TRUE(lists_.idle());
    return page.value_or(PartitionReply{});
  }
  std::vector<std::string> Users(const ListSessions& list) {
    std::vector<std::string> users;
    for (const auto& summary : Page(list).sessions) users.push_back(summary.user);
    return users;
  }

  ManualClock clock_;
  CountingStore store_;
  SessionTable table_{&store_, 64 << 20};
  ServerTime time_{&clock_};
  Context context_;
  SessionLists lists_{&context_};
};
using Names = std::vector<std::string>;

TEST_F(Lists, PagesHaveEachSessionOnce) {
  std::vector<tutor::Session> sessions;
  for (int i = 0; i < 300; ++i) sessions.push_back(SessionOf(fmt::format("user-{}", i)));
  Store(sessions);
  std::set<std::string> seen;
  ListSessions list{.limit = 70};
  int pages = 0;
  do {
    const PartitionReply page = Page(list);
    EXPECT_LE(page.sessions.size(), 70u);
    for (const auto& summary : page.sessions) EXPECT_TRUE(seen.insert(summary.user).second);
    list.after = page.next;
    ++pages;
  } while (!list.after.empty() && pages < 100);
  EXPECT_EQ(seen.size(), 300u);
  EXPECT_EQ(pages, 5);
}

TEST_F(Lists, ATurnReadsFewSessionsHoweverManyThereAre) {
  std::vector<tutor::Session> sessions;
  for (int i = 0; i < 200; ++i) sessions.push_back(SessionOf(fmt::format("user-{}", i)));
  Store(sessions);
  bool answered = false;
  ASSERT_TRUE(lists_.Add(kPartition, {}, [&](const auto&) { answered = true; }));
  size_t most = 0, turns = 0;
  for (; !answered && turns < 1'000; ++turns) {
    const size_t before = store_.reads;
    lists_.Turn();
    most = std::max(most, store_.reads - before);
  }
  EXPECT_TRUE(answered);
  EXPECT_GE(most, 1u);
  EXPECT_LE(most, SessionLists::kCostTurn / SessionLists::kCostRead);
  EXPECT_GE(turns, 200 / most);
}

TEST_F(Lists, NothingComesIntoMemoryByBeingLookedAt) {
  Store({SessionOf("a"), SessionOf("b")});
  EXPECT_EQ(Users({}), (Names{"a", "b"}));
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(Lists, WhatIsInMemoryIsNewerThanItsRow) {
  Store({SessionOf("a", StateName::kAwaitingAnswer)});
  table_.Insert(kPartition, SessionOf("a", StateName::kCompleted));
  const PartitionReply page = Page({});
  ASSERT_EQ(page.sessions.size(), 1u);
  EXPECT_EQ(page.sessions[0].state, "completed");
  EXPECT_EQ(store_.reads, 0u);
}

TEST_F(Lists, AllThatIsGivenHasToHold) {
  tutor::Session old = SessionOf("old-ana");
  old.time_ms = kNow - 3'600'000;
  old.syllabus.course = CourseId("algebra");
  tutor::Session done = SessionOf("done-ana", StateName::kCompleted);
  done.syllabus.course = CourseId("algebra");
  Store({old, done, SessionOf("bob")});
  EXPECT_EQ(Users({.course = "algebra"}), (Names{"old-ana", "done-ana"}));
  EXPECT_EQ(Users({.like = "ana"}), (Names{"old-ana", "done-ana"}));
  EXPECT_EQ(Users({.state = StateName::kCompleted}), Names{"done-ana"});
  EXPECT_EQ(Users({.inactive_since_ms = kNow - 1}), Names{"old-ana"});
  EXPECT_EQ(Users({.state = StateName::kCompleted, .like = "bob"}), Names{});
  const PartitionReply page = Page({.like = "bob"});
  EXPECT_EQ(page.looked, 3u);
  EXPECT_EQ(page.next, "");
}

TEST_F(Lists, AWaitIsStuckOnceItsDeadlineIsOverForAWhile) {
  tutor::Session waits = SessionOf("waits", StateName::kAwaitingToolResult);
  waits.timers = {{tutor::TimerKind::kToolDeadline, "t", kNow - SessionLists::kStuckMs}};
  Store({waits, SessionOf("learns")});
  const PartitionReply page = Page({.like = "waits"});
  ASSERT_EQ(page.sessions.size(), 1u);
  EXPECT_EQ(page.sessions[0].deadline_ms, kNow - SessionLists::kStuckMs);
  EXPECT_FALSE(page.sessions[0].tool.empty());
  EXPECT_FALSE(page.sessions[0].stuck);
  EXPECT_EQ(Users({.stuck = true}), Names{});
  clock_.AdvanceMs(1);
  EXPECT_EQ(Users({.stuck = true}), Names{"waits"});
}

TEST_F(Lists, OneThatCannotBeReadIsStuckAndSaysWhy) {
  Store({SessionOf("well")});
  auto batch = std::make_shared<store::CheckpointBatch>(kPartition);
  batch->PutSession("broken", "\xff\xff\xff");
  Write(batch);
  const PartitionReply page = Page({.stuck = true});
  ASSERT_EQ(page.sessions.size(), 1u);
  EXPECT_EQ(page.sessions[0].user, "broken");
  EXPECT_EQ(page.sessions[0].state, "damaged");
  EXPECT_FALSE(page.sessions[0].text.empty());
  EXPECT_EQ(Users({.damaged = true}), Names{"broken"});
}

TEST_F(Lists, AListThatTakesLongIsAnsweredWithWhereToGoOn) {
  std::vector<tutor::Session> sessions;
  for (int i = 0; i < 100; ++i) sessions.push_back(SessionOf(fmt::format("user-{}", 100 + i)));
  Store(sessions);
  std::optional<PartitionReply> page;
  ASSERT_TRUE(lists_.Add(kPartition, {.like = "nobody"},
                         [&](const Result<PartitionReply>& reply) { page = *reply; }));
  lists_.Turn();
  EXPECT_FALSE(page);
  clock_.AdvanceMs(SessionLists::kAnswerMs);
  lists_.Turn();
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->sessions.empty());
  EXPECT_GT(page->looked, 0u);
  EXPECT_LT(page->looked, 100u + 1);
}

TEST_F(Lists, WhatComesOverTheBoundIsRefused) {
  for (size_t i = 0; i < SessionLists::kWaitingMax; ++i) {
    EXPECT_TRUE(lists_.Add(kPartition, {}, [](const auto&) {}));
  }
  EXPECT_FALSE(lists_.Add(kPartition, {}, [](const auto&) {}));
}

}  // namespace
}  // namespace lyceum::shard
