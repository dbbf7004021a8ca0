// What the dispatch table does where a worker can be asked alone, and how long a call may take.
#include "dispatch_table_vocabulary.h"

namespace lyceum::dispatch {
namespace {

class DirectTest : public DispatchTableTest {
 protected:
  // Answers that come at once: a request then waits answer_ms_min for one.
  void LearnThatAnswersAreFast() {
    for (int n = 9'001; n <= 9'030; ++n) {
      Add(n);
      Out();
      Accept(n, "w");
      End(n);
    }
  }
};

TEST_F(DirectTest, SilenceOfTheGroupGoesStraightToTheWorkerWithTheMostRoom) {
  BeatDirect("v", {}, 2, 8);
  BeatDirect("w", {}, 5, 8);
  LearnThatAnswersAreFast();
  BeatDirect("w", {}, 5, 8);
  Add(1);
  EXPECT_EQ(Out(), Texts{"1#1"}) << "the queue group first";
  Pass(19);
  EXPECT_EQ(Out(), Texts{});
  Pass(1);
  EXPECT_EQ(Out(), Texts{"1#1>w"}) << "the same attempt";
  Accept(1, "w");
  EXPECT_EQ(table_.counters().direct, 1u);
  Pass(400);
  EXPECT_EQ(Out(), Texts{});
}

TEST_F(DirectTest, WhileNothingIsKnownOfAnswersTheLongestWaitIsLeft) {
  BeatDirect("w", {}, 5, 8);
  Add(1);
  Out();
  Pass(499);
  EXPECT_EQ(Out(), Texts{});
  Pass(1);
  EXPECT_EQ(Out(), Texts{"1#1>w"});
}

TEST_F(DirectTest, TheWaitIsFourTimesTheUsual) {
  for (int n = 1; n <= 60; ++n) {
    BeatDirect("w", {}, 8, 8);
    Add(n);
    Out();
    Pass(50);
    Accept(n, "w");
    End(n);
  }
  BeatDirect("w", {}, 8, 8);
  Add(100);
  EXPECT_EQ(Out(), Texts{"100#1"});
  Pass(185);
  EXPECT_EQ(Out(), Texts{});
  Pass(16);
  EXPECT_EQ(Out(), Texts{"100#1>w"});
}

TEST_F(DirectTest, APoolThatGetsSlowIsLearntFromAnswersThatAreLate) {
  BeatDirect("w", {}, 8, 8);
  LearnThatAnswersAreFast();
  for (int n = 1; n <= 60; ++n) {
    BeatDirect("w", {}, 8, 8);
    Add(n);
    Out();
    const uint32_t first = sends_[n];
    Pass(35);
    Out();
    Accept(n, "w", first);
    End(n);
  }
  const uint64_t direct = table_.counters().direct;
  BeatDirect("w", {}, 8, 8);
  Add(100);
  Pass(35);
  Accept(100, "w", 1);
  EXPECT_EQ(table_.counters().direct, direct) << "35 ms are usual by now";
}

TEST_F(DirectTest, AWorkerThatHasJustNotAnsweredIsNotAskedNext) {
  BeatDirect("a", {}, 9, 9);
  BeatDirect("b", {}, 2, 9);
  LearnThatAnswersAreFast();
  BeatDirect("b", {}, 2, 9);
  Add(1);
  EXPECT_EQ(Out(), Texts{"1#1"});
  Pass(20);
  EXPECT_EQ(Out(), Texts{"1#1>a"});
  Pass(20);
  EXPECT_EQ(Out(), Texts{"1#1>b"});
  Accept(1, "b");
  Pass(10);
  BeatDirect("a", {}, 9, 9);  // It is heard again, but it was just now that it did not answer.
  Add(2);
  Pass(20);
  EXPECT_EQ(Out(), (Texts{"2#1", "2#1>b"}));
  Accept(2, "b");
  Pass(500);
  BeatDirect("a", {}, 9, 9);
  BeatDirect("b", {1, 2}, 2, 9);
  Add(3);
  Pass(20);
  EXPECT_EQ(Out(), (Texts{"3#1", "3#1>a"})) << "by now it may be asked again";
}

TEST_F(DirectTest, ALateAnswerOfAWorkerThatAnswersOthersKeepsNobodyFromIt) {
  BeatDirect("hung", {}, 1, 50);
  BeatDirect("w", {}, 50, 50);
  LearnThatAnswersAreFast();
  BeatDirect("w", {}, 50, 50);
  Add(1);
  Pass(20);
  EXPECT_EQ(Out(), (Texts{"1#1", "1#1>w"}));
  Pass(5);
  Add(2);
  Out();
  Accept(2, "w");  // It answers, only not this request.
  Pass(15);
  Out();           // Nobody else than the hung one is left for the first.
  Accept(1, "w");  // Late.
  Add(3);
  EXPECT_EQ(Out(), Texts{"3#1"});
  Pass(20);
  EXPECT_EQ(Out(), Texts{"3#1>w"});
}

TEST_F(DirectTest, OneHungWorkerClosesNoWindowWhileOthersAnswer) {
  BeatDirect("hung", {}, 50, 50);
  BeatDirect("w", {}, 50, 50);
  LearnThatAnswersAreFast();
  Pass(400);
  int added = 0, direct = 0;
  for (int round = 0; round < 4; ++round) {
    BeatDirect("w", {}, 50, 50);
    for (int i = 0; i < 20; ++i) Add(++added);
    const Texts out = Out();
    EXPECT_EQ(out.size(), 20u) << "all at once, in round " << round;
    for (int n = added - 19; n <= added; n += 2)
      Accept(n, "w");  // The others went to the hung one.
    Pass(20);
    for (const auto& text : Out()) {
      const int n = std::stoi(text);
      ++direct;
      if (text.ends_with(">w")) Accept(n, "w");
    }
    Pass(20);
    for (const auto& text : Out()) {
      EXPECT_TRUE(text.ends_with(">w")) << text;
      Accept(std::stoi(text), "w");
    }
    for (int n = added - 19; n <= added; ++n) End(n);
    Pass(60);
  }
  EXPECT_EQ(direct, 40);
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(DirectTest, AsksNobodyWhoseHeartbeatsStopped) {
  BeatDirect("hung", {}, 9, 9);
  BeatDirect("w", {}, 1, 9);
  LearnThatAnswersAreFast();
  for (int i = 0; i < 3; ++i) {
    Pass(500);
    BeatDirect("w", {}, 1, 9);
  }
  Add(1);
  Pass(20);
  EXPECT_EQ(Out(), (Texts{"1#1", "1#1>w"})) << "the other has more room, but is silent";
}

TEST_F(DirectTest, ARequestThatNobodyHasRoomForWaitsOnAndGoesOutAgainWithoutABackoff) {
  BeatDirect("w", {}, 0, 8);
  LearnThatAnswersAreFast();
  BeatDirect("w", {}, 0, 8);
  Add(1);
  EXPECT_EQ(Out(), Texts{"1#1"});
  Pass(100);
  EXPECT_EQ(Out(), Texts{});
  Add(2);
  Out();
  Accept(2, "w");  // Others answer.
  Pass(399);
  EXPECT_EQ(Out(), Texts{});
  Pass(1);
  EXPECT_EQ(Out(), Texts{"1#1"});
}

TEST_F(DirectTest, ADirectWorkerThatIsBusyOrGonePassesTheCallOn) {
  BeatDirect("a", {}, 5, 9);
  BeatDirect("b", {}, 3, 9);
  BeatDirect("c", {}, 2, 9);
  LearnThatAnswersAreFast();
  Add(1);
  Pass(20);
  EXPECT_EQ(Out(), (Texts{"1#1", "1#1>a"}));
  Busy(1);
  EXPECT_EQ(Out(), Texts{"1#1>b"});
  Nobody(1);
  EXPECT_EQ(Out(), Texts{"1#1>c"});
  Nobody(1);
  EXPECT_EQ(Out(), Texts{"1#1"}) << "the group again: it has not said no";
}

TEST_F(DirectTest, PastItsDeadlineACallIsPassedOnToNobody) {
  BeatDirect("a", {}, 5, 9);
  BeatDirect("b", {}, 3, 9);
  LearnThatAnswersAreFast();
  AddFor(1, 900);
  Pass(20);
  EXPECT_EQ(Out(), (Texts{"1#1", "1#1>a"}));
  now_ += 900;  // The Tick is late.
  Busy(1);
  EXPECT_EQ(Out(), Texts{});
  Pass(1);
  EXPECT_EQ(Out(), Texts{"fail 1 deadline"});
}

TEST_F(DirectTest, WithoutADirectWorkerSilenceHalvesTheWindow) {
  Beat("w", {}, 8, 0);
  for (int n = 1; n <= 256; ++n) Add(n);
  EXPECT_EQ(Out().size(), 256u);
  Pass(500 + 20);
  EXPECT_EQ(Out().size(), 1u);
}

TEST_F(DirectTest, AnAcceptOfAnOvertakenSendCounts) {
  BeatDirect("a", {}, 5, 9);
  LearnThatAnswersAreFast();
  Add(1);
  Pass(20);
  ASSERT_EQ(Out(), (Texts{"1#1", "1#1>a"}));
  Accept(1, "b", 1);
  EXPECT_EQ(Out(), Texts{});
  Pass(200);
  EXPECT_EQ(Out(), Texts{}) << "b runs it";
  End(1, true);
  EXPECT_EQ(Out(), Texts{"cancel 1 b"});
}

TEST_F(DirectTest, AnAnswerToASendThatNeverWasIsIgnored) {
  Add(1);
  Out();
  Accept(1, "w", 2);
  Accept(1, "w", 0);
  Pass(520);
  EXPECT_EQ(Out(), Texts{"1#1"});
}

TEST_F(DirectTest, AnswersToACallWhoseSlotIsUsedAgainAreIgnored) {
  Add(1);
  Out();
  const CallNumber first = numbers_[1];
  End(1);
  Add(2);
  ASSERT_EQ(SlotOf(numbers_[2]), SlotOf(first));
  ASSERT_NE(numbers_[2], first);
  Out();
  table_.OnAccepted(first, 1, "w", now_);
  table_.OnBusy(first, 1, now_);
  table_.OnEnded(first, true, now_);
  EXPECT_EQ(table_.size(), 1u);
  Pass(520);
  EXPECT_EQ(Out(), Texts{"2#1"}) << "still without an answer";
}

TEST_F(DirectTest, ADeadlineCountsFromTheDispatchByThisOwner) {
  now_ = 1'000'000;
  table_.Tick(now_);
  Out();
  AddFor(1, 5'000);
  Out();
  Accept(1, "w");
  for (int i = 0; i < 9; ++i) {
    Pass(500);
    Beat("w", {1});
  }
  Pass(499);
  EXPECT_EQ(Out(), Texts{});
  Pass(1);
  EXPECT_EQ(Out(), Texts{"fail 1 deadline"});
}

TEST_F(DirectTest, OfAFoundCallTheDeadlineCountsFromTheEndOfListening) {
  Find(1, 0, 3'000);
  Pass(600);
  EXPECT_EQ(Out(), Texts{"1#1"});
  Accept(1, "w");
  for (int i = 0; i < 29; ++i) {
    Pass(100);
    Beat("w", {1});
  }
  Pass(99);
  EXPECT_EQ(Out(), Texts{});
  Pass(1);
  EXPECT_EQ(Out(), Texts{"fail 1 deadline"});
}

TEST_F(DirectTest, TheRestOfTheLockCutsADeadline) {
  AddFor(1, 30'000, "check_answer", 700);
  Out();
  Pass(699);
  for (const auto& text : Out()) EXPECT_EQ(text, "1#1");
  Pass(1);
  EXPECT_EQ(Out(), Texts{"fail 1 unavailable"});
}

TEST_F(DirectTest, TimeInWhichWeStoodStillIsNoPartOfADeadline) {
  AddFor(1, 5'000);
  AddFor(2, 5'000);
  Out();
  Accept(1, "w");
  Pass(100);
  now_ += 60'000;
  table_.Tick(now_);
  EXPECT_EQ(Out(), Texts{});
  for (int i = 0; i < 12; ++i) {
    Pass(400);
    Beat("w", {1});
  }
  for (const auto& text : Out()) EXPECT_EQ(text, "2#1");
  Pass(100);
  Texts fails = Out();
  std::erase(fails, "2#1");
  EXPECT_EQ(fails, (Texts{"fail 1 deadline", "fail 2 deadline"}));
}

TEST_F(DirectTest, APauseIsNoticedByWhateverComesFirst) {
  AddFor(1, 5'000);
  AddFor(2, 5'000);
  Out();
  Accept(1, "w");
  Nobody(2);
  now_ += 60'000;
  End(1);  // Read before the first Tick.
  EXPECT_EQ(Out(), Texts{"2#1"});
}

TEST_F(DirectTest, AgainAfterItsDeadlineIsNotSent) {
  AddFor(1, 900);
  Out();
  Accept(1, "w");
  now_ += 950;  // Late, but not a pause.
  table_.OnAgain(numbers_[1], now_);
  EXPECT_EQ(Out(), Texts{"fail 1 deadline"});
}

TEST_F(DirectTest, AnIdleTableHasNoGap) {
  now_ += 100'000;
  AddFor(1, 5'000);
  Out();
  Accept(1, "w");
  Pass(100);
  Beat("w", {1});
  Pass(1'999);
  EXPECT_EQ(Out(), Texts{});
  Pass(1);
  EXPECT_EQ(Out(), Texts{"1#2"});
}

TEST_F(DirectTest, WhatIsToldOfManyNamesIsBounded) {
  table_.ToolNamed("check_answer");  // Our own are there before anybody's.
  for (int i = 0; i < 3'000; ++i) {
    table_.OnHeartbeat({"w", {"tool-" + std::to_string(i)}, 1, 1, {}, true, true}, now_);
  }
  for (int i = 0; i < 20'000; ++i) {
    table_.OnHeartbeat({"w" + std::to_string(i), {"check_answer"}, 1, 1, {}, true, true}, now_);
  }
  Add(1);
  Out();
  Accept(1, "one-too-many");
  Pass(500);
  EXPECT_EQ(Out().size(), 1u) << "its worker could not be watched: it goes out again";
  Pass(2'100);
  Out();
  Accept(1, "w-new");
  Pass(520);
  EXPECT_EQ(Out(), Texts{}) << "the silent ones are forgotten";
}

}  // namespace
}  // namespace lyceum::dispatch
