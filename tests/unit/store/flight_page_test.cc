#include "store/flight_page.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "base/clock.h"
#include "fixture.h"

namespace lyceum::store {
namespace {

namespace fs = std::filesystem;

// Of four partitions.
constexpr uintmax_t kFileBytes = 128 + 4 * 128 + 4 * (FlightPage::kFoldedMax + 1) * 8;

class FlightPageTest : public ::testing::Test {
 protected:
  void Open(uint32_t partitions = 4) {
    page_.reset();
    auto opened = FlightPage::Open(path_, partitions);
    ASSERT_TRUE(opened) << opened.error().text;
    page_ = *std::move(opened);
  }
  void ExpectNothingKnown(uint32_t partitions = 4) {
    for (uint32_t i = 0; i < partitions; ++i) {
      const auto line = page_->Get(static_cast<PartitionId>(i));
      EXPECT_FALSE(line.known);
      EXPECT_EQ(line.sent, 0u);
      EXPECT_EQ(line.deaths, 0u);
    }
  }
  // Like kill -9: the page is let go as it is, and opened again.
  void Die() { Open(); }
  // A byte of the file, from its beginning.
  void Flip(std::streamoff where) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(where);
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(where);
    file.put(byte);
    ASSERT_TRUE(file.good());
  }

  const Folder folder_;
  const std::string path_ = folder_.path() + "/flight";
  std::unique_ptr<FlightPage> page_;
};

TEST_F(FlightPageTest, WhatWasNotedIsThereAfterARestart) {
  Open();
  ExpectNothingKnown();
  page_->Reset(2, 123, 5, 10, 0xabc, 99);
  page_->NoteSent(2, 20, 0xdef, 1'000);
  page_->NoteConfirmed(2, 15);
  Die();
  const auto line = page_->Get(2);
  EXPECT_TRUE(line.known);
  EXPECT_EQ(line.sent, 20u);
  EXPECT_EQ(line.sent_fingerprint, 0xdefu);
  EXPECT_EQ(line.sent_time_ms, 1'000);
  EXPECT_EQ(line.confirmed, 15u);
  EXPECT_EQ(line.stream_created_ns, 123);
  EXPECT_EQ(line.lineage, 5u);
  EXPECT_EQ(line.suspect, 0u);
  EXPECT_FALSE(page_->Get(1).known);
  EXPECT_FALSE(page_->Get(3).known);
}

TEST_F(FlightPageTest, TheLastFoldedRecordsAreKnownByTheirFingerprintsAfterARestart) {
  using Folded = FlightPage::Folded;
  constexpr uint64_t kMax = FlightPage::kFoldedMax;
  constexpr uint64_t kFirst = (uint64_t{1} << 33) + 7;
  Open();
  EXPECT_EQ(page_->WasFolded(1, kFirst, 0), Folded::kUnknown);
  for (uint64_t i = 0; i <= kMax; ++i) page_->NoteFolded(1, kFirst + i, 0xabc'0000'0000 + i);
  page_->Reset(1, 123, 5, kFirst + 9, 0, 0);
  Die();
  EXPECT_EQ(page_->WasFolded(1, kFirst, 0xabc'0000'0000), Folded::kUnknown);
  for (uint64_t i = 1; i <= kMax; ++i) {
    ASSERT_EQ(page_->WasFolded(1, kFirst + i, 0xabc'0000'0000 + i), Folded::kSame) << i;
    ASSERT_EQ(page_->WasFolded(1, kFirst + i, 0xabc'0000'0001 + i), Folded::kOther) << i;
  }
  page_->NoteFolded(1, kFirst + 5, 77);  // Of the next lineage.
  EXPECT_EQ(page_->WasFolded(1, kFirst + 5, 77), Folded::kSame);
  EXPECT_EQ(page_->WasFolded(1, kFirst + 1 + kMax, 0xabc'0000'0001), Folded::kUnknown);
  EXPECT_EQ(page_->WasFolded(0, kFirst + 1, 0xabc'0000'0001), Folded::kUnknown);
  EXPECT_EQ(page_->WasFolded(2, kFirst + 1, 0xabc'0000'0001), Folded::kUnknown);
}

TEST_F(FlightPageTest, SentAndConfirmedOnlyGoForward) {
  Open();
  page_->NoteSent(0, 20, 0x20, 2);
  page_->NoteSent(0, 12, 0x12, 1);  // Folded again after a restart.
  EXPECT_EQ(page_->Get(0).sent, 20u);
  EXPECT_EQ(page_->Get(0).sent_fingerprint, 0x20u);
  page_->NoteConfirmed(0, 20);
  page_->NoteConfirmed(0, 12);
  EXPECT_EQ(page_->Get(0).confirmed, 20u);
}

TEST_F(FlightPageTest, ConfirmedBeyondSentIsABug) {
  Open();
  EXPECT_DEATH(page_->NoteConfirmed(0, 0), "CHECK");
  page_->NoteSent(0, 20, 0x20, 2);
  page_->NoteConfirmed(0, 20);
  EXPECT_DEATH(page_->NoteConfirmed(0, 21), "CHECK");
  EXPECT_DEATH(page_->NoteSent(4, 1, 1, 1), "CHECK");
}

TEST_F(FlightPageTest, ResetForgetsWhatWasBefore) {
  Open();
  page_->NoteSent(0, 20, 0x20, 2);
  page_->NoteConfirmed(0, 20);
  page_->BeginFold(0, 21);
  Die();
  page_->Reset(0, 9, 1, 7, 0x7, 3);
  const auto line = page_->Get(0);
  EXPECT_TRUE(line.known);
  EXPECT_EQ(line.sent, 7u);
  EXPECT_EQ(line.confirmed, 0u);
  EXPECT_EQ(line.suspect, 0u);
  EXPECT_EQ(line.deaths, 0u);
}

TEST_F(FlightPageTest, AMissingFileIsMadeForItsOwnerAlone) {
  const mode_t before = umask(0);
  Open();
  umask(before);
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms(0600));
  EXPECT_EQ(fs::file_size(path_), kFileBytes);
  fs::permissions(path_, fs::perms(0644));
  Open();
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms(0600));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator{}), 1);
}

TEST_F(FlightPageTest, AShortFileIsMadeAnew) {
  Open();
  page_->NoteSent(0, 20, 0x20, 2);
  page_.reset();
  for (const uintmax_t size :
       {kFileBytes - 1, uintmax_t{640}, uintmax_t{128}, uintmax_t{5}, uintmax_t{0}}) {
    fs::resize_file(path_, size);
    Open();
    ExpectNothingKnown();
    EXPECT_EQ(fs::file_size(path_), kFileBytes);
    page_->NoteSent(0, 20, 0x20, 2);
    page_.reset();
  }
}

TEST_F(FlightPageTest, AnotherPartitionCountIsMadeAnew) {
  Open();
  page_->NoteSent(0, 20, 0x20, 2);
  Open(5);
  ExpectNothingKnown(5);
}

TEST_F(FlightPageTest, ADamagedHeadIsMadeAnew) {
  for (const std::streamoff where : {0, 9, 17, 25, 127}) {
    Open();
    page_->NoteSent(0, 20, 0x20, 2);
    page_.reset();
    Flip(where);
    Open();
    EXPECT_FALSE(page_->Get(0).known) << where;
  }
}

TEST_F(FlightPageTest, ADamagedLineIsForgottenAlone) {
  Open();
  page_->NoteSent(1, 20, 0x20, 2);
  page_->NoteSent(2, 20, 0x20, 2);
  page_.reset();
  // The first note of line 1 is in its second slot: its sequence.
  Flip(128 + 128 + 40 + 32);
  Open();
  EXPECT_FALSE(page_->Get(1).known);
  EXPECT_TRUE(page_->Get(2).known);
}

TEST_F(FlightPageTest, AFolderThatIsNotThereIsAnErrorThatNamesIt) {
  const auto opened = FlightPage::Open(folder_.path() + "/no/flight", 4);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().fault, Fault::kRetry);
  EXPECT_NE(opened.error().text.find("/no/flight"), std::string::npos) << opened.error().text;
}

TEST_F(FlightPageTest, DyingInAFoldMakesTheRecordSuspect) {
  Open();
  page_->BeginFold(1, 41);
  page_->EndFold(1);
  page_->BeginFold(1, 42);
  Die();
  EXPECT_EQ(page_->Get(1).suspect, 42u);
  EXPECT_EQ(page_->Get(1).deaths, 1u);
  EXPECT_EQ(page_->Get(0).deaths, 0u);
  Die();  // Not in a fold: not counted again.
  EXPECT_EQ(page_->Get(1).deaths, 1u);
}

TEST_F(FlightPageTest, DyingTwiceAtTheSameRecordIsCounted) {
  Open();
  page_->BeginFold(1, 42);
  Die();
  page_->BeginFold(1, 41);  // What is before it is folded again first.
  page_->EndFold(1);
  EXPECT_EQ(page_->Get(1).suspect, 42u);
  page_->BeginFold(1, 42);
  Die();
  EXPECT_EQ(page_->Get(1).suspect, 42u);
  EXPECT_EQ(page_->Get(1).deaths, 2u);
}

TEST_F(FlightPageTest, DyingAtAnotherRecordBeginsAnew) {
  Open();
  page_->BeginFold(1, 42);
  Die();
  page_->BeginFold(1, 41);
  Die();
  EXPECT_EQ(page_->Get(1).suspect, 41u);
  EXPECT_EQ(page_->Get(1).deaths, 1u);
}

TEST_F(FlightPageTest, ASuspectThatIsFoldedIsNoneAnyMore) {
  Open();
  page_->BeginFold(1, 42);
  Die();
  page_->BeginFold(1, 42);
  page_->EndFold(1);
  EXPECT_EQ(page_->Get(1).suspect, 0u);
  EXPECT_EQ(page_->Get(1).deaths, 0u);
  page_->BeginFold(1, 42);
  Die();
  EXPECT_EQ(page_->Get(1).deaths, 1u);
}

TEST_F(FlightPageTest, InMemoryItOutlivesACrashOfItsWorker) {
  const auto page = FlightPage::InMemory(2);
  page->NoteSent(1, 9, 0x9, 1);
  page->BeginFold(1, 10);
  page->Reopen();
  EXPECT_EQ(page->Get(1).sent, 9u);
  EXPECT_EQ(page->Get(1).suspect, 10u);
  page->BeginFold(1, 10);
  page->Reopen();
  EXPECT_EQ(page->Get(1).deaths, 2u);
}

// A child that folds and sends as a shard does, until it is killed.
[[noreturn]] void FoldUntilKilled(const std::string& path) {
  auto opened = FlightPage::Open(path, 4);
  if (!opened) _exit(1);
  FlightPage& page = **opened;
  if (page.Get(1).deaths > 1) _exit(2);
  for (uint64_t sequence = page.Get(1).sent + 1;; ++sequence) {
    page.BeginFold(1, sequence);
    page.EndFold(1);
    page.NoteSent(1, sequence, sequence * 31, static_cast<int64_t>(sequence * 17));
    page.NoteConfirmed(1, sequence - sequence % 3);
  }
}

TEST_F(FlightPageTest, AKillLeavesTheLineAsBeforeOrAfterACall) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  int in_a_fold = 0;
  for (int round = 0; round < 60; ++round) {
    Open();
    const uint64_t before = page_->Get(1).sent;
    const pid_t pid = fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) FoldUntilKilled(path_);
    const Deadline deadline = In(std::chrono::seconds(20));
    const uint64_t goal = before + 100 + random() % 100'000;
    while (page_->Get(1).sent < goal && LeftMs(deadline) > 0) {
    }
    kill(pid, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    Open();
    const auto line = page_->Get(1);
    EXPECT_TRUE(line.known);
    EXPECT_GT(line.sent, before);
    EXPECT_EQ(line.sent_fingerprint, line.sent * 31);
    EXPECT_EQ(line.sent_time_ms, static_cast<int64_t>(line.sent * 17));
    EXPECT_LE(line.confirmed, line.sent);
    if (line.suspect != 0) {
      ++in_a_fold;
      EXPECT_EQ(line.deaths, 1u);
      EXPECT_EQ(line.suspect, line.sent + 1);
    }
  }
  printf("killed in a fold: %d of 60\n", in_a_fold);
}

TEST_F(FlightPageTest, AKillInResetLeavesAKnownLineOrNone) {
  Open();
  int unknown = 0;
  for (int round = 0; round < 40; ++round) {
    const pid_t pid = fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      for (uint64_t i = 1;; ++i) page_->Reset(1, static_cast<int64_t>(i), 7, i, i * 31, 0);
    }
    const auto began = page_->Get(1);
    const Deadline deadline = In(std::chrono::seconds(20));
    while (page_->Get(1).sent == began.sent && LeftMs(deadline) > 0) {
    }
    kill(pid, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    Open();
    const auto line = page_->Get(1);
    unknown += line.known ? 0 : 1;
    if (!line.known) continue;
    EXPECT_EQ(line.sent_fingerprint, line.sent * 31);
    EXPECT_EQ(line.stream_created_ns, static_cast<int64_t>(line.sent));
    EXPECT_EQ(line.lineage, 7u);
  }
  printf("killed in Reset: %d of 40\n", unknown);
}

}  // namespace
}  // namespace lyceum::store
