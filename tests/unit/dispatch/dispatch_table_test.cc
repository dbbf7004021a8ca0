// The rules of tool dispatch with a clock made by hand.
#include "dispatch_table_vocabulary.h"

namespace lyceum::dispatch {
namespace {

TEST_F(DispatchTableTest, ANewCallGoesOutAtOnceAsTheFirstAttempt) {
  EXPECT_TRUE(Add(1));
  EXPECT_EQ(Out(), Texts{"1#1"});
  EXPECT_FALSE(Add(1)) << "known already";
  EXPECT_EQ(Out(), Texts{});
}

TEST_F(DispatchTableTest, AnAcceptedCallIsLeftAloneWhileItsWorkerListsIt) {
  Add(1);
  Out();
  Accept(1, "w");
  for (int i = 0; i < 20; ++i) {
    Pass(500);
    Beat("w", {1});
  }
  EXPECT_EQ(Out(), Texts{});
}

TEST_F(DispatchTableTest, WithoutAnAnswerTheSameAttemptGoesOutAgain) {
  Add(1);
  Out();
  Pass(499);
  EXPECT_EQ(Out(), Texts{});
  Pass(1 + 20);
  EXPECT_EQ(Out(), Texts{"1#1"});
}

TEST_F(DispatchTableTest, BusyBacksOffDoublingWithJitterUpToItsMaximum) {
  Add(1);
  Out();
  int64_t backoff = 20;
  for (int i = 0; i < 12; ++i) {
    const int64_t sent = now_;
    Busy(1);
    Texts out;
    while ((out = Out()).empty()) Pass(1);
    EXPECT_EQ(out, Texts{"1#1"});
    EXPECT_GE(now_ - sent, backoff / 2) << "seed " << seed_;
    EXPECT_LE(now_ - sent, backoff) << "seed " << seed_;
    backoff = std::min<int64_t>(2 * backoff, 500);
  }
}

TEST_F(DispatchTableTest, BackoffIsJittered) {
  std::set<int64_t> waits;
  for (int n = 1; n <= 40; ++n) {
    DispatchTable table(Options(), seed_ + n);
    const CallNumber call = table.Add({"1", 0, table.ToolNamed("t"), kDeadline}, false, 0);
    table.OnBusy(call, 1, 0);
    waits.insert(table.NextTick());
  }
  EXPECT_GT(waits.size(), 3u) << "seed " << seed_;
}

TEST_F(DispatchTableTest, AFullPoolIsProbedByTheOldestCallOnlyAndServedInOrder) {
  for (int n = 1; n <= 5; ++n) Add(n);
  EXPECT_EQ(Out().size(), 5u);
  for (int n : {3, 1, 5, 2, 4}) Nobody(n);
  Pass(20);
  EXPECT_EQ(Out(), Texts{"1#1"});
  Nobody(1);
  Pass(40);
  EXPECT_EQ(Out(), Texts{"1#1"});
  Add(6);  // Newer ones wait behind.
  EXPECT_EQ(Out(), Texts{});
  Accept(1, "w");  // Opens by one more for each that is accepted.
  EXPECT_EQ(Out(), (Texts{"2#1", "3#1"}));
  Accept(3, "w");
  EXPECT_EQ(Out(), (Texts{"4#1", "5#1"}));
}

TEST_F(DispatchTableTest, AFreedSlotEndsTheBackoff) {
  for (int n = 1; n <= 2; ++n) Add(n);
  Out();
  Accept(1, "w");
  for (int i = 0; i < 8; ++i) {  // Until the backoff is long.
    Nobody(2);
    while (Out().empty()) {
      Pass(100);
      Beat("w", {1}, 0);
    }
  }
  Nobody(2);
  EXPECT_EQ(Out(), Texts{});
  End(1);
  EXPECT_EQ(Out(), Texts{"2#1"});
  Nobody(2);
  Beat("w", {}, 1);
  EXPECT_EQ(Out(), Texts{"2#1"});
}

TEST_F(DispatchTableTest, ToolsDoNotWaitForEachOther) {
  Add(1, "a");
  Add(2, "b");
  Out();
  Nobody(1);
  Add(3, "a");
  Add(4, "b");
  EXPECT_EQ(Out(), Texts{"4#1"});
}

TEST_F(DispatchTableTest, BusyAndSilenceAreNoAttempts) {
  Add(1);
  for (int i = 0; i < 10; ++i) {
    while (Out().empty()) Pass(10);
    Busy(1);
  }
  Pass(500);
  EXPECT_EQ(Out().back(), "1#1");
}

TEST_F(DispatchTableTest, AWorkerSilentForTwoSecondsLosesItsCalls) {
  Add(1);
  Out();
  Accept(1, "w");
  Pass(100);
  Beat("w", {1});
  Pass(1'999);
  EXPECT_EQ(Out(), Texts{});
  Pass(1);
  EXPECT_EQ(Out(), Texts{"1#2"});
  EXPECT_EQ(table_.counters().lost, 1u);
}

TEST_F(DispatchTableTest, AWorkerThatNeverBeatsIsLostTwoSecondsAfterItAccepted) {
  Add(1);
  Out();
  Accept(1, "w");
  Pass(1'999);
  EXPECT_EQ(Out(), Texts{});
  Pass(1);
  EXPECT_EQ(Out(), Texts{"1#2"});
}

TEST_F(DispatchTableTest, TwoHeartbeatsWithoutItLoseACall) {
  Add(1);
  Add(2);
  Out();
  Accept(1, "w");
  Accept(2, "w");
  Beat("w", {2});
  EXPECT_EQ(Out(), Texts{});
  Beat("w", {1, 2});  // Listed again: counted from the start.
  Beat("w", {2});
  EXPECT_EQ(Out(), Texts{});
  Beat("w", {2});
  EXPECT_EQ(Out(), Texts{"1#2"});
}

TEST_F(DispatchTableTest, AResultEndsTheWaitForHeartbeats) {
  Add(1);
  Out();
  Accept(1, "w");
  Beat("w", {});
  End(1);
  Beat("w", {});
  Pass(5'000);
  EXPECT_EQ(Out(), Texts{});
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(DispatchTableTest, ThreeAttemptsAreAllThereAre) {
  Add(1);
  for (int attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_EQ(Out(), Texts{"1#" + std::to_string(attempt)});
    Accept(1, "w" + std::to_string(attempt));
    Pass(2'000);
  }
  EXPECT_EQ(Out(), Texts{"fail 1 lost"});
  Pass(kDeadline);
  EXPECT_EQ(Out(), Texts{}) << "failed once only";
  EXPECT_EQ(table_.size(), 1u) << "kept until the partition ends it";
  End(1);
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(DispatchTableTest, AtItsDeadlineACallThatNobodyServesIsUnavailable) {
  Add(1, "check_answer", now_ + 3'000);
  Out();
  Nobody(1);
  while (now_ < 3'999) {
    Pass(1);
    if (!Out().empty()) Nobody(1);
  }
  Pass(1);
  EXPECT_EQ(Out(), Texts{"fail 1 unavailable"});
}

TEST_F(DispatchTableTest, AtItsDeadlineACallOfAServedToolIsLate) {
  Add(1, "check_answer", now_ + 3'000);
  Add(2, "check_answer", now_ + 3'000);
  Out();
  Accept(1, "w");
  Nobody(2);
  for (int i = 0; i < 6; ++i) {
    Pass(500);
    if (i < 5) Beat("w", {1});
  }
  Texts fails;
  for (const auto& text : Out()) {
    if (text.starts_with("fail")) fails.push_back(text);
  }
  EXPECT_EQ(fails, (Texts{"fail 1 deadline", "fail 2 deadline"}));
}

TEST_F(DispatchTableTest, ACallPastItsDeadlineIsNotSent) {
  Add(1, "check_answer", now_);
  Pass(1);
  EXPECT_EQ(Out(), Texts{"fail 1 unavailable"});
}

TEST_F(DispatchTableTest, ALateAcceptIsTaken) {
  Add(1);
  Out();
  Pass(500);  // Waiting for its next turn, or sent again.
  Out();
  Accept(1, "w");
  Pass(400);
  Beat("w", {1});
  Pass(400);
  EXPECT_EQ(Out(), Texts{});
}

TEST_F(DispatchTableTest, AListedCallCountsAsAccepted) {
  Add(1);
  Out();
  Beat("w", {1});
  Pass(1'000);
  EXPECT_EQ(Out(), Texts{});
}

TEST_F(DispatchTableTest, AStaleBusyIsIgnored) {
  Add(1);
  Out();
  const uint32_t first = sends_[1];
  Pass(520);
  ASSERT_EQ(Out(), Texts{"1#1"});
  table_.OnBusy(numbers_[1], first, now_);
  EXPECT_EQ(table_.counters().busy, 0u);
  Accept(1, "w");
  Busy(1);  // Two members answered: the accepted one counts.
  Pass(500);
  EXPECT_EQ(Out(), Texts{});
}

TEST_F(DispatchTableTest, ACancelGoesToEveryWorkerThatTookTheCall) {
  Add(1);
  Out();
  Accept(1, "a");
  Pass(2'000);
  Accept(1, "b");
  Out();
  End(1, true);
  EXPECT_EQ(Out(), (Texts{"cancel 1 a", "cancel 1 b"}));
  EXPECT_EQ(table_.counters().cancels, 2u);
}

TEST_F(DispatchTableTest, ACancelReachesAWorkerThatAcceptsLate) {
  Add(1);
  Out();
  End(1, true);
  EXPECT_EQ(Out(), Texts{});
  Accept(1, "w");
  EXPECT_EQ(Out(), Texts{"cancel 1 w"});
  Accept(1, "w");
  EXPECT_EQ(Out(), Texts{});
}

TEST_F(DispatchTableTest, AgainIsTheNextAttemptAtOnce) {
  Add(1);
  Out();
  Accept(1, "w");
  table_.OnAgain(numbers_[1], now_);
  EXPECT_EQ(Out(), Texts{"1#2"});
  table_.OnAgain(0, now_);
  EXPECT_EQ(Out(), Texts{});
}

TEST_F(DispatchTableTest, AfterATakeoverOnlyWhatNobodyListsGoesOut) {
  Find(1);
  Find(2);
  Find(3);
  EXPECT_EQ(Out(), Texts{});
  Pass(300);
  Beat("w", {2});
  Pass(299);
  EXPECT_EQ(Out(), Texts{});
  Pass(1);
  EXPECT_EQ(Out(), (Texts{"1#1", "3#1"}));
  Pass(200);
  Beat("w", {2});
  Beat("w", {});
  Beat("w", {});
  EXPECT_EQ(Out(), Texts{"2#2"}) << "its worker is watched from then on";
}

TEST_F(DispatchTableTest, ADroppedPartitionIsForgotten) {
  Find(1, 1);
  Find(2, 2);
  table_.DropPartition(1);
  EXPECT_EQ(table_.size(), 1u);
  Pass(600);
  EXPECT_EQ(Out(), Texts{"2#1"});
}

TEST_F(DispatchTableTest, WhatCanNotBePublishedFails) {
  Add(1);
  Out();
  table_.OnRefused(numbers_[1], now_);
  EXPECT_EQ(Out(), Texts{"fail 1 refused"});
}

TEST_F(DispatchTableTest, SilenceWhileTheLinkIsDownIsForgiven) {
  Add(1);
  Out();
  Accept(1, "w");
  for (int i = 0; i < 50; ++i) {
    Pass(100);
    table_.ForgiveSilence(now_);
  }
  EXPECT_EQ(Out(), Texts{});
  Pass(2'000);
  EXPECT_EQ(Out(), Texts{"1#2"});
}

TEST_F(DispatchTableTest, OurOwnPauseIsNobodysSilence) {
  Add(1);
  Out();
  Accept(1, "w");
  now_ += 10'000;  // Stopped, and gone on.
  table_.Tick(now_);
  EXPECT_EQ(Out(), Texts{});
}

TEST_F(DispatchTableTest, CallsAreBounded) {
  for (int n = 1; n <= 10'000; ++n) ASSERT_TRUE(Add(n));
  EXPECT_FALSE(Add(10'001));
  EXPECT_LE(Out().size(), 256u) << "requests without an answer are bounded too";
}

}  // namespace
}  // namespace lyceum::dispatch
