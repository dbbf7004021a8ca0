#include "base/config.h"

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace lyceum {
namespace {

class Config : public testing::Test {
 protected:
  Config() {
    settings.Text("id", &id, "").Number("slots", &slots, 1, 9, "").Table("llm", &llm, "");
  }

  Result<void> Read(const std::string& toml) {
    const std::string path = dir / "lyceum.toml";
    test::WriteFile(path, toml);
    return settings.Resolve({{"config", path}});
  }
  std::string Problem(const std::string& toml) {
    const Result<void> read = Read(toml);
    return read ? "" : read.error().text;
  }

  test::TempDir dir;
  Settings settings;
  std::string id = "default", llm;
  int64_t slots = 3;
};

TEST_F(Config, ATableGoesToItsReaderAsText) {
  ASSERT_TRUE(Read("id = 'a'\n[llm]\nbudget = 7\n[[llm.provider]]\nname = 'x'\n"));
  EXPECT_EQ(id, "a");
  EXPECT_NE(llm.find("budget = 7"), std::string::npos) << llm;
  EXPECT_NE(llm.find("[[provider]]"), std::string::npos) << llm;
}

TEST_F(Config, WithoutItsTableTheTargetStays) {
  ASSERT_TRUE(Read("slots = 4\n"));
  EXPECT_EQ(slots, 4);
  EXPECT_EQ(llm, "");
}

TEST_F(Config, ATableThatNobodyDeclaredIsRefused) {
  EXPECT_NE(Problem("[lmm]\nbudget = 7\n").find("unknown setting lmm"), std::string::npos);
  EXPECT_NE(Problem("[slots]\nmany = 7\n").find("must be a text"), std::string::npos);
}

TEST_F(Config, ATextIsNoTable) {
  EXPECT_NE(Problem("llm = 'on'\n").find("must be a table: [llm]"), std::string::npos);
}

TEST_F(Config, ANumberOutOfRangeIsRefusedWithItsPlace) {
  const std::string problem = Problem("slots = 10\n");
  EXPECT_NE(problem.find("from 1 to 9"), std::string::npos) << problem;
  EXPECT_NE(problem.find("slots in "), std::string::npos) << problem;
}

}  // namespace
}  // namespace lyceum
