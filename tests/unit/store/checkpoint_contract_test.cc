// What every checkpoint store does, the one in a folder and the one in memory.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

#include "checkpoint_fixture.h"

namespace lyceum::store {
namespace {

struct InFolder {
  Folder folder;
  std::unique_ptr<CheckpointStore> Open() {
    auto opened = RocksStore::Open(SmallOptions(folder));
    CHECK(opened.has_value());
    return *std::move(opened);
  }
};

struct InMemory {
  std::unique_ptr<CheckpointStore> Open() {
    auto store = std::make_unique<MemoryStore>();
    store->CompleteAtOnce();
    return store;
  }
};

template <class Kind>
class CheckpointContract : public ::testing::Test {
 protected:
  void Write(std::shared_ptr<const CheckpointBatch> batch) {
    const auto written = WriteTo(store_.get(), std::move(batch));
    ASSERT_TRUE(written) << written.error().text;
  }

  Kind kind_;
  std::unique_ptr<CheckpointStore> store_ = kind_.Open();
};

using Kinds = ::testing::Types<InFolder, InMemory>;
TYPED_TEST_SUITE(CheckpointContract, Kinds);

const Checkpoint kCheckpoint{.sequence = 17,
                             .fingerprint = 0xfedcba9876543210,
                             .record_time_ms = 1'700'000'000'123,
                             .latest_time_ms = 1'700'000'100'000,
                             .stream_created_ns = -5,
                             .fold_version = 3,
                             .fold_version_begins = 15,
                             .fold_version_before = 1,
                             .lineage = 2,
                             .lineage_begins = 11,
                             .clean = true};

std::vector<uint64_t> FirstsOf(const std::vector<JournalRow>& rows) {
  std::vector<uint64_t> firsts;
  for (const JournalRow& row : rows) firsts.push_back(row.first_sequence);
  return firsts;
}

TYPED_TEST(CheckpointContract, EverythingOfABatchIsReadBack) {
  auto batch = Batch(3);
  batch->PutSession("ada", "old");
  batch->SetCheckpoint({.sequence = 1});
  batch->SetCheckpoint(kCheckpoint);
  batch->PutSession("ada", std::string("new\0bytes", 9));
  batch->PutJournal("ada", 12, "chunk");
  batch->PutTimer(5'000, "ada");
  batch->PutTopic("d1", "topic");
  batch->PutDeadLetter(14, "dead");
  EXPECT_EQ(batch->count(), 8u);
  EXPECT_GT(batch->bytes(), 40u);
  this->Write(batch);

  CheckpointStore& store = *this->store_;
  EXPECT_EQ(store.GetCheckpoint(3).value(), kCheckpoint);
  EXPECT_EQ(store.GetSession(3, "ada").value(), std::string("new\0bytes", 9));
  EXPECT_EQ(store.GetTopic(3, "d1").value(), "topic");
  EXPECT_EQ(store.GetTimers(3, 5'001, {}, 10).value(), (std::vector<TimerRow>{{5'000, "ada"}}));
  const auto journal = store.GetJournal(3, "ada", UINT64_MAX, 1'000).value();
  ASSERT_EQ(journal.size(), 1u);
  EXPECT_EQ(journal[0].first_sequence, 12u);
  EXPECT_EQ(journal[0].bytes, "chunk");
  const auto dead = store.GetDeadLetters(3, 10).value();
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].sequence, 14u);
  EXPECT_EQ(dead[0].bytes, "dead");
  EXPECT_EQ(store.GetUsers(3, "", 10).value(), std::vector<std::string>{"ada"});
}

// As they were when the reader was made, whatever is written meanwhile.
TYPED_TEST(CheckpointContract, AllRowsOfAPartitionMakeAnotherOne) {
  CheckpointStore& store = *this->store_;
  EXPECT_EQ(store.ReadRows(3).value(), nullptr) << "there is no checkpoint";
  auto batch = Batch(3);
  batch->SetCheckpoint(kCheckpoint);
  for (int i = 0; i < 100; ++i)
    batch->PutSession("user-" + std::to_string(i), std::string(100, 'x'));
  batch->PutJournal("user-1", 12, "chunk");
  batch->PutTimer(5'000, "user-1");
  batch->PutTopic("d1", "topic");
  batch->PutDeadLetter(14, "dead");
  this->Write(batch);
  auto other = Batch(4);
  other->PutSession("somebody else", "s");
  this->Write(other);

  const auto rows = store.ReadRows(3).value();
  ASSERT_NE(rows, nullptr);
  EXPECT_EQ(rows->checkpoint(), kCheckpoint);
  auto later = Batch(3);
  later->PutSession("user-99", "later");
  later->PutSession("zoe", "later");
  this->Write(later);
  auto copy = Batch(7);
  int slices = 0;
  const auto put = [&](std::string_view key, std::string_view value) {
    EXPECT_TRUE(copy->PutRow(key, value));
  };
  for (bool more = true; more; ++slices) more = rows->Next(1'000, put).value();
  EXPECT_GT(slices, 5);
  EXPECT_EQ(copy->count(), 104u);
  EXPECT_FALSE(copy->PutRow("a", "a checkpoint"));
  EXPECT_FALSE(copy->PutRow("x1", "of no kind"));
  EXPECT_FALSE(copy->PutRow("", ""));
  EXPECT_FALSE(copy->PutRow("t123", "no timer"));
  EXPECT_FALSE(copy->PutRow("s" + std::string(400, 'x'), "too long"));
  copy->SetCheckpoint(kCheckpoint);
  this->Write(copy);
  EXPECT_EQ(store.GetCheckpoint(7).value(), kCheckpoint);
  EXPECT_EQ(store.GetUsers(7, "", 1'000).value().size(), 100u);
  EXPECT_EQ(store.GetSession(7, "user-99").value(), std::string(100, 'x'));
  EXPECT_EQ(store.GetTimers(7, 5'001, {}, 10).value(), (std::vector<TimerRow>{{5'000, "user-1"}}));
  EXPECT_EQ(store.GetTopic(7, "d1").value(), "topic");
  EXPECT_EQ(store.GetDeadLetters(7, 10).value().size(), 1u);
  EXPECT_EQ(store.GetJournal(7, "user-1", UINT64_MAX, 1'000).value().size(), 1u);

  ASSERT_TRUE(store.EraseRows(7));
  EXPECT_FALSE(store.GetCheckpoint(7).value());
  EXPECT_TRUE(store.GetUsers(7, "", 10).value().empty());
  EXPECT_EQ(store.GetUsers(3, "", 1'000).value().size(), 101u);
}

TYPED_TEST(CheckpointContract, WhatIsNotThereIsEmptyAndNoError) {
  CheckpointStore& store = *this->store_;
  this->Write(Batch(1));
  EXPECT_FALSE(store.GetCheckpoint(1).value());
  EXPECT_FALSE(store.GetSession(1, "ada").value());
  EXPECT_FALSE(store.GetTopic(1, "x").value());
  EXPECT_TRUE(store.GetTimers(1, INT64_MAX, {}, 5).value().empty());
  EXPECT_TRUE(store.GetTimers(1, 0, {}, 5).value().empty());
  EXPECT_TRUE(store.GetJournal(1, "ada", UINT64_MAX, 5).value().empty());
  EXPECT_TRUE(store.GetDeadLetters(1, 5).value().empty());
  EXPECT_TRUE(store.GetUsers(1, "", 5).value().empty());
}

TYPED_TEST(CheckpointContract, AnErasedRowIsGone) {
  auto put = Batch(1);
  put->PutTimer(10, "ada");
  put->PutTimer(20, "ada");
  put->PutDeadLetter(7, "seven");
  put->PutDeadLetter(8, "eight");
  this->Write(put);
  auto erase = Batch(1);
  erase->EraseTimer(10, "ada");
  erase->EraseDeadLetter(7);
  erase->EraseTimer(99, "nobody");
  this->Write(erase);
  EXPECT_EQ(this->store_->GetTimers(1, 100, {}, 10).value(), (std::vector<TimerRow>{{20, "ada"}}));
  const auto dead = this->store_->GetDeadLetters(1, 10).value();
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].sequence, 8u);
}

TYPED_TEST(CheckpointContract, PartitionsAndUsersDoNotSeeEachOther) {
  // Names that are heads of each other, and partitions next to each other, also at the ends.
  const std::vector<PartitionId> partitions = {0, 1, 255, 256, 0x4600, 65'534, 65'535};
  const std::vector<std::string> users = {"a", "b", "aa", "ab", std::string(255, 'z')};
  for (const PartitionId partition : partitions) {
    auto batch = Batch(partition);
    for (const std::string& user : users) {
      const std::string own = std::to_string(partition) + user;
      batch->PutSession(user, own);
      batch->PutJournal(user, 1, own + "1");
      batch->PutJournal(user, UINT64_MAX - 1, own + "2");
      batch->PutTimer(INT64_MAX - 1, user);
    }
    this->Write(batch);
  }
  for (const PartitionId partition : partitions) {
    for (const std::string& user : users) {
      const std::string own = std::to_string(partition) + user;
      EXPECT_EQ(this->store_->GetSession(partition, user).value(), own);
      const auto journal = this->store_->GetJournal(partition, user, UINT64_MAX, 10'000).value();
      ASSERT_EQ(journal.size(), 2u);
      EXPECT_EQ(journal[0].bytes, own + "2");
      EXPECT_EQ(journal[1].bytes, own + "1");
    }
    EXPECT_EQ(this->store_->GetUsers(partition, "", 100).value(), users);
    EXPECT_EQ(this->store_->GetTimers(partition, INT64_MAX, {}, 100).value().size(), users.size());
  }
}

TYPED_TEST(CheckpointContract, TimersComeEarliestFirstInPages) {
  auto batch = Batch(2);
  for (const int64_t due : {70'000, 0, 300, 5, 299}) batch->PutTimer(due, "ada");
  batch->PutTimer(300, "bo");
  this->Write(batch);
  const std::vector<TimerRow> all = {{0, "ada"},  {5, "ada"},   {299, "ada"},
                                     {300, "bo"}, {300, "ada"}, {70'000, "ada"}};
  EXPECT_EQ(this->store_->GetTimers(2, 70'000, {}, 100).value(),
            std::vector<TimerRow>(all.begin(), all.end() - 1));
  std::vector<TimerRow> paged;
  std::optional<TimerRow> after;
  for (;;) {
    const auto page = this->store_->GetTimers(2, INT64_MAX, after, 2).value();
    if (page.empty()) break;
    EXPECT_LE(page.size(), 2u);
    paged.insert(paged.end(), page.begin(), page.end());
    after = paged.back();
  }
  EXPECT_EQ(paged, all);
  EXPECT_TRUE(this->store_->GetTimers(2, INT64_MAX, {}, 0).value().empty());
  EXPECT_TRUE(this->store_->GetTimers(2, 300, TimerRow{300, "ada"}, 9).value().empty());
}

TYPED_TEST(CheckpointContract, ATimerPutBelowWhatWasReadIsFound) {
  auto first = Batch(1);
  first->PutTimer(1'000, "ada");
  this->Write(first);
  EXPECT_EQ(this->store_->GetTimers(1, 2'000, {}, 10).value().size(), 1u);
  EXPECT_TRUE(this->store_->GetTimers(1, 900, {}, 10).value().empty());
  auto second = Batch(1);
  second->EraseTimer(1'000, "ada");
  second->PutTimer(400, "bo");
  this->Write(second);
  EXPECT_EQ(this->store_->GetTimers(1, 2'000, {}, 10).value(),
            (std::vector<TimerRow>{{400, "bo"}}));
}

TYPED_TEST(CheckpointContract, TheJournalComesNewestFirstBoundByBytes) {
  auto batch = Batch(1);
  for (uint64_t first = 1; first <= 9; ++first)
    batch->PutJournal("ada", 100 * first, std::string(10, 'x'));
  this->Write(batch);
  const auto get = [&](uint64_t before, size_t bytes_max) {
    return FirstsOf(this->store_->GetJournal(1, "ada", before, bytes_max).value());
  };
  EXPECT_EQ(get(UINT64_MAX, 31), (std::vector<uint64_t>{900, 800, 700}));
  EXPECT_EQ(get(UINT64_MAX, 30), (std::vector<uint64_t>{900, 800}));
  EXPECT_EQ(get(UINT64_MAX, 0), (std::vector<uint64_t>{900}));  // One at least.
  EXPECT_EQ(get(700, 1'000), (std::vector<uint64_t>{600, 500, 400, 300, 200, 100}));
  EXPECT_EQ(get(701, 11), (std::vector<uint64_t>{700}));
  EXPECT_TRUE(get(100, 1'000).empty());
}

TYPED_TEST(CheckpointContract, UsersComeInPages) {
  auto batch = Batch(1);
  for (const char* user : {"bb", "a", "c", "aa", "abc"}) batch->PutSession(user, "s");
  this->Write(batch);
  EXPECT_EQ(this->store_->GetUsers(1, "", 3).value(), (std::vector<std::string>{"a", "c", "aa"}));
  EXPECT_EQ(this->store_->GetUsers(1, "aa", 3).value(), (std::vector<std::string>{"bb", "abc"}));
  EXPECT_EQ(this->store_->GetUsers(1, "b", 1).value(), (std::vector<std::string>{"c"}));
}

TYPED_TEST(CheckpointContract, EraseAllLeavesTheOtherPartitionsAndThePutsOfItsBatch) {
  for (const PartitionId partition : {4, 5, 6}) {
    auto batch = Batch(partition);
    batch->SetCheckpoint(kCheckpoint);
    batch->PutSession("ada", "s");
    batch->PutJournal("ada", 1, "j");
    batch->PutTimer(9, "ada");
    batch->PutTopic("\xff\xff", "t");
    batch->PutDeadLetter(1, "d");
    this->Write(batch);
  }
  auto batch = Batch(5);
  batch->PutSession("bo", "new");
  batch->EraseAllFirst();
  this->Write(batch);
  CheckpointStore& store = *this->store_;
  EXPECT_FALSE(store.GetCheckpoint(5).value());
  EXPECT_EQ(store.GetUsers(5, "", 9).value(), std::vector<std::string>{"bo"});
  EXPECT_TRUE(store.GetJournal(5, "ada", UINT64_MAX, 9).value().empty());
  EXPECT_TRUE(store.GetTimers(5, 100, {}, 9).value().empty());
  EXPECT_FALSE(store.GetTopic(5, "\xff\xff").value());
  EXPECT_TRUE(store.GetDeadLetters(5, 9).value().empty());
  for (const PartitionId other : {4, 6}) {
    EXPECT_TRUE(store.GetCheckpoint(other).value());
    EXPECT_EQ(store.GetTopic(other, "\xff\xff").value(), "t");
    EXPECT_EQ(store.GetTimers(other, 100, {}, 9).value().size(), 1u);
  }
}

TYPED_TEST(CheckpointContract, BatchesAreReportedInOrder) {
  Inbox inbox;
  std::vector<int> reported;
  for (int i = 0; i < 50; ++i) {
    auto batch = Batch(static_cast<PartitionId>(i % 3));
    batch->SetCheckpoint({.sequence = static_cast<uint64_t>(i) + 1});
    this->store_->Write(batch, &inbox, [&reported, i](const Result<void>& written) {
      EXPECT_TRUE(written);
      reported.push_back(i);
    });
  }
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(inbox.RunOne());
  for (int i = 0; i < 50; ++i) EXPECT_EQ(reported[i], i);
  EXPECT_EQ(this->store_->GetCheckpoint(1).value()->sequence, 50u);
}

// The same random batches in both kinds give the same answers; here against a plain model.
TYPED_TEST(CheckpointContract, RandomBatchesReadAsAModelDoes) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  std::map<std::string, std::string> sessions;
  std::set<std::pair<int64_t, std::string>> timers;
  for (int round = 0; round < 300; ++round) {
    auto batch = Batch(1);
    if (random() % 50 == 0) {
      batch->EraseAllFirst();
      sessions.clear();
      timers.clear();
    }
    for (uint64_t i = random() % 20; i > 0; --i) {
      const std::string user(1, static_cast<char>('a' + random() % 20));
      const auto due = static_cast<int64_t>(random() % 100);
      switch (random() % 3) {
        case 0:
          batch->PutSession(user, std::to_string(round));
          sessions[user] = std::to_string(round);
          break;
        case 1:
          batch->PutTimer(due, user);
          timers.emplace(due, user);
          break;
        default:
          batch->EraseTimer(due, user);
          timers.erase({due, user});
      }
    }
    this->Write(batch);
    const auto before = static_cast<int64_t>(random() % 110);
    std::vector<TimerRow> due;
    for (const auto& [due_ms, user] : timers) {
      if (due_ms < before) due.push_back({due_ms, user});
    }
    ASSERT_EQ(this->store_->GetTimers(1, before, {}, 10'000).value(), due);
  }
  const auto users = this->store_->GetUsers(1, "", 100).value();
  ASSERT_EQ(users.size(), sessions.size());
  for (const auto& [user, bytes] : sessions) {
    EXPECT_EQ(this->store_->GetSession(1, user).value(), bytes);
  }
}

TYPED_TEST(CheckpointContract, AnErasedSessionGoesWithItsJournalAndWhatComesAfterItStays) {
  auto batch = Batch(1);
  for (const char* user : {"ann", "anna", "bob"}) {
    batch->PutSession(user, "session");
    batch->PutJournal(user, 1, "first");
    batch->PutJournal(user, 9, "second");
  }
  this->Write(batch);
  batch = Batch(1);
  batch->EraseSession("ann");
  batch->PutJournal("bob", 12, "third");
  this->Write(batch);
  CheckpointStore& store = *this->store_;
  EXPECT_EQ(*store.GetSession(1, "ann"), std::nullopt);
  EXPECT_TRUE(store.GetJournal(1, "ann", UINT64_MAX, 1 << 20)->empty());
  EXPECT_EQ(FirstsOf(*store.GetJournal(1, "anna", UINT64_MAX, 1 << 20)),
            (std::vector<uint64_t>{9, 1}));
  EXPECT_EQ(FirstsOf(*store.GetJournal(1, "bob", UINT64_MAX, 1 << 20)),
            (std::vector<uint64_t>{12, 9, 1}));
  EXPECT_EQ(*store.GetUsers(1, "", 10), (std::vector<std::string>{"bob", "anna"}));
  batch = Batch(1);
  batch->EraseSession("bob");
  batch->PutSession("bob", "anew");
  batch->PutJournal("bob", 20, "anew");
  this->Write(batch);
  EXPECT_EQ(*store.GetSession(1, "bob"), "anew");
  EXPECT_EQ(FirstsOf(*store.GetJournal(1, "bob", UINT64_MAX, 1 << 20)),
            (std::vector<uint64_t>{20}));
}

}  // namespace
}  // namespace lyceum::store
