// Which version of a course is current: publications, one after the other.
#include "tools/course_history.h"

#include <gtest/gtest.h>

namespace lyceum::tools {
namespace {

// "a b c <a": publishes a, b and c, and rolls back to a.
CourseHistory After(const std::string& story) {
  CourseHistory history;
  int64_t at_ms = 1;
  std::istringstream words(story);
  for (std::string word; words >> word; ++at_ms) {
    const bool back = word[0] == '<';
    history.Add({word.substr(back ? 1 : 0), back, at_ms});
  }
  return history;
}

TEST(CourseHistory, TheLastPublicationIsCurrent) {
  EXPECT_EQ(After("").current(), "");
  EXPECT_EQ(After("a b").current(), "b");
  EXPECT_EQ(After("a b a").current(), "a");
  EXPECT_EQ(After("a b c <b").current(), "b");
}

TEST(CourseHistory, RollingBackAgainGoesFurtherBack) {
  EXPECT_EQ(*After("a b c").Before(), "b");
  EXPECT_EQ(*After("a b c <b").Before(), "a");
  EXPECT_EQ(*After("a b c").Before("a"), "a");
  EXPECT_EQ(*After("a b c <a d").Before(), "a") << "b and c were withdrawn";
  EXPECT_EQ(*After("a b c <a c").Before(), "a");
  EXPECT_EQ(*After("a b a").Before(), "b");
}

TEST(CourseHistory, WhereThereIsNothingBeforeItSaysWhatToDo) {
  for (const char* story : {"", "a", "a b <a", "a a"}) {
    const auto before = After(story).Before();
    ASSERT_FALSE(before) << story;
    EXPECT_NE(before.error().text.find("lyceum course publish"), std::string::npos);
  }
  for (const char* to : {"c", "b", "x"}) {
    const auto before = After("a b c <b").Before(to);
    ASSERT_FALSE(before) << to;
    EXPECT_EQ(before.error().fault, Fault::kReject);
    EXPECT_NE(before.error().text.find("lyceum course versions"), std::string::npos);
  }
}

TEST(CourseHistory, EachVersionHasItsState) {
  const CourseHistory history = After("a b c <b");
  EXPECT_EQ(history.StateOf("a"), VersionState::kEarlier);
  EXPECT_EQ(history.StateOf("b"), VersionState::kCurrent);
  EXPECT_EQ(history.StateOf("c"), VersionState::kWithdrawn);
  EXPECT_EQ(history.StateOf("d"), std::nullopt);
  EXPECT_EQ(history.StateOf(""), std::nullopt);
  EXPECT_EQ(CourseHistory().StateOf(""), std::nullopt);
  EXPECT_EQ(history.PublishedMs("b"), 4);
  EXPECT_EQ(history.PublishedMs("c"), 3);
  EXPECT_EQ(history.PublishedMs("d"), 0);
}

TEST(CourseHistory, RollingBackToWhatIsNotThereAnyMoreIsPublishing) {
  EXPECT_EQ(After("a b <c").current(), "c");
  EXPECT_EQ(*After("a b <c").Before(), "b");
}

TEST(CourseHistory, APublicationIsReadAsItWasWrittenAndNothingElseIs) {
  for (const CoursePublication& publication :
       {CoursePublication{"0123456789abcdef", false, 1'790'000'000'000},
        CoursePublication{"v1", true, 0}}) {
    EXPECT_EQ(DecodePublication(EncodePublication(publication)), publication);
  }
  for (const std::string bytes :
       {"", "[]", "{", "{}", R"({"version":"","at_ms":1})", R"({"version":7,"at_ms":1})",
        R"({"version":"a"})", R"({"version":"a","at_ms":"1"})"}) {
    EXPECT_FALSE(DecodePublication(bytes)) << bytes;
  }
  EXPECT_FALSE(DecodePublication(R"({"version":")" + std::string(5'000, 'a') + R"(","at_ms":1})"));
}

}  // namespace
}  // namespace lyceum::tools
