// What was erased is in no file of the folder: looked for byte by byte.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "checkpoint_fixture.h"

namespace lyceum::store {
namespace {

namespace fs = std::filesystem;

constexpr char kUser[] = "canary-7f3a-user";
constexpr char kWords[] = "canary-7f3a-words";

class ErasedRowsTest : public ::testing::Test {
 protected:
  void Open() {
    store_.reset();
    auto opened = RocksStore::Open(SmallOptions(folder_));
    ASSERT_TRUE(opened) << opened.error().text;
    store_ = *std::move(opened);
  }
  void Write(std::shared_ptr<const CheckpointBatch> batch) {
    const auto written = WriteTo(store_.get(), std::move(batch));
    ASSERT_TRUE(written) << written.error().text;
  }
  // The files of such a name that have one of the two.
  std::vector<std::string> FilesWithCanary(const std::string& like) {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.db())) {
      const std::string path = entry.path();
      if (!entry.is_regular_file() || path.find(like) == std::string::npos) continue;
      std::ifstream file(path, std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)), {});
      if (bytes.find("canary-7f3a") != std::string::npos) found.push_back(path);
    }
    return found;
  }
  std::string FileWithCanary() {
    const auto files = FilesWithCanary("");
    return files.empty() ? "" : files.front();
  }
  // Among rows that do not compress, so that it stands there as it is.
  static std::shared_ptr<CheckpointBatch> Rows() {
    std::mt19937 random(7);
    std::string noise(300, ' ');
    auto batch = Batch(1);
    batch->SetCheckpoint({.sequence = 9});
    batch->PutSession(kUser, kWords);
    batch->PutJournal(kUser, 3, kWords);
    batch->PutTimer(5'000, kUser);
    for (int i = 0; i < 100; ++i) {
      for (char& byte : noise) byte = static_cast<char>(random());
      batch->PutJournal("u" + std::to_string(i), 1, noise);
      batch->PutJournal(kUser, static_cast<uint64_t>(10 + i), kWords + noise);
      batch->PutSession("u" + std::to_string(i), "row");
    }
    return batch;
  }
  static std::shared_ptr<CheckpointBatch> Erasure() {
    auto batch = Batch(1);
    batch->SetCheckpoint({.sequence = 12});
    batch->EraseSession(kUser);
    batch->EraseTimer(5'000, kUser);
    return batch;
  }
  bool Until(const std::function<bool()>& condition) {
    const Deadline deadline = In(std::chrono::seconds(60));
    while (!condition()) {
      if (LeftMs(deadline) <= 0) return false;
      std::this_thread::yield();
    }
    return true;
  }
  void ExpectOthersThere() {
    EXPECT_EQ(*store_->GetSession(1, "u7"), "row");
    EXPECT_EQ(store_->GetCheckpoint(1)->value().sequence, 12u);
    EXPECT_EQ(store_->GetUsers(1, "", 1'000)->size(), 100u);
  }

  Folder folder_;
  std::unique_ptr<RocksStore> store_;
};

TEST_F(ErasedRowsTest, WhatIsInTheLogGoes) {
  Open();
  Write(Rows());
  ASSERT_NE(FileWithCanary(), "");
  EXPECT_FALSE(store_->IsErasing(1));
  Write(Erasure());
  ASSERT_TRUE(Until([&] { return !store_->IsErasing(1); }));
  EXPECT_EQ(FileWithCanary(), "");
  ExpectOthersThere();
}

TEST_F(ErasedRowsTest, WhatIsInTablesGoes) {
  Open();
  Write(Rows());
  auto other = Batch(1);
  other->EraseSession("nobody");
  Write(other);  // Makes tables of all that.
  ASSERT_TRUE(Until([&] { return !store_->IsErasing(1); }));
  ASSERT_EQ(FilesWithCanary(".sst").size(), 1u);
  Write(Erasure());
  ASSERT_TRUE(Until([&] { return !store_->IsErasing(1); }));
  EXPECT_EQ(FileWithCanary(), "");
  ExpectOthersThere();
}

// It has the first key of each table.
TEST_F(ErasedRowsTest, WhatIsInTheManifestGoes) {
  Open();
  auto first = Batch(1);
  first->PutJournal(kUser, 3, kWords);
  first->EraseSession("nobody");
  Write(first);
  ASSERT_TRUE(Until([&] { return !store_->IsErasing(1); }));
  ASSERT_EQ(FilesWithCanary("MANIFEST").size(), 1u);
  Write(Erasure());
  ASSERT_TRUE(Until([&] { return !store_->IsErasing(1); }));
  EXPECT_EQ(FileWithCanary(), "");
}

TEST_F(ErasedRowsTest, AStartGoesOnWithIt) {
  Open();
  Write(Rows());
  Write(Erasure());
  Open();
  ASSERT_TRUE(Until([&] { return !store_->IsErasing(1); }));
  EXPECT_EQ(FileWithCanary(), "");
  ExpectOthersThere();
  Open();
  EXPECT_FALSE(store_->IsErasing(1)) << "it is done";
}

// A table that a row reader reads stays until the reader is closed.
TEST_F(ErasedRowsTest, ARowReaderKeepsNothing) {
  Open();
  Write(Rows());
  auto reader = store_->ReadRows(1);
  ASSERT_TRUE(reader && *reader);
  Write(Erasure());
  ASSERT_TRUE(Until([&] { return !store_->IsErasing(1); }));
  EXPECT_EQ(FileWithCanary(), "");
  const auto read = (*reader)->Next(1'000'000, [](std::string_view, std::string_view) {});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().fault, Fault::kRetry);
}

TEST_F(ErasedRowsTest, WhatASnapshotReplacesGoesToo) {
  Open();
  Write(Rows());
  auto anew = Batch(1);
  anew->EraseAllFirst();
  anew->SetCheckpoint({.sequence = 12});
  for (int i = 0; i < 100; ++i) anew->PutSession("u" + std::to_string(i), "row");
  Write(anew);
  ASSERT_TRUE(Until([&] { return !store_->IsErasing(1); }));
  EXPECT_EQ(FileWithCanary(), "");
  ExpectOthersThere();
}

TEST_F(ErasedRowsTest, OfAPartitionThatHasNothingNoFileIsWrittenAnew) {
  Open();
  auto first = Batch(1);
  first->EraseAllFirst();
  first->SetCheckpoint({.sequence = 1});
  Write(first);
  EXPECT_FALSE(store_->IsErasing(1));
  ASSERT_TRUE(store_->EraseRows(2));
  EXPECT_FALSE(store_->IsErasing(2));
}

TEST_F(ErasedRowsTest, AFolderThatWasSetAsideGoes) {
  Open();
  Write(Rows());
  fs::create_directory(fs::path(folder_.db()) / "damaged");
  std::ofstream(fs::path(folder_.db()) / "damaged" / "000009.sst") << kWords;
  Write(Erasure());
  ASSERT_TRUE(Until([&] { return !store_->IsErasing(1); }));
  EXPECT_EQ(FileWithCanary(), "");
}

}  // namespace
}  // namespace lyceum::store
