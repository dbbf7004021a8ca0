#include "worker/service_report.h"

#include <gtest/gtest.h>

#include "support/notify_socket.h"

namespace lyceum::worker {
namespace {

using std::chrono::milliseconds;
using test::NotifySocket;
using Taken = std::vector<std::string>;

class Reporting : public ::testing::Test {
 protected:
  static constexpr int64_t kWatchdogMs = 10'000;

  FigureServer::Sources Sources() {
    return {.figures = {},
            .not_live = {},
            .not_ready = [this] { return why_; },
            .still_ms = [this] { return still_ms_; }};
  }
  ServiceReport Make(int64_t watchdog_ms = 0) {
    return {ServiceManager(socket_.name(), milliseconds(watchdog_ms)), Sources(), now_ms_};
  }
  // As ServeUntilStopped does, for so long.
  void For(ServiceReport& report, int64_t ms) {
    for (const int64_t end = now_ms_ + ms; now_ms_ < end;) {
      now_ms_ += report.Wait().count();
      report.Turn(now_ms_);
      socket_.Count("");
    }
  }

  NotifySocket socket_;
  int64_t now_ms_ = 5'000;
  int64_t still_ms_ = 0;
  std::vector<std::string> why_;
};

TEST_F(Reporting, OneThatIsReadySaysSoOnce) {
  ServiceReport report = Make();
  EXPECT_LE(report.Wait(), milliseconds(100));
  For(report, 5'000);
  EXPECT_EQ(socket_.Take(), Taken{"READY=1\nSTATUS=ready"});
  EXPECT_EQ(report.Wait(), milliseconds(1'000));
}

TEST_F(Reporting, OneThatIsNotReadyAsksForPatienceAndSaysWhy) {
  why_ = {"partition 3 catching up: 9 records behind", "partition 4 opening"};
  ServiceReport report = Make();
  For(report, 2'900);
  const std::string line =
      "EXTEND_TIMEOUT_USEC=30000000\n"
      "STATUS=partition 3 catching up: 9 records behind (and 1 more)";
  EXPECT_EQ(socket_.Take(), (Taken{line, line, line}));
  why_.clear();
  For(report, 100);
  EXPECT_EQ(socket_.Take(), Taken{"READY=1\nSTATUS=ready"});
}

TEST_F(Reporting, WhatIsNeverReadyCountsAsStartedInTheEnd) {
  why_ = {"partition 3 halted"};
  ServiceReport report = Make();
  For(report, ServiceReport::kReadyMax.count() - 1'000);
  EXPECT_EQ(socket_.Count("READY=1"), 0u);
  socket_.Take();
  For(report, 2'000);
  EXPECT_EQ(socket_.Take().back(), "READY=1\nSTATUS=partition 3 halted");
}

TEST_F(Reporting, TheStatusFollowsWhatHappens) {
  ServiceReport report = Make();
  For(report, 2'000);
  socket_.Take();
  why_ = {"no connection to\nNATS"};
  For(report, 3'000);
  EXPECT_EQ(socket_.Take(), Taken{"STATUS=no connection to NATS"});
}

TEST_F(Reporting, TheWatchdogHearsItTwiceAsOftenAsItAsks) {
  ServiceReport report = Make(kWatchdogMs);
  For(report, 60'000);
  EXPECT_GE(socket_.Count("WATCHDOG=1"), 12u);
  EXPECT_LE(socket_.Count("WATCHDOG=1"), 16u);
}

TEST_F(Reporting, AShortWatchdogIsHeardOfInTime) {
  ServiceReport report = Make(200);
  For(report, 10'000);
  EXPECT_GE(socket_.Count("WATCHDOG=1"), 99u);
}

TEST_F(Reporting, ALoopThatStandsStillIsNotReportedAlive) {
  ServiceReport report = Make(kWatchdogMs);
  For(report, 20'000);
  still_ms_ = kWatchdogMs;
  const size_t before = socket_.Count("WATCHDOG=1");
  For(report, 60'000);
  EXPECT_EQ(socket_.Count("WATCHDOG=1"), before);
  still_ms_ = 10;
  For(report, 2'000);
  EXPECT_EQ(socket_.Count("WATCHDOG=1"), before + 1);
}

TEST_F(Reporting, WhatWasNotTakenIsToldAgain) {
  const ServiceManager flood(socket_.name(), milliseconds(0));
  for (int i = 0; i < 100'000 && flood.Tell("X=1"); ++i) {
  }
  ServiceReport report = Make(kWatchdogMs);
  report.Turn(now_ms_);
  socket_.Take();
  For(report, 200);
  EXPECT_EQ(socket_.Count("READY=1"), 1u);
  EXPECT_EQ(socket_.Count("WATCHDOG=1"), 1u);
}

TEST_F(Reporting, OneThatStopsSaysSo) {
  ServiceReport report = Make();
  report.Stopping();
  EXPECT_EQ(socket_.Take(), Taken{"STOPPING=1\nSTATUS=stopping"});
}

TEST_F(Reporting, WithoutAManagerNothingIsAsked) {
  ServiceReport report({},
                       {.figures = {},
                        .not_live = {},
                        .not_ready = []() -> std::vector<std::string> {
                          ADD_FAILURE() << "asked";
                          return {};
                        },
                        .still_ms = {}},
                       0);
  EXPECT_EQ(report.Wait(), milliseconds(1'000));
  report.Turn(1'000);
}

}  // namespace
}  // namespace lyceum::worker
