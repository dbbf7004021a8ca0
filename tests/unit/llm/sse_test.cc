#include "llm/sse.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "support/seed.h"

namespace lyceum::llm {
namespace {

using Events = std::vector<SseEvent>;

Events Parse(std::string_view text) { return SseParser().Feed(text); }

TEST(SseTest, EventHasNameAndData) {
  EXPECT_EQ(Parse("event: ping\ndata: {}\n\n"), (Events{{"ping", "{}"}}));
}

TEST(SseTest, LinesEndByCrOrLfOrBoth) {
  EXPECT_EQ(Parse("event:a\r\ndata:1\r\n\r\nevent:b\rdata:2\r\rdata:3\n\n"),
            (Events{{"a", "1"}, {"b", "2"}, {"", "3"}}));
}

TEST(SseTest, DataLinesAreJoined) {
  EXPECT_EQ(Parse("data: a\ndata\ndata:  b\n\n"), (Events{{"", "a\n\n b"}}));
}

TEST(SseTest, OneSpaceAfterTheColonIsNoPartOfTheValue) {
  EXPECT_EQ(Parse("data:x\n\ndata: x\n\ndata:  x\n\n"), (Events{{"", "x"}, {"", "x"}, {"", " x"}}));
}

TEST(SseTest, CommentsOtherFieldsAndTheByteOrderMarkAreDropped) {
  EXPECT_EQ(Parse("\xef\xbb\xbf"
                  "data: 1\n:keep-alive\nid: 7\nretry: 9\nfoo\n\n: \n\n"),
            (Events{{"", "1"}}));
}

TEST(SseTest, AnEventWithoutDataIsNoneAndItsNameIsForgotten) {
  EXPECT_EQ(Parse("event: a\n\ndata: 1\n\n"), (Events{{"", "1"}}));
}

TEST(SseTest, WhatIsNotEndedIsDropped) {
  EXPECT_EQ(Parse("data: 1\n\ndata: 2\n"), (Events{{"", "1"}}));
}

TEST(SseTest, EmptyDataIsAnEvent) { EXPECT_EQ(Parse("data\n\n"), (Events{{"", ""}})); }

TEST(SseTest, TooLargeAnEventEndsTheStreamAfterTheOnesBefore) {
  SseParser parser(32);
  EXPECT_EQ(parser.Feed("data: 1\n\ndata: " + std::string(40, 'x') + "\n\ndata: 2\n\n"),
            (Events{{"", "1"}}));
  EXPECT_EQ(parser.problem(), SseParser::Problem::kTooLarge);
  EXPECT_TRUE(parser.Feed("data: 3\n\n").empty());
  EXPECT_EQ(parser.bytes_kept(), 0u);
}

TEST(SseTest, ManySmallLinesOfOneEventAreBounded) {
  SseParser parser(100);
  for (int i = 0; i < 1'000 && !parser.problem(); ++i) {
    (void)parser.Feed("data: x\n");
    EXPECT_LE(parser.bytes_kept(), 100u);
  }
  EXPECT_EQ(parser.problem(), SseParser::Problem::kTooLarge);
}

TEST(SseTest, LongCommentsAreNotKept) {
  SseParser parser(16);
  (void)parser.Feed(":");
  for (int i = 0; i < 100; ++i) (void)parser.Feed(std::string(100, 'c'));
  EXPECT_EQ(parser.Feed("\ndata: 1\n\n"), (Events{{"", "1"}}));
}

TEST(SseTest, BytesThatAreNotUtf8PassAsTheyAre) {
  EXPECT_EQ(Parse("data: \xc3\n\ndata: \xa9\n\n"), (Events{{"", "\xc3"}, {"", "\xa9"}}));
}

// A stream of what a server may send, with everything that is special in it.
std::string RandomStream(std::mt19937_64& random) {
  static const std::vector<std::string> kParts = {
      "data: ", "data:",        "data",      "event: ",
      "event",  "id: 1",        ":",         "\n",
      "\r",     "\r\n",         "\n\n",      "\r\r",
      "x",      "  ",           "{\"a\":1}", "\xc3\xa9",
      "\xc3",   "\xef\xbb\xbf", "\r\n\r\n",  "a longer piece of text"};
  std::string stream;
  const size_t parts = random() % 40;
  for (size_t i = 0; i < parts; ++i) stream += kParts[random() % kParts.size()];
  return stream;
}

TEST(SseTest, AnyCutsGiveTheSameEvents) {
  const uint64_t seed = test::Seed();
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    const std::string stream = RandomStream(random);
    const size_t most = 20 + random() % 60;
    SseParser whole(most);
    const Events expected = whole.Feed(stream);
    SseParser cut(most);
    Events got;
    for (size_t at = 0; at < stream.size();) {
      const size_t bytes = random() % 5;
      for (SseEvent& event : cut.Feed(std::string_view(stream).substr(at, bytes))) {
        got.push_back(std::move(event));
      }
      ASSERT_LE(cut.bytes_kept(), most);
      at += bytes;
    }
    ASSERT_EQ(got, expected) << "seed " << seed << " round " << round;
    ASSERT_EQ(cut.problem(), whole.problem()) << "seed " << seed << " round " << round;
  }
}

}  // namespace
}  // namespace lyceum::llm
