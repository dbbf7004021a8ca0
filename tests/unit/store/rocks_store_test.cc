// The store in a folder: what a foreign, damaged, full or open folder does, and the queue before
// it.
#include "store/rocks_store.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>
#include <future>
#include <random>
#include <thread>

#include "checkpoint_fixture.h"
#include "store/set_aside.h"

namespace lyceum::store {
namespace {

namespace fs = std::filesystem;

class RocksStoreTest : public ::testing::Test {
 protected:
  void Open() {
    store_.reset();
    auto opened = RocksStore::Open(options_);
    ASSERT_TRUE(opened) << opened.error().text;
    store_ = *std::move(opened);
  }
  void ExpectRefused(Fault fault, const std::string& says) {
    store_.reset();
    const auto opened = RocksStore::Open(options_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().fault, fault) << opened.error().text;
    EXPECT_NE(opened.error().text.find(says), std::string::npos) << opened.error().text;
    EXPECT_NE(opened.error().text.find(folder_.db()), std::string::npos) << opened.error().text;
  }
  void Write(std::shared_ptr<const CheckpointBatch> batch) {
    const auto written = WriteTo(store_.get(), std::move(batch));
    ASSERT_TRUE(written) << written.error().text;
  }
  std::unique_ptr<rocksdb::DB> OpenRaw(rocksdb::Options options = {}) {
    store_.reset();
    options.create_if_missing = true;
    rocksdb::DB* raw = nullptr;
    CHECK(rocksdb::DB::Open(options, folder_.db(), &raw).ok());
    return std::unique_ptr<rocksdb::DB>(raw);
  }
  fs::path OnlyFile(const std::string& extension) {
    fs::path found;
    for (const auto& entry : fs::directory_iterator(folder_.db())) {
      if (entry.path().extension() == extension &&
          (found.empty() || entry.file_size() > fs::file_size(found))) {
        found = entry.path();
      }
    }
    return found;
  }
  // Sessions "u0", "u1", ... in one table file.
  void FillTable(int users) {
    Open();
    auto batch = Batch(1);
    batch->SetCheckpoint({.sequence = 9});
    std::string bytes(1'000, ' ');
    for (int user = 0; user < users; ++user) {
      for (char& byte : bytes) byte = static_cast<char>('a' + random_() % 26);
      batch->PutSession("u" + std::to_string(user), bytes);
    }
    Write(batch);
    const auto raw = OpenRaw();
    CHECK(raw->CompactRange({}, nullptr, nullptr).ok());
  }
  static void FlipMiddle(const fs::path& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto middle = static_cast<std::streamoff>(fs::file_size(path) / 2);
    file.seekg(middle);
    const char byte = static_cast<char>(file.get() ^ 0x20);
    file.seekp(middle);
    file.put(byte);
    ASSERT_TRUE(file.good());
  }
  bool WaitForSettled() {
    const Deadline deadline = In(std::chrono::seconds(30));
    while (!store_->figures().settled && LeftMs(deadline) > 0) std::this_thread::yield();
    return store_->figures().settled;
  }

  Folder folder_;
  RocksStore::Options options_ = SmallOptions(folder_);
  std::mt19937_64 random_{1};
  std::unique_ptr<RocksStore> store_;
};

TEST_F(RocksStoreTest, AFolderIsReadAgainAfterARestart) {
  Open();
  auto batch = Batch(1);
  batch->SetCheckpoint({.sequence = 5, .clean = true});
  batch->PutSession("ada", "state");
  batch->PutTimer(77, "ada");
  Write(batch);
  for (int restart = 0; restart < 3; ++restart) {
    Open();
    EXPECT_EQ(store_->GetCheckpoint(1).value()->sequence, 5u);
    EXPECT_EQ(store_->GetSession(1, "ada").value(), "state");
    EXPECT_EQ(store_->GetTimers(1, 100, {}, 9).value().size(), 1u);
  }
}

TEST_F(RocksStoreTest, AFolderOfTheOldFormatIsRefusedWithWhatToDo) {
  const std::string position("\0\1a", 3);
  {
    const auto old = OpenRaw();
    ASSERT_TRUE(old->Put({}, "F", std::string("\0\0\0\x01", 4)).ok());
    ASSERT_TRUE(old->Put({}, position, "seven").ok());
  }
  ExpectRefused(Fault::kReject, "written in format 1, this program reads format 3");
  ExpectRefused(Fault::kReject, "move the folder away");
  // And nothing of it is lost.
  std::string kept;
  ASSERT_TRUE(OpenRaw()->Get({}, position, &kept).ok());
  EXPECT_EQ(kept, "seven");
}

TEST_F(RocksStoreTest, AFolderOfANewerFormatIsRefused) {
  Open();
  ASSERT_TRUE(OpenRaw()->Put({}, "F", std::string("\0\0\0\x04", 4)).ok());
  ExpectRefused(Fault::kReject, "written in format 4");
}

TEST_F(RocksStoreTest, AFormatThatCannotBeReadIsDamage) {
  Open();
  ASSERT_TRUE(OpenRaw()->Put({}, "F", "?").ok());
  ExpectRefused(Fault::kFatal, "format row");
}

TEST_F(RocksStoreTest, ADatabaseOfAnotherProgramIsRefused) {
  ASSERT_TRUE(OpenRaw()->Put({}, "hello", "world").ok());
  ExpectRefused(Fault::kReject, "another program");
}

TEST_F(RocksStoreTest, ASecondOwnerIsRefused) {
  Open();
  const auto second = RocksStore::Open(options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault, Fault::kReject);
  EXPECT_NE(second.error().text.find("another session worker has"), std::string::npos);
}

TEST_F(RocksStoreTest, AFullDiskIsSeenBeforeTheFolderIsOpened) {
  options_.free_bytes_min = UINT64_MAX / 2;
  ExpectRefused(Fault::kRetry, "make room");
  // RocksDB was not let near it.
  EXPECT_TRUE(fs::is_empty(folder_.db()));
}

TEST_F(RocksStoreTest, FolderAndFilesAreTheOwnersAlone) {
  const mode_t before = umask(0);
  fs::create_directories(folder_.db());
  fs::permissions(folder_.db(), fs::perms::all);
  Open();
  auto batch = Batch(1);
  batch->PutSession("ada", std::string(5 << 20, 'x'));  // More than a memtable: tables too.
  Write(batch);
  Write(batch);
  ASSERT_TRUE(WaitForSettled());
  Open();
  umask(before);
  EXPECT_EQ(fs::status(folder_.db()).permissions(), fs::perms::owner_all);
  size_t files = 0, tables = 0;
  for (const auto& entry : fs::directory_iterator(folder_.db())) {
    ++files;
    tables += entry.path().extension() == ".sst" ? 1 : 0;
    EXPECT_EQ(entry.status().permissions(), fs::perms::owner_read | fs::perms::owner_write)
        << entry.path();
  }
  EXPECT_GT(files, 6u);
  EXPECT_GT(tables, 0u);
}

TEST_F(RocksStoreTest, AFolderThatOthersCouldReadIsClosedToThem) {
  Open();
  store_.reset();
  fs::permissions(folder_.db(), fs::perms(0755));
  for (const auto& entry : fs::directory_iterator(folder_.db())) {
    fs::permissions(entry.path(), fs::perms(0644));
  }
  Open();
  EXPECT_EQ(fs::status(folder_.db()).permissions(), fs::perms(0700));
  for (const auto& entry : fs::directory_iterator(folder_.db())) {
    EXPECT_EQ(entry.status().permissions(), fs::perms(0600)) << entry.path();
  }
}

TEST_F(RocksStoreTest, ADamagedTableHarmsOnlyTheRowsOfItsBlock) {
  FillTable(500);
  FlipMiddle(OnlyFile(".sst"));
  Open();
  int damaged = 0, sound = 0;
  for (int user = 0; user < 500; ++user) {
    const auto session = store_->GetSession(1, "u" + std::to_string(user));
    if (session) {
      ASSERT_TRUE(*session);
      EXPECT_EQ((*session)->size(), 1'000u);
      ++sound;
    } else {
      EXPECT_EQ(session.error().fault, Fault::kFatal) << session.error().text;
      ++damaged;
    }
  }
  EXPECT_GT(damaged, 0);
  EXPECT_LT(damaged, 40);
  EXPECT_EQ(damaged + sound, 500);
  EXPECT_EQ(store_->GetCheckpoint(1).value()->sequence, 9u);
  EXPECT_EQ(store_->GetUsers(1, "", 1'000).has_value(), false);  // It comes by the block.
  auto batch = Batch(1);
  batch->PutSession("u0", "again");
  Write(batch);
}

TEST_F(RocksStoreTest, DamageOfATableIsFoundInTheBackground) {
  FillTable(500);
  Open();
  ASSERT_TRUE(WaitForSettled());
  EXPECT_EQ(store_->figures().damaged_tables, 0u);
  EXPECT_FALSE(store_->damage());
  EXPECT_FALSE(IsMarkedDamaged(folder_.db()));
  store_.reset();
  FlipMiddle(OnlyFile(".sst"));
  Open();
  ASSERT_TRUE(WaitForSettled());
  EXPECT_EQ(store_->figures().damaged_tables, 1u);
  // Whoever serves from it ends, and the next start has an empty folder.
  ASSERT_TRUE(store_->damage());
  EXPECT_EQ(store_->damage()->fault, Fault::kFatal);
  EXPECT_TRUE(IsMarkedDamaged(folder_.db()));
  store_.reset();
  const auto aside = SetAside(folder_.db());
  ASSERT_TRUE(aside) << aside.error().text;
  EXPECT_FALSE(IsMarkedDamaged(folder_.db()));
  Open();
  EXPECT_FALSE(store_->GetCheckpoint(1).value());
}

TEST_F(RocksStoreTest, ADamagedTableThatIsRewrittenEndsWritingButNotReading) {
  FillTable(500);
  FlipMiddle(OnlyFile(".sst"));
  Open();
  Result<void> written;
  // Until RocksDB merges the new tables with the damaged one.
  for (int round = 0; round < 200 && written; ++round) {
    auto batch = Batch(1);
    for (int user = 0; user < 500; ++user) {
      batch->PutSession("u" + std::to_string(user), std::string(1'000, 'x'));
    }
    written = WriteTo(store_.get(), batch);
  }
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().fault, Fault::kFatal) << written.error().text;
  EXPECT_EQ(store_->GetSession(1, "u1").value()->size(), 1'000u);
  EXPECT_EQ(store_->GetCheckpoint(1).value()->sequence, 9u);
}

TEST_F(RocksStoreTest, ARowThatCannotBeReadIsFatalForItsPartitionAlone) {
  Open();
  auto batch = Batch(2);
  batch->SetCheckpoint({.sequence = 4});
  Write(batch);
  ASSERT_TRUE(OpenRaw()->Put({}, std::string("\0\1a", 3), "short").ok());
  Open();
  const auto damaged = store_->GetCheckpoint(1);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().fault, Fault::kFatal);
  EXPECT_EQ(store_->GetCheckpoint(2).value()->sequence, 4u);
}

TEST_F(RocksStoreTest, AMissingTableIsFoundAtTheStart) {
  FillTable(10);
  fs::remove(OnlyFile(".sst"));
  ExpectRefused(Fault::kFatal, "damaged");
}

TEST_F(RocksStoreTest, ATornTailOfTheWriteAheadLogLosesWholeBatchesFromTheEnd) {
  Open();
  for (uint64_t sequence = 1; sequence <= 100; ++sequence) {
    auto batch = Batch(1);
    batch->SetCheckpoint({.sequence = sequence});
    batch->PutSession("ada", std::to_string(sequence) + std::string(1'000, 'x'));
    Write(batch);
  }
  store_.reset();
  const fs::path log = OnlyFile(".log");
  fs::resize_file(log, fs::file_size(log) - 100);
  Open();
  EXPECT_EQ(store_->GetCheckpoint(1).value()->sequence, 99u);
  EXPECT_TRUE(store_->GetSession(1, "ada").value()->starts_with("99x"));
}

// While it lives no file of this process can be written beyond a size: as on a failing disk.
class FilesCannotGrow {
 public:
  explicit FilesCannotGrow(rlim_t bytes_max) : signals_(signal(SIGXFSZ, SIG_IGN)) {
    CHECK(getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit limit{bytes_max, before_.rlim_max};
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FilesCannotGrow() {
    CHECK(setrlimit(RLIMIT_FSIZE, &before_) == 0);
    signal(SIGXFSZ, signals_);
  }
  FilesCannotGrow(const FilesCannotGrow&) = delete;
  FilesCannotGrow& operator=(const FilesCannotGrow&) = delete;

 private:
  const sighandler_t signals_;
  rlimit before_{};
};

TEST_F(RocksStoreTest, WritingGoesOnOnceAFailingDiskIsBack) {
  Open();
  const auto write = [&](uint64_t sequence) {
    auto batch = Batch(1);
    batch->SetCheckpoint({.sequence = sequence});
    batch->PutSession("ada", std::to_string(sequence) + std::string(100'000, 'x'));
    return WriteTo(store_.get(), batch);
  };
  ASSERT_TRUE(write(1));
  {
    const FilesCannotGrow failing(50'000);
    for (uint64_t sequence = 2; sequence < 5; ++sequence) {
      const auto written = write(sequence);
      ASSERT_FALSE(written);
      EXPECT_EQ(written.error().fault, Fault::kRetry) << written.error().text;
      EXPECT_NE(written.error().text.find("check the disk"), std::string::npos);
    }
  }
  const auto written = write(4);
  ASSERT_TRUE(written) << written.error().text;
  EXPECT_EQ(store_->GetCheckpoint(1).value()->sequence, 4u);
  Open();
  EXPECT_EQ(store_->GetCheckpoint(1).value()->sequence, 4u);
  EXPECT_TRUE(store_->GetSession(1, "ada").value()->starts_with("4x"));
}

// An executor whose thread stands still until it is let go, to hold up the writer.
class Gate final : public Executor {
 public:
  void Post(std::function<void()> task) override {
    entered_.set_value();
    open_.get_future().wait();
    task();
  }
  void WaitUntilEntered() { entered_.get_future().wait(); }
  void Open() { open_.set_value(); }

 private:
  std::promise<void> entered_, open_;
};

TEST_F(RocksStoreTest, BatchesBeyondTheQueuesBoundAreRefusedInOrder) {
  options_.queue_batches_max = 3;
  Open();
  Gate gate;
  store_->Write(Batch(9), &gate, [](const Result<void>& written) { EXPECT_TRUE(written); });
  gate.WaitUntilEntered();
  Inbox inbox;
  std::vector<bool> reported;
  for (uint64_t sequence = 1; sequence <= 5; ++sequence) {
    auto batch = Batch(1);
    batch->SetCheckpoint({.sequence = sequence});
    store_->Write(batch, &inbox, [&](const Result<void>& written) {
      reported.push_back(written.has_value());
      EXPECT_TRUE(written || written.error().fault == Fault::kRetry);
    });
  }
  EXPECT_EQ(store_->figures().queued, 5u);
  gate.Open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(inbox.RunOne());
  EXPECT_EQ(reported, (std::vector<bool>{true, true, true, false, false}));
  EXPECT_EQ(store_->GetCheckpoint(1).value()->sequence, 3u);
  // Once its owner knows, all goes on.
  auto batch = Batch(1);
  batch->SetCheckpoint({.sequence = 6});
  Write(batch);
}

TEST_F(RocksStoreTest, NoCheckpointIsWrittenOverAGap) {
  options_.queue_bytes_max = 1'000;
  Open();
  Gate gate;
  store_->Write(Batch(9), &gate, [](const Result<void>&) {});
  gate.WaitUntilEntered();
  Inbox inbox;
  std::vector<bool> reported;
  const auto write = [&](PartitionId partition, uint64_t sequence, size_t bytes) {
    auto batch = Batch(partition);
    batch->SetCheckpoint({.sequence = sequence});
    batch->PutSession("ada", std::string(bytes, 'x'));
    store_->Write(batch, &inbox,
                  [&](const Result<void>& written) { reported.push_back(written.has_value()); });
  };
  write(1, 1, 10);
  write(1, 2, 2'000);  // Too much: refused.
  write(1, 3, 10);     // There is room, but the one before it is missing.
  write(2, 3, 10);     // Another partition's.
  gate.Open();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(inbox.RunOne());
  EXPECT_EQ(reported, (std::vector<bool>{true, false, false, true}));
  EXPECT_EQ(store_->GetCheckpoint(1).value()->sequence, 1u);
  EXPECT_EQ(store_->GetCheckpoint(2).value()->sequence, 3u);
}

TEST_F(RocksStoreTest, ClosingWritesWhatIsQueued) {
  Open();
  Inbox inbox;
  int reported = 0;
  for (uint64_t sequence = 1; sequence <= 20; ++sequence) {
    auto batch = Batch(1);
    batch->SetCheckpoint({.sequence = sequence});
    batch->PutSession("ada", std::string(100'000, 'x'));
    store_->Write(batch, &inbox, [&](const Result<void>& written) { reported += written ? 1 : 0; });
  }
  store_.reset();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(inbox.RunOne());
  EXPECT_EQ(reported, 20);
  Open();
  EXPECT_EQ(store_->GetCheckpoint(1).value()->sequence, 20u);
}

TEST_F(RocksStoreTest, ErasedTimersAreNotWalkedOverAgain) {
  Open();
  constexpr int64_t kTimers = 200'000;
  auto put = Batch(1), erase = Batch(1);
  for (int64_t due = 0; due < kTimers; ++due) {
    put->PutTimer(due, "ada");
    erase->EraseTimer(due, "ada");
  }
  put->PutTimer(kTimers, "bo");
  Write(put);
  Write(erase);
  const auto steps = [&] {
    const auto began = Steady::now();
    EXPECT_EQ(store_->GetTimers(1, INT64_MAX, {}, 1).value().size(), 1u);
    return Steady::now() - began;
  };
  const auto first = steps();
  auto later = steps();
  for (int i = 0; i < 5; ++i) later = std::min(later, steps());
  EXPECT_LT(later * 10, first);
}

}  // namespace
}  // namespace lyceum::store
