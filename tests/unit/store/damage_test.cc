// What a damaged, foreign or full folder does: never a wrong answer, always a text that says what
// to do.
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "fixture.h"

namespace lyceum::store {
namespace {

namespace fs = std::filesystem;

class DamageTest : public StoreTest {
 protected:
  // Rows in table files: RocksDB writes what it recovered from its log into tables when it opens.
  void FillTables(int rows) {
    Open();
    Fill(rows);
    Reopen();
    store_.reset();
  }
  void Fill(int rows) {
    for (int row = 1; row <= rows; ++row) {
      Commit commit(1);
      commit.SetApplied({static_cast<uint64_t>(row), 1});
      commit.PutHistory(UserId("ada"), row, std::string(200, static_cast<char>('a' + row % 26)));
      Apply(std::move(commit));
    }
  }
  std::optional<fs::path> Find(const std::string& start, const std::string& extension) {
    std::optional<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder_.db())) {
      const auto& path = entry.path();
      if (path.extension() != extension || !path.filename().string().starts_with(start)) continue;
      if (!found || fs::file_size(path) > fs::file_size(*found)) found = path;
    }
    return found;
  }
  static void Flip(const fs::path& path, double where) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto at = static_cast<std::streamoff>(static_cast<double>(fs::file_size(path)) * where);
    file.seekg(at);
    const char byte = static_cast<char>(file.get() ^ 0x20);
    file.seekp(at);
    file.put(byte);
    ASSERT_TRUE(file.good());
  }
  void ExpectDamaged() {
    auto opened = Store::Open(OptionsOf(folder_));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().fault, Fault::kFatal) << opened.error().text;
    EXPECT_NE(opened.error().text.find("restore the folder from a backup"), std::string::npos)
        << opened.error().text;
    EXPECT_NE(opened.error().text.find(folder_.db()), std::string::npos);
  }
};

TEST_F(DamageTest, AFlippedByteOfATableIsFoundAtStart) {
  FillTables(500);
  const auto table = Find("", ".sst");
  ASSERT_TRUE(table);
  Flip(*table, 0.4);
  ExpectDamaged();
}

TEST_F(DamageTest, AMissingTableIsFoundAtStart) {
  FillTables(50);
  const auto table = Find("", ".sst");
  ASSERT_TRUE(table);
  fs::remove(*table);
  ExpectDamaged();
}

TEST_F(DamageTest, AFlippedByteOfTheManifestIsFoundAtStart) {
  FillTables(50);
  const auto manifest = Find("MANIFEST", "");
  ASSERT_TRUE(manifest);
  Flip(*manifest, 0.5);
  ExpectDamaged();
}

TEST_F(DamageTest, ADamagedCurrentIsFoundAtStart) {
  FillTables(50);
  std::ofstream(fs::path(folder_.db()) / "CURRENT", std::ios::binary) << "MANIFEST-999999\n";
  ExpectDamaged();
  std::ofstream(fs::path(folder_.db()) / "CURRENT", std::ios::binary) << "nonsense";
  ExpectDamaged();
}

TEST_F(DamageTest, AMissingCurrentDoesNotBecomeAnEmptyDatabase) {
  FillTables(50);
  const auto table = Find("", ".sst");
  ASSERT_TRUE(table);
  fs::remove(fs::path(folder_.db()) / "CURRENT");
  while (const auto log = Find("", ".log"))
    fs::remove(*log);  // RocksDB itself looks at those only.
  ExpectDamaged();
  EXPECT_TRUE(fs::exists(*table));
}

TEST_F(DamageTest, ATornTailOfTheLogLosesOnlyWhatItHeld) {
  Open();
  Fill(100);
  store_.reset();
  const auto log = Find("", ".log");
  ASSERT_TRUE(log);
  fs::resize_file(*log, fs::file_size(*log) - 100);
  ASSERT_NO_FATAL_FAILURE(Open());
  const auto applied = store_->GetApplied(1);
  ASSERT_TRUE(applied && *applied);
  EXPECT_EQ((*applied)->sequence, 99u);
  EXPECT_EQ(store_->GetHistory(1, UserId("ada"), 1, 100).value().size(), 99u);
}

TEST_F(DamageTest, AFlippedByteInTheMiddleOfTheLogIsFoundAtStart) {
  Open();
  Fill(100);
  store_.reset();
  const auto log = Find("", ".log");
  ASSERT_TRUE(log);
  Flip(*log, 0.5);
  ExpectDamaged();
}

TEST_F(DamageTest, AnotherOwnerIsRefusedWithWhatToDo) {
  Open();
  auto second = Store::Open(OptionsOf(folder_));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault, Fault::kReject);
  EXPECT_EQ(second.error().text, "another session worker has " + folder_.db() +
                                     " open: stop it, or give this one its own --data-dir");
  Fill(1);  // The first is not disturbed.
}

TEST_F(DamageTest, AFolderThatIsAFileIsRefused) {
  std::ofstream(folder_.db()) << "here";
  auto opened = Store::Open(OptionsOf(folder_));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().fault, Fault::kReject);
  EXPECT_NE(opened.error().text.find("--data-dir"), std::string::npos) << opened.error().text;
}

TEST_F(DamageTest, ANewerFormatIsRefused) {
  Open();
  store_.reset();
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(rocksdb::Options(), folder_.db(), &raw).ok());
  const std::unique_ptr<rocksdb::DB> db(raw);
  ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), "F", std::string("\0\0\0\x02", 4)).ok());
  ASSERT_TRUE(db->Close().ok());
  auto opened = Store::Open(OptionsOf(folder_));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().fault, Fault::kReject);
  EXPECT_NE(opened.error().text.find("format 2"), std::string::npos) << opened.error().text;
}

TEST_F(DamageTest, AFullDiskIsRetriedAndNothingIsWritten) {
  auto options = OptionsOf(folder_);
  options.free_bytes_min = UINT64_MAX / 2;
  auto opened = Store::Open(options);
  ASSERT_TRUE(opened) << opened.error().text;
  Commit commit(1);
  commit.SetApplied({1, 1});
  const auto applied = (*opened)->Apply(std::move(commit));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().fault, Fault::kRetry);
  EXPECT_NE(applied.error().text.find("make room"), std::string::npos);
  EXPECT_FALSE((*opened)->GetApplied(1).value());
}

}  // namespace
}  // namespace lyceum::store
