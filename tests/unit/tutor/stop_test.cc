// What a learner stops, and a grade that a learner doubts.
#include <gtest/gtest.h>

#include "classroom.h"

namespace lyceum::tutor {
namespace {

using Lines = std::vector<std::string>;

Classroom Graded() {
  Classroom room;
  room.ToQuestion().Answer("13");
  EXPECT_TRUE(room.IsLockedBy(Tool::kCheckAnswer));
  return room;
}

// cloudflare/agents #1233, AgentCore samples #71: a stop that is only for show.
TEST(Stop, EndsTheCallAndLeavesEverythingElse) {
  Classroom asked;
  asked.ToQuestion().Ask("why?");
  Classroom graded = Graded();
  Classroom remediating = Graded();
  remediating.Grade(Verdict::kIncorrect);
  ASSERT_TRUE(remediating.IsLockedBy(Tool::kDiagnoseError));
  for (Classroom* room : {&asked, &graded, &remediating}) {
    const size_t attempts = room->session->question->attempts.size();
    room->Do(Stop{});
    EXPECT_EQ(room->state(), StateName::kAwaitingAnswer);
    EXPECT_EQ(room->session->question->attempts.size(), attempts);
    EXPECT_EQ(room->emitted(), Lines{"text"});
    ASSERT_EQ(room->count<EndCall>(), 1u);
    for (const Effect& effect : room->effects) {
      const auto* end = std::get_if<EndCall>(&effect);
      EXPECT_TRUE(end == nullptr || end->tell_worker);
    }
  }
}

TEST(Stop, TakesBackWhatTheToolHadSaid) {
  Classroom room;
  room.ToQuestion().Ask("why?");
  EXPECT_EQ(room.Do(Stop{}).told(), Lines{"all: retract"});
  EXPECT_EQ(Graded().Do(Stop{}).told(), Lines{}) << "a grader does not speak";
}

TEST(Stop, TheNextMessageIsHandledAtOnce) {
  Classroom room;
  room.ToQuestion().Ask("why?").Do(Stop{}).Answer("12");
  EXPECT_TRUE(room.IsLockedBy(Tool::kCheckAnswer));
  room.Grade(Verdict::kCorrect);
  EXPECT_EQ(room.session->counters.correct, 1u);
}

TEST(Stop, AResultThatComesAfterItIsDropped) {
  Classroom room;
  room.ToQuestion().Ask("why?");
  const Call call = room.call();
  room.Do(Stop{});
  ToolResult late;
  late.reply.call = call.id;
  late.reply.outcome = ClarifyConceptOk{"A sum."};
  room.Do(late);
  EXPECT_EQ(room.emitted(), Lines{});
  EXPECT_EQ(room.session->counters.dropped, 1u);
}

TEST(Stop, ATopicIsLoadedAllTheSame) {
  Classroom room;
  ASSERT_TRUE(room.IsLockedBy(Tool::kLoadTopic));
  EXPECT_EQ(room.Do(Stop{}).emitted(), Lines{"wait"});
  EXPECT_TRUE(room.IsLockedBy(Tool::kLoadTopic));
}

TEST(Stop, WhereNothingRunsItSaysSo) {
  Classroom room;
  room.ToQuestion();
  EXPECT_EQ(room.Do(Stop{}).emitted(), Lines{"error nothing_runs"});
  EXPECT_EQ(room.state(), StateName::kAwaitingAnswer);
  EXPECT_EQ(room.Do(End{}).Do(Stop{}).emitted(), Lines{"error completed"});
}

TEST(Stop, WhatWasDeferredIsHandledThen) {
  Start start = Classroom::DefaultStart();
  start.busy_policy = BusyPolicy::kDefer;
  Classroom room(samples::SampleTopic("t1", "t2"), start);
  room.ToQuestion().Ask("why?").Answer("12").Do(Stop{});
  EXPECT_TRUE(room.IsLockedBy(Tool::kCheckAnswer));
}

TEST(Review, MarksTheGradeAndTheLessonGoesOn) {
  Classroom room = Graded();
  room.Grade(Verdict::kIncorrect);
  const uint64_t marked = room.session->counters.for_review;
  const StateName before = room.state();
  room.Do(Review{room.session->n, "it is the same number"});
  EXPECT_EQ(room.session->counters.for_review, marked + 1);
  EXPECT_EQ(room.state(), before);
  EXPECT_EQ(room.emitted(), Lines{"text"});
}

TEST(Review, OfAMessageThatIsNotThereIsRefused) {
  Classroom room;
  room.ToQuestion();
  for (const uint32_t n : {0u, room.session->n + 1000}) {
    EXPECT_EQ(room.Do(Review{n, ""}).emitted(), Lines{"error not_found"});
  }
  EXPECT_EQ(room.session->counters.for_review, 0u);
}

}  // namespace
}  // namespace lyceum::tutor
