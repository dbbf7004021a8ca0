// The cache of sessions is bounded, and never drops what is not committed.
#include "session/session_cache.h"

#include <gtest/gtest.h>

#include "envelope/rows.h"
#include "support/temp_dir.h"

namespace lyceum::session {
namespace {

constexpr store::PartitionId kPartition = 3;

class SessionCacheTest : public ::testing::Test {
 protected:
  test::TempDir dir;
  std::unique_ptr<store::Store> store = [this] {
    auto opened = store::Store::Open({.path = dir.path()});
    return std::move(opened).value();
  }();
  SessionCache cache{store.get(), kPartition, 2};

  static tutor::Session Make(const std::string& user) {
    tutor::Session session;
    session.user = UserId(user);
    return session;
  }
  void Commit() {
    store::Commit commit(kPartition);
    for (const UserId& user : cache.dirty()) {
      commit.PutSession(user, envelope::EncodeSession(cache.Get(user)));
    }
    ASSERT_TRUE(store->Apply(std::move(commit)));
    cache.Committed();
  }
};

TEST_F(SessionCacheTest, AnUnknownUserHasNoSession) {
  auto taken = cache.Take(UserId("nobody"));
  ASSERT_TRUE(taken);
  EXPECT_FALSE(taken->has_value());
}

TEST_F(SessionCacheTest, WhatIsNotCommittedStaysAboveTheBound) {
  for (const char* user : {"a", "b", "c", "d"}) cache.Put(Make(user));
  EXPECT_EQ(cache.size(), 4u);
  Commit();
  EXPECT_EQ(cache.size(), 2u);
}

TEST_F(SessionCacheTest, TheOneUsedLongestAgoLeavesAndIsLoadedAgain) {
  cache.Put(Make("a"));
  cache.Put(Make("b"));
  Commit();
  auto a = cache.Take(UserId("a"));
  (*a)->n = 5;
  cache.Put(std::move(**a));
  cache.Put(Make("c"));
  Commit();
  EXPECT_EQ(cache.size(), 2u);
  auto again = cache.Take(UserId("b"));
  ASSERT_TRUE(again->has_value());
  EXPECT_EQ((*again)->user, UserId("b"));
  auto kept = cache.Take(UserId("a"));
  EXPECT_EQ((*kept)->n, 5u);
}

TEST_F(SessionCacheTest, AnUnloadedSessionLeavesAfterTheCommit) {
  cache.Put(Make("a"));
  cache.Unload(UserId("a"));
  EXPECT_EQ(cache.size(), 1u);
  Commit();
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_TRUE(cache.Take(UserId("a"))->has_value());
}

TEST_F(SessionCacheTest, ASessionWhoseTopicIsMissingIsCorruption) {
  tutor::Session session = Make("a");
  session.topic_digest = "no such digest";
  store::Commit commit(kPartition);
  commit.PutSession(session.user, envelope::EncodeSession(session));
  ASSERT_TRUE(store->Apply(std::move(commit)));
  auto taken = cache.Take(session.user);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().fault, Fault::kFatal);
}

}  // namespace
}  // namespace lyceum::session
