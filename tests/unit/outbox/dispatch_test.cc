// The dispatcher against tool workers made by hand.
#include <gtest/gtest.h>

#include "outbox_vocabulary.h"

namespace lyceum::outbox {
namespace {

TEST_F(OutboxTest, ARequestReachesOneWorkerAsItWasCommitted) {
  Ear a(*admin_, Request(), "tools"), b(*admin_, Request(), "tools");
  Start();
  CommitCall(1);
  ASSERT_TRUE(Eventually(seconds(5), [&] { return a.waiting() + b.waiting() == 1; }));
  auto message = a.waiting() == 1 ? a.Next() : b.Next();
  const auto request = Read(*message);
  EXPECT_EQ(request.id, IdOf(1));
  EXPECT_EQ(request.attempt, 1u);
  EXPECT_EQ(message->header("Content-Type"), "application/json");
  EXPECT_EQ(std::get<tutor::ClarifyConceptArgs>(request.args).text, "why?");
  Answer(*message, true, "w");
  for (int i = 0; i < 4; ++i) {
    Beat("w", {IdOf(1)});
    EXPECT_FALSE(a.Next(milliseconds(150)));
  }
  EXPECT_EQ(b.waiting(), 0u);
}

TEST_F(OutboxTest, BusySilenceAndNobodyAreTriedAgainAsTheSameAttempt) {
  Start();
  CommitCall(1);  // Nobody is there.
  ASSERT_TRUE(Eventually(seconds(5), [&] { return outbox_->counters().calls_dispatched >= 3; }));
  Ear ear(*admin_, Request(), "tools");
  auto message = ear.Next();
  ASSERT_TRUE(message);
  Answer(*message, false, "");
  message = ear.Next();
  ASSERT_TRUE(message);  // And now no answer at all.
  message = ear.Next();
  ASSERT_TRUE(message);
  EXPECT_EQ(Read(*message).attempt, 1u);
  Answer(*message, true, "w");
  ASSERT_TRUE(Eventually(seconds(5), [&] { return outbox_->counters().calls_busy == 1; }));
  EXPECT_FALSE(ear.Next(milliseconds(700)));
}

TEST_F(OutboxTest, ACallOfADeadWorkerGoesOutAgainWithinThreeSeconds) {
  Ear ear(*admin_, Request(), "tools");
  Start();
  CommitCall(1);
  auto message = ear.Next();
  ASSERT_TRUE(message);
  Answer(*message, true, "w");
  const auto died = Steady::now();
  Beat("w", {IdOf(1)});  // Its last.
  do {  // On a slow machine the first attempt may have gone out twice before the answer came.
    message = ear.Next();
    ASSERT_TRUE(message);
  } while (Read(*message).attempt == 1);
  EXPECT_EQ(Read(*message).attempt, 2u);
  EXPECT_EQ(std::get<tutor::ClarifyConceptArgs>(Read(*message).args).text, "why?");
  EXPECT_GE(Steady::now() - died, milliseconds(1'900));
  EXPECT_LE(Steady::now() - died, seconds(3));
  EXPECT_TRUE(Eventually(seconds(1), [&] { return outbox_->counters().calls_lost == 1; }));
}

TEST_F(OutboxTest, ACallThatNobodyServesEndsInOneErrorResultAtItsDeadline) {
  MakeLog();
  Ear ear(*admin_, "lyceum.in.tool.*");
  Start();
  const int64_t deadline_ms = UnixMs() + 700;
  CommitCall(1, milliseconds(700));
  const auto message = ear.Next();
  ASSERT_TRUE(message);
  EXPECT_GE(UnixMs() + 5, deadline_ms);
  EXPECT_LE(UnixMs(), deadline_ms + 1'000);
  EXPECT_EQ(message->subject, "lyceum.in.tool.ada");
  EXPECT_EQ(message->header("Nats-Msg-Id"), "01-1-0-error");
  const auto reply = ReadResult(*message);
  EXPECT_EQ(reply.call, IdOf(1));
  EXPECT_EQ(reply.worker, "dispatcher");
  const auto& error = std::get<tutor::ToolError>(reply.outcome);
  EXPECT_EQ(error.code, "unavailable");
  EXPECT_TRUE(error.retryable);
  EXPECT_FALSE(ear.Next(milliseconds(1'500))) << "acked, so not sent again";
  EXPECT_EQ(outbox_->counters().calls_failed, 1u);
}

TEST_F(OutboxTest, AnErrorResultIsRepeatedUntilItIsStored) {
  Start();
  CommitCall(1, milliseconds(100));
  ASSERT_TRUE(Eventually(seconds(5), [&] { return outbox_->counters().calls_failed == 1; }));
  CommitEnd(1, false);  // By the deadline timer, say: the result is on its way all the same.
  server_.Kill9();
  Restart();
  MakeLog();
  ASSERT_TRUE(Eventually(seconds(10), [&] { return MessagesIn("LOG") == 1; }));
  ASSERT_TRUE(outbox_->Drain(In(seconds(10))));
}

TEST_F(OutboxTest, AnEndedCallIsCancelledAtItsWorker) {
  Ear ear(*admin_, Request(), "tools");
  Ear control(*admin_, subjects().ToolControl("w"));
  Start();
  CommitCall(1);
  CommitCall(2);
  for (int i = 0; i < 2; ++i) {
    auto message = ear.Next();
    ASSERT_TRUE(message);
    Answer(*message, true, "w");
  }
  CommitEnd(1, false);
  CommitEnd(2, true);
  const auto cancel = control.Next();
  ASSERT_TRUE(cancel);
  const auto id = envelope::DecodeToolCancel(
      cancel->data, envelope::EncodingOf(cancel->header("Content-Type"), cancel->data));
  ASSERT_TRUE(id);
  EXPECT_EQ(*id, IdOf(2));
  EXPECT_FALSE(control.Next(milliseconds(200)));
  EXPECT_EQ(outbox_->counters().cancels, 1u);
}

TEST_F(OutboxTest, AgainGoesOutAtOnceAsTheNextAttempt) {
  Ear ear(*admin_, Request(), "tools");
  Start();
  CommitCall(1);
  auto message = ear.Next();
  ASSERT_TRUE(message);
  Answer(*message, true, "w");
  Outgoing outgoing;
  outgoing.again = {IdOf(1)};
  ASSERT_TRUE(outbox_->Committed(kPartition, outgoing, In(seconds(5))));
  message = ear.Next(seconds(1));
  ASSERT_TRUE(message);
  EXPECT_EQ(Read(*message).attempt, 2u);
}

TEST_F(OutboxTest, AfterARestartOnlyWhatNoWorkerListsGoesOutAgain) {
  Ear ear(*admin_, Request(), "tools");
  PutCall(1, seconds(30));
  PutCall(2, seconds(30));
  Start();
  // As a worker does: again and again, so that one comes after the outbox began to listen.
  auto message = ear.Next(milliseconds(50));
  for (int i = 0; i < 100 && !message; ++i) {
    Beat("w", {IdOf(1)});
    message = ear.Next(milliseconds(50));
  }
  ASSERT_TRUE(message);
  EXPECT_EQ(Read(*message).id, IdOf(2));
  EXPECT_EQ(Read(*message).attempt, 1u);
  Answer(*message, true, "w");
  Beat("w", {IdOf(1), IdOf(2)});
  EXPECT_FALSE(ear.Next(milliseconds(700)));
}

TEST_F(OutboxTest, ARestartOfTheServerLosesNoRunningCall) {
  Ear ear(*admin_, Request(), "tools");
  Start();
  CommitCall(1);
  auto message = ear.Next();
  ASSERT_TRUE(message);
  Answer(*message, true, "w");
  Beat("w", {IdOf(1)});
  server_.Kill9();
  EXPECT_FALSE(ear.Next(milliseconds(2'500))) << "longer than a worker may be silent";
  Restart();
  for (int i = 0; i < 6; ++i) {
    Beat("w", {IdOf(1)});
    EXPECT_FALSE(ear.Next(milliseconds(200)));
  }
  EXPECT_EQ(outbox_->counters().calls_lost, 0u);
}

TEST_F(OutboxTest, NonsenseOnItsSubjectsIsIgnored) {
  Ear ear(*admin_, Request(), "tools");
  Start();
  CommitCall(1);
  auto message = ear.Next();
  ASSERT_TRUE(message);
  wire::Message nonsense;
  nonsense.data = "\xff\xfe{";
  for (const std::string& subject :
       {message->reply, message->reply + ".x", subjects().Heartbeat("w")}) {
    nonsense.subject = subject;
    ASSERT_TRUE(admin_->Publish(nonsense));
  }
  wire::Message other;  // An answer that names another call than its subject.
  other.subject = message->reply;
  other.data = envelope::EncodeToolAck({IdOf(7), true, "w"});
  ASSERT_TRUE(admin_->Publish(other));
  message = ear.Next(seconds(2));
  ASSERT_TRUE(message) << "still without an answer, so it goes out again";
  Answer(*message, true, "w");
  Beat("w", {IdOf(1)});
  EXPECT_FALSE(ear.Next(milliseconds(700)));
}

}  // namespace
}  // namespace lyceum::outbox
