#include "tools/hint_ladder.h"

#include <gtest/gtest.h>

namespace lyceum::tools {
namespace {

using Texts = std::vector<std::string>;

RawHint Hint(std::string id, Texts dependencies = {}) {
  RawHint hint;
  hint.text = "text of " + id;
  hint.id = std::move(id);
  hint.dependencies = std::move(dependencies);
  return hint;
}

Result<Texts> Ordered(const std::vector<RawHint>& hints) {
  Texts lost;
  return OrderHints(hints, &lost);
}

TEST(HintLadder, WhatDependsOnAHintOfAnotherStepComesWithoutThat) {
  Texts lost;
  const auto rungs = OrderHints({Hint("a", {"z"}), Hint("b", {"a"})}, &lost);
  ASSERT_TRUE(rungs);
  EXPECT_EQ(*rungs, (Texts{"text of a", "text of b"}));
  EXPECT_EQ(lost, Texts{"z"});
}

TEST(HintLadder, EachHintComesAfterWhatItDependsOn) {
  const auto rungs = Ordered({Hint("c", {"b"}), Hint("a"), Hint("b", {"a"}), Hint("d")});
  ASSERT_TRUE(rungs);
  EXPECT_EQ(*rungs, (Texts{"text of a", "text of b", "text of c", "text of d"}));
}

TEST(HintLadder, AScaffoldShowsItsAnswerAndItsParts) {
  RawHint scaffold = Hint("s");
  scaffold.answers = {"4"};
  scaffold.parts = {Hint("p")};
  const auto rungs = Ordered({scaffold});
  ASSERT_TRUE(rungs);
  EXPECT_EQ(*rungs, Texts{"text of s (4)\ntext of p"});
}

TEST(HintLadder, CirclesAndIdsTwiceAreRefused) {
  const auto circle = Ordered({Hint("a", {"b"}), Hint("b", {"a"})});
  ASSERT_FALSE(circle);
  EXPECT_EQ(circle.error().text, "the hints depend on each other in a circle");
  EXPECT_FALSE(Ordered({Hint("a", {"a"})}));
  EXPECT_FALSE(Ordered({Hint("a"), Hint("a")}));
}

TEST(HintLadder, SurplusRungsAreMergedAndNothingIsLost) {
  Texts rungs;
  for (int i = 0; i < 22; ++i) rungs.push_back(std::to_string(i));
  const Texts merged = MergeRungs(rungs, 8);
  ASSERT_EQ(merged.size(), 8U);
  std::string all;
  for (const auto& rung : merged) {
    all += rung + "\n";
    EXPECT_LE(std::count(rung.begin(), rung.end(), '\n'), 2);
  }
  std::string expected;
  for (const auto& rung : rungs) expected += rung + "\n";
  EXPECT_EQ(all, expected);
  EXPECT_EQ(MergeRungs({"a"}, 8), Texts{"a"});
}

}  // namespace
}  // namespace lyceum::tools
