#include "cli/terminal.h"

#include <gtest/gtest.h>

#include "base/token.h"

namespace lyceum::cli {
namespace {

TEST(Terminal, EscapeSequencesDoNotReachIt) {
  EXPECT_EQ(Plain("a\x1b[2Jb\x07\x08"), "a[2Jb");
  EXPECT_EQ(Plain("title \x1b]0;owned\x07"), "title ]0;owned");
  EXPECT_EQ(Plain("a\rb\x7f"), "ab");
}

TEST(Terminal, NeitherDoTheOneByteFormsOfThem) {
  EXPECT_EQ(Plain("a\xc2\x9b"
                  "31mb"),
            "a31mb");  // U+009B is CSI.
}

TEST(Terminal, TextIsNotTurnedAround) {
  EXPECT_EQ(Plain("a\xe2\x80\xae"
                  "b"),
            "ab");  // U+202E
}

TEST(Terminal, NewlinesTabsAndEveryScriptStay) { EXPECT_EQ(Plain("α\n\tβ 😀"), "α\n\tβ 😀"); }

TEST(Terminal, BytesThatAreNotUtf8AreReplaced) { EXPECT_TRUE(IsUtf8(Plain("a\xff\xfe b\xc3"))); }

TEST(Terminal, ALineIsOneLineAndCutBetweenCharacters) {
  EXPECT_EQ(PlainLine("a\nb\tc", 10), "a b c");
  EXPECT_EQ(PlainLine("ααα", 3), "α…");
}

TEST(Terminal, LinesBreakAtSpaces) {
  EXPECT_EQ(Wrap("one two three", 7), "one two\nthree");
  EXPECT_EQ(Wrap("one two three four", 9), "one two\nthree\nfour");
  EXPECT_EQ(Wrap("ääää öööö", 5), "ääää\nöööö");
  EXPECT_EQ(Wrap("a very-long-word b", 6), "a\nvery-long-word\nb");
  EXPECT_EQ(Wrap("one\ntwo three", 9), "one\ntwo three");
  EXPECT_EQ(Wrap("one two", 0), "one two");
  EXPECT_EQ(Wrap("a very-long-word b", 6, true), "a\nvery-l\nong-wo\nrd b");
}

TEST(Terminal, WideCharactersTakeTwoColumnsAndMarksNone) {
  EXPECT_EQ(ColumnsOf("abc"), 3u);
  EXPECT_EQ(ColumnsOf("ä½"), 2u);
  EXPECT_EQ(ColumnsOf("漢字"), 4u);
  EXPECT_EQ(ColumnsOf("e\u0301"), 1u);
  EXPECT_EQ(Wrap("漢字漢字", 4, true), "漢字\n漢字");
  EXPECT_EQ(Wrap("漢字 漢字", 5), "漢字\n漢字");
}

}  // namespace
}  // namespace lyceum::cli
