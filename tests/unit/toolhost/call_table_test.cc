#include "toolhost/call_table.h"

#include <gtest/gtest.h>

namespace lyceum::toolhost {
namespace {

using Known = CallTable::Known;

ResultMessage Result(size_t bytes = 1) {
  ResultMessage message;
  message.data.assign(bytes, 'r');
  return message;
}

TEST(CallTable, ACallGoesFromRunningOverUnackedToDone) {
  CallTable calls;
  const CallId id("0-1-0");
  EXPECT_EQ(calls.Find(id), Known::kNew);
  const uint64_t run = calls.Begin(id);
  EXPECT_EQ(calls.Find(id), Known::kRunning);
  EXPECT_FALSE(calls.Send(id));
  ASSERT_TRUE(calls.Finish(id, run, Result()));
  const auto sending = calls.Send(id);
  ASSERT_TRUE(sending);
  EXPECT_EQ(calls.Find(id), Known::kUnacked);
  EXPECT_EQ(calls.InFlight(), std::vector<CallId>{id});
  calls.Acked(sending->cookie);
  EXPECT_EQ(calls.Find(id), Known::kDone);
  EXPECT_TRUE(calls.InFlight().empty());
  EXPECT_TRUE(calls.Send(id)) << "a done one can be sent again";
}

TEST(CallTable, TheResultOfACancelledCallIsDropped) {
  CallTable calls;
  const CallId id("0-1-0");
  const uint64_t run = calls.Begin(id);
  EXPECT_TRUE(calls.Cancel(id));
  EXPECT_FALSE(calls.Cancel(id));
  EXPECT_EQ(calls.running(), 0U);
  EXPECT_FALSE(calls.Finish(id, run, Result()));
  const uint64_t again = calls.Begin(id);
  EXPECT_FALSE(calls.Finish(id, run, Result())) << "of the run that was cancelled";
  EXPECT_TRUE(calls.Finish(id, again, Result()));
}

TEST(CallTable, TheAckOfAnEarlierSendingIsNotTheLastOnes) {
  CallTable calls;
  const CallId id("0-1-0");
  calls.Finish(id, calls.Begin(id), Result());
  const auto first = calls.Send(id);
  const auto second = calls.Send(id);
  calls.Acked(first->cookie);
  EXPECT_EQ(calls.Find(id), Known::kUnacked);
  calls.Acked(second->cookie);
  EXPECT_EQ(calls.Find(id), Known::kDone);
}

TEST(CallTable, OnlyTheLastDoneOnesAreKept) {
  CallTable calls;
  for (size_t i = 0; i < CallTable::kDoneMax + 10; ++i) {
    const CallId id(std::to_string(i));
    calls.Finish(id, calls.Begin(id), Result());
  }
  EXPECT_EQ(calls.Find(CallId("9")), Known::kNew);
  EXPECT_EQ(calls.Find(CallId("10")), Known::kDone);
  const CallId large("large");
  calls.Finish(large, calls.Begin(large), Result(CallTable::kDoneBytesMax));
  EXPECT_EQ(calls.Find(CallId("200")), Known::kNew);
  EXPECT_EQ(calls.Find(large), Known::kDone);
}

}  // namespace
}  // namespace lyceum::toolhost
