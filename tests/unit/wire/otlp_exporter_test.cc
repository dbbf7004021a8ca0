// The exporter against real servers: what arrives, what is asked again, and what is dropped and counted.
#include "wire/otlp_exporter.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/clock.h"
#include "support/eventually.h"
#include "support/llm_server.h"
#include "support/nats_server.h"

namespace lyceum::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Eventually;
using test::LlmCall;
using test::LlmReply;
using test::LlmServer;
using Drop = OtlpExporter::Drop;

constexpr seconds kWait{20};

LlmReply Took(const std::string& answer = "") {
  return {.raw = {{answer}}, .content_type = "application/x-protobuf"};
}
LlmReply Refuses(int status, const std::string& retry_after = "") {
  return {.trouble = test::Trouble::kStatus, .status = status, .retry_after = retry_after};
}

// Names, with commas behind.
std::string Names(const std::vector<Span>& spans) {
  std::string names;
  for (const Span& span : spans) names += span.name + ",";
  return names;
}

class Exporter : public ::testing::Test {
 protected:
  static OtlpExporter::Options To(const std::string& url) {
    OtlpExporter::Options options;
    options.endpoint = url;
    options.encode = Names;
    options.rejected = [](std::string_view answer) { return answer == "two" ? 2u : 0u; };
    options.batch_wait = milliseconds(1);
    options.retry_first = milliseconds(10);
    options.retry_max = milliseconds(40);
    return options;
  }
  void Start(OtlpExporter::Options options) {
    auto started = OtlpExporter::Start(std::move(options));
    ASSERT_TRUE(started) << started.error().text;
    exporter_ = *std::move(started);
  }
  void Add(const std::string& name) { exporter_->Add({.name = name}); }
  uint64_t Exported() const { return exporter_->counters().exported; }
  uint64_t Dropped(Drop drop) const {
    return exporter_->counters().dropped[static_cast<size_t>(drop)];
  }
  std::unique_ptr<OtlpExporter> exporter_;
};

TEST_F(Exporter, SpansArriveAtTheEndpoint) {
  LlmServer server([](const LlmCall&) { return Took(); });
  Start(To(server.url() + "/base/"));
  Add("a");
  ASSERT_TRUE(Eventually(kWait, [&] { return Exported() == 1; }));
  const LlmCall call = server.calls().at(0);
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.path, "/base/v1/traces");
  EXPECT_EQ(call.header("content-type"), "application/x-protobuf");
  EXPECT_EQ(call.body, "a,");
}

TEST_F(Exporter, ABatchIsWholeOrHasWaitedLongEnough) {
  LlmServer server([](const LlmCall&) { return Took(); });
  auto options = To(server.url());
  options.batch_max = 3;
  options.batch_wait = std::chrono::hours(1);
  Start(std::move(options));
  for (const char* name : {"a", "b", "c", "d"}) Add(name);
  ASSERT_TRUE(Eventually(kWait, [&] { return Exported() == 3; }));
  EXPECT_EQ(server.calls().at(0).body, "a,b,c,");
  exporter_.reset();  // What there is leaves at the end.
  ASSERT_EQ(server.call_count(), 2u);
  EXPECT_EQ(server.calls().at(1).body, "d,");
}

TEST_F(Exporter, AskedToComeAgainItComesAgain) {
  for (const int status : {429, 502, 503, 504}) {
    LlmServer server([&](const LlmCall& call) {
      return call.number < 3 ? Refuses(status, call.number == 1 ? "0" : "") : Took();
    });
    Start(To(server.url()));
    Add("a");
    ASSERT_TRUE(Eventually(kWait, [&] { return Exported() == 1; })) << status;
    EXPECT_EQ(server.call_count(), 3u);
    EXPECT_EQ(server.calls().at(2).body, "a,");
    exporter_.reset();
  }
}

TEST_F(Exporter, RetryAfterIsWaitedFor) {
  std::atomic<int64_t> second_ms{0};
  LlmServer server([&](const LlmCall& call) {
    if (call.number == 1) return Refuses(503, "1");
    second_ms = SystemClock().SteadyMs();
    return Took();
  });
  Start(To(server.url()));
  const int64_t begin_ms = SystemClock().SteadyMs();
  Add("a");
  ASSERT_TRUE(Eventually(kWait, [&] { return Exported() == 1; }));
  EXPECT_GE(second_ms - begin_ms, 1'000);
}

TEST_F(Exporter, AWaitBeyondTheBoundIsNotBegun) {
  LlmServer server([](const LlmCall&) { return Refuses(503, "3600"); });
  Start(To(server.url()));
  Add("a");
  ASSERT_TRUE(Eventually(kWait, [&] { return Dropped(Drop::kCollector) == 1; }));
  EXPECT_EQ(server.call_count(), 1u);
  EXPECT_EQ(Exported(), 0u);
}

TEST_F(Exporter, ACollectorThatIsAwayIsGivenUpInTime) {
  auto options = To("http://127.0.0.1:" + std::to_string(test::FreePort()));
  options.give_up = milliseconds(200);
  Start(std::move(options));
  Add("a");
  EXPECT_TRUE(Eventually(kWait, [&] { return Dropped(Drop::kCollector) == 1; }));
}

TEST_F(Exporter, WhatIsRefusedIsNotAskedAgain) {
  LlmServer server([](const LlmCall&) { return Refuses(400); });
  Start(To(server.url()));
  Add("a");
  ASSERT_TRUE(Eventually(kWait, [&] { return Dropped(Drop::kRefused) == 1; }));
  EXPECT_EQ(server.call_count(), 1u);
}

TEST_F(Exporter, WhatIsTakenInPartIsCountedInPart) {
  LlmServer server([](const LlmCall&) { return Took("two"); });
  auto options = To(server.url());
  options.batch_max = 3;
  options.batch_wait = std::chrono::hours(1);
  Start(std::move(options));
  for (const char* name : {"a", "b", "c"}) Add(name);
  ASSERT_TRUE(Eventually(kWait, [&] { return Dropped(Drop::kRefused) == 2; }));
  EXPECT_EQ(Exported(), 1u);
}

TEST_F(Exporter, BeforeAStuckCollectorTheQueueIsBoundedAndNobodyWaits) {
  LlmServer stuck([](const LlmCall&) { return Took(); }, {.answers = false});
  auto options = To(stuck.url());
  options.queue_max = 10;
  options.batch_max = 4;
  options.batch_wait = std::chrono::hours(1);
  options.flush = milliseconds(300);
  Start(std::move(options));
  for (int i = 0; i < 4; ++i) Add("first");
  ASSERT_TRUE(Eventually(kWait, [&] { return stuck.open_connections() == 1; }));
  const int64_t begin_ms = SystemClock().SteadyMs();
  for (int i = 0; i < 10'000; ++i) Add("more");
  EXPECT_LT(SystemClock().SteadyMs() - begin_ms, 5'000);
  EXPECT_EQ(Dropped(Drop::kQueueFull), 10'000u - 10u);
  EXPECT_EQ(Exported(), 0u);
  const int64_t end_ms = SystemClock().SteadyMs();
  exporter_.reset();
  EXPECT_LT(SystemClock().SteadyMs() - end_ms, 5'000);
}

TEST_F(Exporter, WhatIsNoEndpointIsRefused) {
  for (const char* url : {"", "127.0.0.1:4318", "ftp://a", "http://me:secret@a", "http://a?b=c"}) {
    EXPECT_FALSE(OtlpExporter::Start(To(url))) << url;
  }
}

}  // namespace
}  // namespace lyceum::wire
