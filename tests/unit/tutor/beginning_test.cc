// How a course begins: the first time, after a start that failed, and anew.

#include <gtest/gtest.h>

#include "classroom.h"

namespace lyceum::tutor {
namespace {

using Lines = std::vector<std::string>;

Start StartOf(std::string course, std::string version = "", bool again = false) {
  Start start;
  start.course = CourseId(std::move(course));
  start.version = std::move(version);
  start.again = again;
  return start;
}

constexpr std::string_view kThereIs = "there is no course cuorse; there are: course";

Classroom Misspelt() {
  Classroom room(samples::SampleTopic("t1", ""), StartOf("cuorse"));
  room.Reply(ToolError{"not_found", false, std::string(kThereIs)});
  EXPECT_EQ(room.emitted(), Lines{"error not_found"});
  EXPECT_EQ(room.texts(), Lines{std::string(kThereIs)});
  EXPECT_EQ(room.state(), StateName::kErrorState);
  return room;
}

TEST(Beginning, AStartAfterOneThatFailedStartsAnew) {
  Classroom room = Misspelt();
  room.Do(StartOf("course"));
  ASSERT_TRUE(room.IsLockedBy(Tool::kLoadTopic));
  room.Load();
  EXPECT_EQ(room.state(), StateName::kExposition);
  EXPECT_EQ(room.session->syllabus.course, CourseId("course"));
}

TEST(Beginning, SkipOfACourseThatNeverBeganSaysWhatThereIsAndCompletesNothing) {
  Classroom room = Misspelt();
  for (const EventKind& skip : {EventKind(Skip{}), EventKind(ForceSkip{})}) {
    room.Do(skip);
    EXPECT_EQ(room.emitted(), Lines{"error not_found"});
    EXPECT_EQ(room.texts(), Lines{std::string(kThereIs)});
    EXPECT_EQ(room.state(), StateName::kErrorState);
  }
  room.Answer("12");
  EXPECT_EQ(room.emitted(), Lines{"error unavailable"});
  EXPECT_EQ(room.texts()[0].find("skip"), std::string::npos) << "it does not help here";
}

TEST(Beginning, AStartWhileTheFirstTopicLoadsTakesItsPlace) {
  Classroom room(samples::SampleTopic("t1", ""), StartOf("cuorse"));
  const CallId first = room.call().id;
  room.Do(StartOf("course"));
  ASSERT_TRUE(room.IsLockedBy(Tool::kLoadTopic));
  EXPECT_NE(room.call().id, first);
  EXPECT_EQ(std::get<LoadTopicArgs>(*room.args()).ref.course, CourseId("course"));
  room.Load();
  EXPECT_EQ(room.state(), StateName::kExposition);
}

TEST(Beginning, ACourseThatHasBegunIsNotStartedOver) {
  Classroom room(samples::SampleTopic("t1", "t2"));
  room.ToQuestion().Do(StartOf("another"));
  EXPECT_EQ(room.emitted(), Lines{"error already_started"});
  room.Do(Skip{}).Do(Skip{});
  ASSERT_TRUE(room.IsLockedBy(Tool::kLoadTopic)) << "of the second topic";
  room.Do(StartOf("another"));
  EXPECT_EQ(room.emitted(), Lines{"error already_started"});
  room.FailTool();
  ASSERT_EQ(room.state(), StateName::kErrorState);
  room.Do(StartOf("another"));
  EXPECT_EQ(room.emitted(), Lines{"error already_started"});
}

TEST(Beginning, ACompletedCourseBeginsAnewWhereThatIsAskedFor) {
  Classroom room(samples::SampleTopic("t1", ""));
  const auto complete = [&] {
    room.ToQuestion().Do(Skip{}).Do(Skip{});
    ASSERT_EQ(room.state(), StateName::kCompleted);
  };
  complete();
  for (const Start& same : {StartOf("course"), StartOf("course", "v1")}) {
    room.Do(same);
    EXPECT_EQ(room.emitted(), Lines{"error completed"});
    EXPECT_NE(room.texts()[0].find("again"), std::string::npos);
  }
  const uint32_t n = room.session->n;
  room.Do(StartOf("course", "", true));
  EXPECT_TRUE(room.IsLockedBy(Tool::kLoadTopic));
  EXPECT_TRUE(room.session->syllabus.done.empty());
  EXPECT_EQ(room.session->n, n) << "messages are numbered on";
  complete();
  room.Do(StartOf("course", "v2"));
  EXPECT_EQ(std::get<LoadTopicArgs>(*room.args()).ref.version, "v2");
}

TEST(Beginning, StartsThatDifferInAgainAreNotTheSameEvent) {
  Classroom room;
  room.Load().Fold({EventId("s"), ClientId("c"), {}, StartOf("course")});
  room.Fold({EventId("s"), ClientId("c"), {}, StartOf("course", "", true)});
  EXPECT_EQ(room.told(), Lines{"c: error duplicate_id"});
}

// --- The last try ----------------------------------------------------------------------------------

TEST(LastTry, IsNotAskedToTryAgain) {
  Classroom room;
  room.ToQuestion();
  for (uint32_t i = 1; i <= kAttemptsMax; ++i) {
    room.Answer("7").Grade(Verdict::kIncorrect);
    const bool asks = room.texts().front().find("again") != std::string::npos;
    EXPECT_EQ(asks, i < kAttemptsMax) << i;
    if (i < kAttemptsMax) room.Reply(DiagnoseErrorOk{{}, "Look closely.", ""});
  }
}

}  // namespace
}  // namespace lyceum::tutor
