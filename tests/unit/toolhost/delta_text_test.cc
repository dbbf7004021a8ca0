#include "toolhost/delta_text.h"

#include <gtest/gtest.h>

#include <random>

#include "base/token.h"
#include "support/seed.h"
#include "tutor/limits.h"

namespace lyceum::toolhost {
namespace {

using std::chrono::milliseconds;

const Deadline kStart{std::chrono::hours(1)};

std::string Text(const std::optional<DeltaText::Piece>& piece) {
  return piece ? std::to_string(piece->offset) + ":" + piece->text : "nothing";
}

TEST(DeltaText, TheFirstPieceGoesAtOnceAndThenOneABeat) {
  DeltaText text;
  EXPECT_FALSE(text.due());
  text.Add("One");
  EXPECT_EQ(Text(text.Take(kStart)), "0:One");
  EXPECT_FALSE(text.due());
  text.Add(" two");
  text.Add(" three");
  EXPECT_EQ(text.due(), kStart + DeltaText::kBeat);
  EXPECT_EQ(Text(text.Take(kStart + milliseconds(29))), "nothing");
  EXPECT_EQ(Text(text.Take(kStart + milliseconds(30))), "3: two three");
  EXPECT_FALSE(text.due());
  text.Add(".");
  EXPECT_EQ(text.due(), kStart + milliseconds(60));
  EXPECT_EQ(Text(text.TakeRest()), "13:.");
}

TEST(DeltaText, ACharacterIsNeverCut) {
  DeltaText text;
  const std::string smile = "\U0001F600";
  text.Add("a" + smile.substr(0, 2));
  EXPECT_EQ(Text(text.Take(kStart)), "0:a");
  EXPECT_FALSE(text.due()) << "half a character does not wait for a beat";
  text.Add(smile.substr(2));
  EXPECT_EQ(Text(text.Take(kStart + milliseconds(30))), "1:" + smile);
}

TEST(DeltaText, ARetractBeginsAnewAndSaysWhetherAnythingWentOut) {
  DeltaText text;
  text.Add("unsaid");
  EXPECT_FALSE(text.Retract());
  EXPECT_FALSE(text.due());
  text.Add("said");
  EXPECT_EQ(Text(text.Take(kStart)), "0:said");
  EXPECT_TRUE(text.Retract());
  EXPECT_FALSE(text.Retract()) << "nothing since";
  text.Add("again");
  EXPECT_EQ(Text(text.Take(kStart + milliseconds(30))), "0:again");
}

TEST(DeltaText, NoMoreGoesOutThanATextMayHave) {
  DeltaText text;
  size_t sent = 0;
  for (int i = 0; i < 100; ++i) {
    text.Add(std::string(1000, 'x') + "é");
    if (const auto piece = text.TakeRest()) sent += piece->text.size();
  }
  EXPECT_LE(sent, tutor::kToolTextBytesMax);
  EXPECT_GE(sent, tutor::kToolTextBytesMax - 1);
}

TEST(DeltaText, ThePiecesAreTheText) {
  const uint64_t seed = test::Seed();
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::string whole;
    for (size_t n = random() % 40; n > 0; --n) {
      const std::string pieces[] = {"a", "é", "日", "😀", " "};
      whole += pieces[random() % 5];
    }
    DeltaText text;
    std::string got;
    Deadline now = kStart;
    const auto take = [&](const std::optional<DeltaText::Piece>& piece) {
      if (!piece) return;
      ASSERT_TRUE(IsUtf8(piece->text)) << "seed " << seed;
      ASSERT_EQ(piece->offset, got.size()) << "seed " << seed;
      got += piece->text;
    };
    for (size_t at = 0; at < whole.size();) {
      const size_t bytes = 1 + random() % 5;
      text.Add(std::string_view(whole).substr(at, bytes));
      at += bytes;
      now += milliseconds(random() % 40);
      take(text.Take(now));
    }
    take(text.TakeRest());
    ASSERT_EQ(got, whole) << "seed " << seed;
  }
}

}  // namespace
}  // namespace lyceum::toolhost
