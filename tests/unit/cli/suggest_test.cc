#include "cli/suggest.h"

#include <gtest/gtest.h>

namespace lyceum::cli {
namespace {

TEST(Suggest, TheNearestNameIsMeant) {
  const std::vector<std::string> known = {"chat", "course", "replay", "state", "skip"};
  EXPECT_EQ(Suggest("chta", known), "chat");
  EXPECT_EQ(Suggest("curse", known), "course");
  EXPECT_EQ(Suggest("repaly", known), "replay");
  EXPECT_EQ(Suggest("sate", known), "state");
}

TEST(Suggest, NothingIsMeantByWhatIsFarFromAll) {
  EXPECT_EQ(Suggest("frobnicate", {"chat", "course"}), std::nullopt);
  EXPECT_EQ(Suggest("", {"a", "b"}), std::nullopt);
  EXPECT_EQ(Suggest("x", {"a"}), std::nullopt);
  EXPECT_EQ(Suggest(std::string(10'000, 'x'), {"chat"}), std::nullopt);
}

}  // namespace
}  // namespace lyceum::cli
