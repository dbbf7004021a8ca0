// Clients: who is attached, what an attach is answered, and what is taken back.

#include <gtest/gtest.h>

#include "classroom.h"

namespace lyceum::tutor {
namespace {

using Lines = std::vector<std::string>;

const ResendMessages* Resent(const Classroom& room) {
  for (const Effect& effect : room.effects) {
    if (const auto* resend = std::get_if<ResendMessages>(&effect)) return resend;
  }
  return nullptr;
}

const ResumedOut* Resumed(const Classroom& room) {
  for (const Effect& effect : room.effects) {
    const auto* reply = std::get_if<ReplyTo>(&effect);
    if (reply == nullptr) continue;
    if (const auto* found = std::get_if<ResumedOut>(&reply->message.body)) return found;
  }
  return nullptr;
}

// --- Who is attached -------------------------------------------------------------------------------

TEST(Clients, AnEventMovesItsClientToTheFront) {
  Classroom room;
  room.ToQuestion();
  room.client = ClientId("d");
  room.Do(Attach{});
  EXPECT_EQ(room.session->clients.front().id, ClientId("d"));
  room.client = ClientId("c");
  room.Do(Hint{});
  ASSERT_EQ(room.session->clients.size(), 2u);
  EXPECT_EQ(room.session->clients.front().id, ClientId("c"));
}

TEST(Clients, TheNinthPushesOutTheOneSilentLongestAndItIsTold) {
  Classroom room;
  room.ToQuestion();
  for (int i = 1; i < 8; ++i) {
    room.client = ClientId("d" + std::to_string(i));
    room.Do(Attach{});
  }
  room.client = ClientId("c");  // The first of all, but not silent.
  room.Do(Hint{});
  EXPECT_EQ(room.session->clients.size(), kClientsMax);
  room.client = ClientId("e");
  room.Do(Attach{0});
  ASSERT_EQ(room.told().size(), 2u);
  EXPECT_EQ(room.told()[0], "d1: detached");
  EXPECT_TRUE(room.told()[1].starts_with("e: resumed"));
  ASSERT_EQ(room.session->clients.size(), kClientsMax);
  EXPECT_EQ(room.session->clients.back().id, ClientId("d2"));
}

// --- What an attach is answered --------------------------------------------------------------------

TEST(Attach, IsFirstAnsweredWithWhatWillComeAndWhereTheLearnerStands) {
  Classroom room;
  room.ToQuestion();
  const uint32_t n = room.session->n;
  ASSERT_GT(n, 1u);
  room.Do(Attach{1});
  ASSERT_EQ(room.effects.size(), 2u);
  ASSERT_NE(std::get_if<ReplyTo>(&room.effects[0]), nullptr);
  EXPECT_EQ(std::get<ReplyTo>(room.effects[0]).message.n, 0u);
  const ResumedOut* resumed = Resumed(room);
  ASSERT_NE(resumed, nullptr);
  EXPECT_EQ(resumed->first_n, 2u);
  EXPECT_EQ(resumed->last_n, n);
  EXPECT_EQ(resumed->topic, TopicId("t1"));
  ASSERT_TRUE(resumed->progress);
  EXPECT_EQ(resumed->progress->total, 2u);
  ASSERT_TRUE(resumed->question);
  EXPECT_EQ(resumed->question->id, QuestionId("q1"));
  const ResendMessages* resend = Resent(room);
  ASSERT_NE(resend, nullptr);
  EXPECT_EQ(resend->first_n, 2u);
  EXPECT_EQ(resend->last_n, n);
  EXPECT_EQ(room.session->n, n) << "it is no part of the session";
}

TEST(Attach, WithNothingMissedOrAheadOfTheSessionIsAnsweredToo) {
  Classroom room;
  room.ToQuestion();
  const uint32_t n = room.session->n;
  for (const uint32_t after_n : {n, n + 1, n + 1'000, UINT32_MAX}) {
    room.Do(Attach{after_n});
    ASSERT_NE(Resumed(room), nullptr) << after_n;
    EXPECT_EQ(Resumed(room)->first_n, n + 1) << after_n;
    EXPECT_EQ(Resumed(room)->last_n, n) << after_n;
    EXPECT_EQ(Resent(room), nullptr) << after_n;
  }
}

TEST(Attach, SaysWhatIsGoneForGood) {
  Classroom room;
  room.ToQuestion();
  while (room.session->n < kMessagesKept + 40) room.Do(Continue{});
  const uint32_t n = room.session->n;
  room.Do(Attach{3});
  EXPECT_EQ(Resumed(room)->first_n, n - kMessagesKept + 1);
  EXPECT_EQ(Resent(room)->first_n, n - kMessagesKept + 1);
}

TEST(Attach, BeforeATopicIsLoadedHasNoProgress) {
  Classroom room;
  room.Do(Attach{0});
  ASSERT_NE(Resumed(room), nullptr);
  EXPECT_FALSE(Resumed(room)->progress);
  EXPECT_FALSE(Resumed(room)->question);
}

// --- What is taken back ----------------------------------------------------------------------------

Classroom Asked(BusyPolicy policy = BusyPolicy::kReplyWait) {
  Start start = Classroom::DefaultStart();
  start.busy_policy = policy;
  Classroom room(samples::SampleTopic("t1", "t2"), start);
  room.ToQuestion().Ask("why?");
  EXPECT_TRUE(room.IsLockedBy(Tool::kClarifyConcept));
  return room;
}

TEST(Retract, TakesBackWhatACallSaidThatEndsWithoutItsText) {
  EXPECT_EQ(Asked().Do(Skip{}).told(), Lines{"all: retract"});
  EXPECT_EQ(Asked(BusyPolicy::kInterrupt).Ask("what?").told(), Lines{"all: retract"});
  EXPECT_EQ(Asked().Do(ForceSkip{}).told(), Lines{"all: retract"});
  EXPECT_EQ(Asked().Do(GotoTopic{TopicId("t2")}).told(), Lines{"all: retract"});
  EXPECT_EQ(Asked().Do(End{}).told(), Lines{"all: retract"});
  EXPECT_EQ(Asked().Fire(TimerKind::kToolDeadline).told(), Lines{"all: retract"});
  EXPECT_EQ(Asked().FailTool().told(), Lines{"all: retract"});
  EXPECT_EQ(Asked().Reply(ClarifyConceptOk{"It is 12.", true, true}).told(), Lines{"all: retract"});
}

TEST(Retract, IsNotSentWhereTheTextComesOrNothingWasSaid) {
  EXPECT_EQ(Asked().Reply(ClarifyConceptOk{"A sum.", true, false}).told(), Lines{});
  Classroom silent;
  silent.ToQuestion().Answer("12").Do(Skip{});
  EXPECT_EQ(silent.told(), Lines{}) << "a grader does not speak";
}

TEST(Retract, NamesTheCall) {
  Classroom room = Asked();
  const CallId call = room.call().id;
  room.Do(Skip{});
  for (const Effect& effect : room.effects) {
    const auto* tell = std::get_if<TellAll>(&effect);
    if (tell == nullptr) continue;
    EXPECT_EQ(std::get<RetractOut>(tell->message.body).call, call);
    EXPECT_EQ(tell->message.n, 0u);
    return;
  }
  FAIL() << "no retract";
}

}  // namespace
}  // namespace lyceum::tutor
