// Rows cut into files, and read back.
#include "store/row_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace lyceum::store {
namespace {

using Rows = std::map<std::string, std::string>;

std::vector<std::string> FilesOf(const Rows& rows) {
  std::vector<std::string> files;
  RowFileWriter writer([&](std::string file) { files.push_back(std::move(file)); });
  for (const auto& [key, value] : rows) writer.Add(key, value);
  writer.Finish();
  EXPECT_EQ(writer.rows(), rows.size());
  return files;
}

Rows RowsOf(const std::vector<std::string>& files) {
  Rows rows;
  RowFileReader reader;
  for (const std::string& file : files) {
    EXPECT_TRUE(reader.Read(file, [&](std::string_view key, std::string_view value) {
      EXPECT_TRUE(rows.emplace(key, value).second) << key;
    }));
  }
  EXPECT_TRUE(reader.complete());
  EXPECT_EQ(reader.rows(), rows.size());
  return rows;
}

Rows SomeRows(size_t count) {
  std::mt19937_64 random(17);
  Rows rows;
  for (size_t i = 0; i < count; ++i) {
    rows["s-" + std::to_string(i)] = std::string(random() % 3'000, static_cast<char>(random()));
  }
  return rows;
}

TEST(RowFiles, ComeBackAsTheyWere) {
  Rows rows = SomeRows(2'000);
  rows["empty"] = "";
  const auto files = FilesOf(rows);
  EXPECT_GT(files.size(), 5u);
  for (const std::string& file : files) EXPECT_LE(file.size(), kRowFileBytesMax);
  EXPECT_EQ(RowsOf(files), rows);
  EXPECT_TRUE(FilesOf({}).empty());
}

TEST(RowFiles, ARowThatIsLargerThanAFileLiesInSeveral) {
  Rows rows = SomeRows(10);
  rows["large"] = std::string(3 << 20, 'x') + "end";
  const auto files = FilesOf(rows);
  for (const std::string& file : files) EXPECT_LE(file.size(), kRowFileBytesMax);
  EXPECT_EQ(RowsOf(files), rows);
}

TEST(RowFiles, OneRowThatChangesChangesItsFileAlone) {
  Rows rows = SomeRows(4'000);
  const auto before = FilesOf(rows);
  rows["s-2000"] += "more";
  rows["s-2000-new"] = "new";
  const auto after = FilesOf(rows);
  size_t same = 0;
  for (const std::string& file : after) {
    same += static_cast<size_t>(std::count(before.begin(), before.end(), file));
  }
  EXPECT_GE(same + 2, after.size());
}

TEST(RowFiles, BytesThatAreNoneAreRefused) {
  const auto files = FilesOf(SomeRows(20));
  RowFileReader reader;
  const auto visit = [](std::string_view, std::string_view) {};
  EXPECT_FALSE(reader.Read(files[0].substr(0, files[0].size() - 1), visit));
  std::mt19937_64 random(5);
  for (int i = 0; i < 2'000; ++i) {
    std::string bytes(random() % 64, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    RowFileReader any;
    (void)any.Read(bytes, visit).has_value();
  }
  // The rest of a value is of another key.
  RowFileReader other;
  Rows large = {{"a", std::string(700 << 10, 'a')}, {"b", std::string(700 << 10, 'b')}};
  std::vector<std::string> parts = FilesOf(large);
  ASSERT_GE(parts.size(), 2u);
  std::reverse(parts.begin(), parts.end());
  bool refused = false;
  for (const std::string& part : parts) refused = refused || !other.Read(part, visit);
  EXPECT_TRUE(refused || !other.complete());
}

}  // namespace
}  // namespace lyceum::store
