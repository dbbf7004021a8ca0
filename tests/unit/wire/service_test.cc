// A program among NATS' services: what it answers, and how often.
#include "wire/service.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/manual_clock.h"
#include "wire/memory_broker.h"

namespace lyceum::wire {
namespace {

using nlohmann::json;

Service Worker() {
  return {.name = "lyceum-session-worker",
          .id = "w1",
          .version = "1.2.3",
          .description = "Folds",
          .metadata = {{"shards", "2"}},
          .endpoints = {{"query", "lyceum.query.*", ""}, {"ask", "lyceum.tool.ask", "tools"}},
          .started_ms = 1'000};
}

TEST(Service, EachAnswerHasWhatTheSpecificationAsksFor) {
  const json ping = json::parse(EncodeService(Worker(), ServiceVerb::kPing, {}));
  EXPECT_EQ(ping, json({{"type", "io.nats.micro.v1.ping_response"},
                        {"name", "lyceum-session-worker"},
                        {"id", "w1"},
                        {"version", "1.2.3"},
                        {"metadata", {{"shards", "2"}}}}));
  const json info = json::parse(EncodeService(Worker(), ServiceVerb::kInfo, {}));
  EXPECT_EQ(info["type"], "io.nats.micro.v1.info_response");
  EXPECT_EQ(info["description"], "Folds");
  EXPECT_EQ(info["endpoints"][1], json({{"name", "ask"},
                                        {"subject", "lyceum.tool.ask"},
                                        {"queue_group", "tools"},
                                        {"metadata", json::object()}}));
  const json stats = json::parse(EncodeService(Worker(), ServiceVerb::kStats, {{}, {4, 1, 1'002}}));
  EXPECT_EQ(stats["type"], "io.nats.micro.v1.stats_response");
  EXPECT_EQ(stats["started"], "1970-01-01T00:00:01.000Z");
  EXPECT_EQ(stats["endpoints"][0]["average_processing_time"], 0);
  EXPECT_EQ(stats["endpoints"][1], json({{"name", "ask"},
                                         {"subject", "lyceum.tool.ask"},
                                         {"queue_group", "tools"},
                                         {"num_requests", 4},
                                         {"num_errors", 1},
                                         {"last_error", ""},
                                         {"processing_time", 1'002},
                                         {"average_processing_time", 250}}));
}

TEST(Service, WithoutMetadataAndEndpointsBothAreThereAndEmpty) {
  const Service gateway{.name = "g", .id = "g1", .version = "1.0.0"};
  const json stats = json::parse(EncodeService(gateway, ServiceVerb::kStats, {}));
  EXPECT_EQ(stats["metadata"], json::object());
  EXPECT_EQ(stats["endpoints"], json::array());
}

class Responding : public ::testing::Test {
 protected:
  Responding() {
    asker_->SetConnectionHandler([this](bool connected) {
      if (!connected) return;
      ASSERT_TRUE(asker_->Subscribe("answers", "", [this](const Arrived& answer) {
        // Empty: the server says that nobody is subscribed.
        if (!answer.data.empty()) answers_.push_back(json::parse(answer.data));
      }));
    });
    Run();
  }
  // Until all that is on its way has come, with a tick in between.
  void Run() {
    for (int round = 0; round < 4; ++round) {
      responder_.Tick();
      broker_.FlushAll();
      ASSERT_TRUE(broker_.RunUntilIdle());
    }
  }
  void Ask(const std::string& subject, int times = 1) {
    for (int i = 0; i < times; ++i) {
      ASSERT_TRUE(asker_->Publish({.subject = subject, .reply = "answers"}));
    }
    Run();
  }
  size_t AnswersTo(const std::string& subject) {
    answers_.clear();
    Ask(subject);
    return answers_.size();
  }

  ManualClock clock_;
  MemoryBroker broker_{&clock_, {}};
  std::unique_ptr<MemoryWire> wire_ = broker_.Connect();
  std::unique_ptr<MemoryWire> asker_ = broker_.Connect();
  std::vector<json> answers_;
  int asked_for_figures_ = 0;
  ServiceResponder responder_{wire_.get(), &clock_, Worker(), [this] {
                                ++asked_for_figures_;
                                return std::vector<EndpointFigures>(2);
                              }};
};

TEST_F(Responding, ItAnswersToAllToItsNameAndToItsIdOnce) {
  for (const std::string verb : {"PING", "INFO", "STATS"}) {
    EXPECT_EQ(AnswersTo("$SRV." + verb), 1u);
    EXPECT_EQ(AnswersTo("$SRV." + verb + ".lyceum-session-worker"), 1u);
    EXPECT_EQ(AnswersTo("$SRV." + verb + ".lyceum-session-worker.w1"), 1u);
    EXPECT_EQ(AnswersTo("$SRV." + verb + ".lyceum-session-worker.w2"), 0u);
    EXPECT_EQ(AnswersTo("$SRV." + verb + ".lyceum-gateway"), 0u);
  }
  EXPECT_EQ(asked_for_figures_, 3);
}

TEST_F(Responding, AFloodIsAnsweredNoMoreThanSoOftenASecond) {
  constexpr size_t kMax = ServiceResponder::kAnswersMax;
  Ask("$SRV.STATS", 1'000);
  EXPECT_EQ(answers_.size(), kMax);
  clock_.AdvanceMs(1'000);
  Ask("$SRV.PING", 1'000);
  EXPECT_EQ(answers_.size(), 2 * kMax);
}

TEST_F(Responding, OnANewConnectionItAnswersAgainOnce) {
  broker_.Disconnect(wire_->client());
  Run();
  Run();
  ASSERT_EQ(wire_->connection_number(), 2u);
  EXPECT_EQ(AnswersTo("$SRV.PING"), 1u);
}

TEST_F(Responding, WhoNamesNoSubjectForTheAnswerGetsNone) {
  ASSERT_TRUE(asker_->Publish({.subject = "$SRV.STATS"}));
  Run();
  EXPECT_EQ(asked_for_figures_, 0);
}

}  // namespace
}  // namespace lyceum::wire
