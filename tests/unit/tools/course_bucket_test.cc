// The course bucket on a real server.
#include "tools/course_bucket.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "small_course.h"
#include "support/nats_server.h"

namespace lyceum::tools {
namespace {

class Courses : public ::testing::Test {
 protected:
  Courses() : server_({.roles = false, .jetstream = true}), nats_(server_.Connect("")) {}
  void SetUp() override {
    const auto early = CourseBucket::Open(nats_, subjects_);
    ASSERT_FALSE(early);
    EXPECT_NE(early.error().text.find("lyceum init"), std::string::npos) << early.error().text;
    ASSERT_TRUE(wire::Bucket::Ensure(*nats_, subjects_.CourseBucket()));
    auto opened = CourseBucket::Open(nats_, subjects_);
    ASSERT_TRUE(opened) << opened.error().text;
    bucket_ = std::move(*opened);
  }

  test::NatsServer server_;
  std::shared_ptr<wire::Connection> nats_;
  envelope::Subjects subjects_;
  std::unique_ptr<CourseBucket> bucket_;
};

TEST_F(Courses, WhatWasPutIsFoundByVersionAndAsCurrent) {
  Course course = DefaultCourse();
  auto put = bucket_->Put(course);
  ASSERT_TRUE(put) << put.error().text;
  EXPECT_TRUE(*put);
  EXPECT_FALSE(*bucket_->Put(course)) << "the same version again";
  const auto first = bucket_->Get({course.id, "", TopicId()});
  ASSERT_TRUE(first) << first.error().text;
  EXPECT_EQ(**first, course.topics[0]);
  const auto last = bucket_->Get({course.id, course.version, course.topics[2].id});
  ASSERT_TRUE(last);
  EXPECT_EQ(**last, course.topics[2]);
  const auto list = bucket_->List();
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 1U);
  EXPECT_EQ((*list)[0].title, course.title);
  EXPECT_EQ((*list)[0].topics.at(1).questions, 5U);
}

TEST_F(Courses, FunctionsAreFoundByVersionAndAsCurrent) {
  Course course = DefaultCourse();
  const tutor::TopicRef ref{course.id, course.version, TopicId()};
  ASSERT_TRUE(bucket_->Put(course));
  EXPECT_EQ(bucket_->FunctionsAtHand(ref), nullptr);
  const auto none = bucket_->Functions(ref);
  ASSERT_TRUE(none) << none.error().text;
  EXPECT_TRUE((*none)->all().empty());
  EXPECT_EQ(bucket_->FunctionsAtHand(ref), *none) << "also that there are none is kept";
  course.version = "v2";
  course.functions = {{"look_up", "d", R"({"type":"object"})", R"({"type":"string"})"}};
  ASSERT_TRUE(bucket_->Put(course));
  for (const char* version : {"v2", ""}) {
    const auto found = bucket_->Functions({course.id, version, TopicId()});
    ASSERT_TRUE(found) << found.error().text;
    ASSERT_EQ((*found)->all().size(), 1U);
    EXPECT_EQ((*found)->Find("look_up")->is, course.functions[0]);
    EXPECT_EQ((*found)->Find("look_down"), nullptr);
    EXPECT_FALSE((*found)->Find("look_up")->arguments.Fit("[]").problem.empty());
  }
  EXPECT_FALSE(bucket_->Functions({CourseId("other"), "", TopicId()}));
}

TEST_F(Courses, AnOldVersionStaysWhenANewOneIsCurrent) {
  Course course = DefaultCourse();
  ASSERT_TRUE(bucket_->Put(course));
  const std::string old = course.version;
  course.version = "0123456789abcdef";
  course.topics[0].title = "changed";
  ASSERT_TRUE(bucket_->Put(course));
  EXPECT_EQ((*bucket_->Get({course.id, "", TopicId()}))->title, "changed");
  EXPECT_NE((*bucket_->Get({course.id, old, TopicId()}))->title, "changed");
}

TEST_F(Courses, OfThoseWhoPublishAtOneTimeOneHoldsAndNothingIsLost) {
  constexpr int kWriters = 3, kRounds = 4;
  std::vector<std::thread> writers;
  std::atomic<int> failed{0};
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      const auto bucket = CourseBucket::Open(server_.Connect(""), subjects_).value();
      for (int round = 0; round < kRounds; ++round) {
        Course course = DefaultCourse();
        course.version = "v" + std::to_string(writer) + "-" + std::to_string(round);
        if (!bucket->Put(course)) ++failed;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(failed, 0);
  const auto versions = bucket_->Versions(DefaultCourse().id);
  ASSERT_TRUE(versions) << versions.error().text;
  ASSERT_EQ(versions->size(), size_t{kWriters * kRounds});
  EXPECT_EQ((*versions)[0].state, VersionState::kCurrent);
  EXPECT_EQ((*bucket_->Find(DefaultCourse().id))->version, (*versions)[0].index.version);
  for (size_t i = 1; i < versions->size(); ++i) {
    EXPECT_EQ((*versions)[i].state, VersionState::kEarlier) << i;
    EXPECT_GT((*versions)[i].published_ms, 0) << i;
  }
}

TEST_F(Courses, ATopicIsAtHandOnceItWasRead) {
  const Course course = DefaultCourse();
  ASSERT_TRUE(bucket_->Put(course));
  const tutor::TopicRef ref{course.id, course.version, course.topics[1].id};
  EXPECT_EQ(bucket_->AtHand(ref), nullptr);
  const auto read = bucket_->Get(ref);
  ASSERT_TRUE(read);
  EXPECT_EQ(bucket_->AtHand(ref), *read);
  // What the current version is has to be asked.
  EXPECT_EQ(bucket_->AtHand({course.id, "", course.topics[1].id}), nullptr);
  EXPECT_EQ(bucket_->AtHand({CourseId(""), course.version, course.topics[1].id}), nullptr);
}

std::string TopicNames(const Course& course) {
  std::string names;
  for (const auto& topic : course.topics) names += (names.empty() ? "" : ", ") + topic.id.value;
  return names;
}

TEST_F(Courses, WhatIsNotThereIsNamedAndWhatIs) {
  ASSERT_TRUE(bucket_->Put(DefaultCourse()));
  const auto why = [&](const char* course, const char* version, const char* topic) {
    const auto got = bucket_->Get({CourseId(course), version, TopicId(topic)});
    EXPECT_FALSE(got);
    EXPECT_EQ(got.error().fault, Fault::kReject);
    return got.error().text;
  };
  Course other = DefaultCourse();
  other.id = CourseId("Brüche 1. Klasse");
  ASSERT_TRUE(bucket_->Put(other));
  EXPECT_EQ(why("physics", "", ""),
            "there is no course physics; there are: Brüche 1. Klasse, fractions");
  EXPECT_EQ(why("physics", "v1", "light"), why("physics", "", ""));
  const std::string version = DefaultCourse().version;
  EXPECT_EQ(why("fractions", "abc", ""),
            "the course fractions has no version abc; there are: " + version);
  EXPECT_EQ(why("fractions", "abc", "meaning"), why("fractions", "abc", ""));
  EXPECT_EQ(why("fractions", "", "cooking"),
            "the course fractions has no topic cooking in version " + version +
                "; there are: " + TopicNames(DefaultCourse()));
  EXPECT_EQ(why("", "", ""), "this is no id of a course");
}

TEST_F(Courses, IdsThatAreNoTokensAreCarried) {
  Course course = DefaultCourse();
  course.id = CourseId("Brüche 1. Klasse");
  ASSERT_TRUE(bucket_->Put(course));
  EXPECT_TRUE(bucket_->Get({course.id, "", TopicId()}));
}

TEST_F(Courses, AServerThatIsAwayIsToldApartFromACourseThatIsNotThere) {
  ASSERT_TRUE(bucket_->Put(DefaultCourse()));
  server_.Kill9();
  const auto got = bucket_->Get({CourseId("fractions"), "", TopicId()});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().fault, Fault::kRetry);
}

}  // namespace
}  // namespace lyceum::tools
