#include "tools/course.h"

#include <gtest/gtest.h>

namespace lyceum::tools {
namespace {

Draft Two() {
  Draft draft;
  draft.id = CourseId("c");
  for (const char* id : {"t", "u"}) {
    DraftTopic topic;
    topic.topic.id = TopicId(id);
    topic.topic.material = {"material"};
    draft.topics.push_back(topic);
  }
  return draft;
}

std::string VersionOf(Draft draft) {
  auto read = Finish(std::move(draft));
  return read ? read->course.version : read.error().text;
}

TEST(Course, TheVersionIsAHashOfTheContent) {
  const std::string version = VersionOf(Two());
  EXPECT_EQ(version.size(), 16U);
  EXPECT_EQ(version, VersionOf(Two()));
  Draft renamed = Two();
  renamed.id = CourseId("other");
  EXPECT_EQ(version, VersionOf(std::move(renamed)));
  Draft changed = Two();
  changed.topics[1].topic.material[0] += "!";
  EXPECT_NE(version, VersionOf(std::move(changed)));
  Draft turned = Two();
  std::swap(turned.topics[0], turned.topics[1]);
  EXPECT_NE(version, VersionOf(std::move(turned)));
}

TEST(Course, TopicsAreLinkedPastTheRefusedOnes) {
  Draft draft = Two();
  DraftTopic empty;
  empty.topic.id = TopicId("empty");
  draft.topics.insert(draft.topics.begin() + 1, empty);
  const auto read = Finish(std::move(draft));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->course.topics.at(0).next, TopicId("u"));
}

}  // namespace
}  // namespace lyceum::tools
