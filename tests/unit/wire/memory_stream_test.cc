// What the streams and consumers of the twin do, and what is done to them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "memory_vocabulary.h"
#include "wire/memory_broker.h"

namespace lyceum::wire {
namespace {

using nlohmann::json;

using MemoryStreamTest = MemoryBrokerTest;

// ---- Streams

TEST_F(MemoryStreamTest, AFullStreamRefusesAsTheServerDoes) {
  AddStream(300);
  auto wire = Connected();
  // Numbers of nats-server 2.9.10: what counts before is less than what counts after, so records
  // go out at the front of a stream that discards the new.
  const std::vector<uint64_t> acked = {1, 2, 3, 4, 5, 0, 6, 7};
  for (size_t i = 0; i < acked.size(); ++i) {
    const std::string id = i % 2 == 0 ? "" : "f" + std::to_string(i);
    const json answer =
        Ask(*wire, {.subject = "s.a", .data = std::string(20, 'x'), .message_id = id});
    EXPECT_EQ(answer["seq"], acked[i]) << i;
    if (acked[i] == 0) {
      EXPECT_EQ(
          answer["error"],
          json({{"code", 503}, {"err_code", 10077}, {"description", "maximum bytes exceeded"}}));
    }
  }
  EXPECT_EQ(broker_.first_sequence("S"), 4u);
  EXPECT_EQ(broker_.last_sequence("S"), 7u);
  const json state = Ask(*wire, {.subject = "$JS.API.STREAM.INFO.S"})["state"];
  EXPECT_EQ(state["bytes"], 278);
  EXPECT_EQ(state["messages"], 4);
}

TEST_F(MemoryStreamTest, AStreamThatDiscardsTheOldKeepsTheNew) {
  AddStream(300, true);
  for (int i = 0; i < 8; ++i) broker_.Publish({.subject = "s.a", .data = std::string(20, 'x')});
  EXPECT_EQ(broker_.first_sequence("S"), 4u);  // As nats-server 2.9.10: 5 of 53 bytes.
  EXPECT_EQ(broker_.last_sequence("S"), 8u);
}

TEST_F(MemoryStreamTest, TheDuplicateWindowGoesByTheServersTime) {
  AddStream();
  const auto publish = [&] { broker_.Publish({.subject = "s.a", .message_id = "i"}); };
  publish();
  clock_.AdvanceMs(9'999);
  publish();
  EXPECT_EQ(broker_.last_sequence("S"), 1u);
  clock_.AdvanceMs(1);
  publish();
  EXPECT_EQ(broker_.last_sequence("S"), 2u);
  broker_.SetServerOffsetMs(3'600'000);
  publish();
  EXPECT_EQ(broker_.last_sequence("S"), 3u);
  const auto stored = broker_.Stored("S");
  EXPECT_EQ(stored[0].time_ms, ManualClock::kStartUnixMs);
  EXPECT_EQ(stored[2].time_ms, ManualClock::kStartUnixMs + 10'000 + 3'600'000);
  EXPECT_EQ(broker_.server_unix_ms(), stored[2].time_ms);
}

TEST_F(MemoryStreamTest, ALostTailIsNumberedAgain) {
  AddStream();
  auto wire = Connected();
  for (int i = 1; i <= 5; ++i) {
    broker_.Publish({.subject = "s." + std::to_string(i % 2),
                     .data = std::to_string(i),
                     .message_id = "i" + std::to_string(i)});
  }
  Texts replies;
  Consume(*wire, "S", &replies);
  broker_.LoseTail("S", 2);
  EXPECT_EQ(broker_.last_sequence("S"), 3u);
  EXPECT_EQ(broker_.consumers("S"), 0u);
  const auto last = [&](const std::string& subject) {
    return Ask(*wire, {.subject = "$JS.API.STREAM.MSG.GET.S",
                       .data = R"({"last_by_subj":")" + subject + "\"}"})["message"]["seq"];
  };
  EXPECT_EQ(last("s.0"), 2);
  EXPECT_EQ(last("s.1"), 3);
  // Of those that are lost the server knows nothing any more; of the others it does.
  EXPECT_EQ(Ask(*wire, {.subject = "s.0", .data = "new 4", .message_id = "i4"})["seq"], 4);
  EXPECT_EQ(Ask(*wire, {.subject = "s.1", .message_id = "i3"})["duplicate"], true);
  EXPECT_EQ(Data(), (Texts{"1", "2", "3", "new 4"}));
  broker_.LoseTail("S", 100);
  EXPECT_EQ(broker_.last_sequence("S"), 0u);
  broker_.Publish({.subject = "s.a"});
  EXPECT_EQ(broker_.last_sequence("S"), 1u);
}

TEST_F(MemoryStreamTest, ARecreatedStreamIsAnotherOne) {
  AddStream();
  auto wire = Connected();
  const auto created = [&] {
    return std::string(Ask(*wire, {.subject = "$JS.API.STREAM.INFO.S"})["created"]);
  };
  const std::string before = created();
  EXPECT_TRUE(before.starts_with("2026-01-01T00:00:00")) << before;
  broker_.Publish({.subject = "s.a", .message_id = "i"});
  broker_.RecreateStream("S");
  EXPECT_NE(created(), before);
  EXPECT_EQ(broker_.last_sequence("S"), 0u);
  EXPECT_EQ(Ask(*wire, {.subject = "s.a", .message_id = "i"}), json({{"stream", "S"}, {"seq", 1}}));
}

TEST_F(MemoryStreamTest, ATrimmedStreamBeginsLater) {
  AddStream();
  auto wire = Connected();
  for (int i = 1; i <= 5; ++i) {
    broker_.Publish({.subject = "s.a", .data = std::to_string(i)});
  }
  broker_.TrimBelow("S", 4);
  EXPECT_EQ(broker_.first_sequence("S"), 4u);
  Texts replies;
  Consume(*wire, "S", &replies);
  Run(100'000);
  EXPECT_EQ(replies, (Texts{"#4", "#5"}));
  broker_.TrimBelow("S", 100);
  EXPECT_EQ(broker_.first_sequence("S"), 6u);
  EXPECT_EQ(broker_.last_sequence("S"), 5u);
  broker_.Publish({.subject = "s.a", .data = "6"});
  Run(100'000);
  EXPECT_EQ(replies, (Texts{"#4", "#5", "#6"}));
}

TEST_F(MemoryStreamTest, APublishIsRefusedOrFalselyAckedWhenTold) {
  AddStream();
  auto wire = Connected();
  EXPECT_EQ(Ask(*wire, {.subject = "s.a", .message_id = "i"})["seq"], 1);
  broker_.RefusePublishes("S", true);
  EXPECT_EQ(Ask(*wire, {.subject = "s.a"})["error"]["err_code"], 10077);
  EXPECT_EQ(Ask(*wire, {.subject = "s.a", .message_id = "i"})["duplicate"], true);
  broker_.RefusePublishes("S", false);
  broker_.AckWithoutStoring("S", 1);
  EXPECT_EQ(Ask(*wire, {.subject = "s.a", .message_id = "j"}),
            json({{"stream", "S"}, {"seq", 0}, {"duplicate", true}}));
  EXPECT_EQ(Ask(*wire, {.subject = "s.a", .message_id = "j"})["seq"], 2);
}

// ---- Consumers

TEST_F(MemoryStreamTest, ABrokenConsumerIsSilent) {
  AddStream();
  auto wire = Connected();
  Texts replies;
  Consume(*wire, "S", &replies);
  Run(1'100'000);
  EXPECT_EQ(replies, (Texts{"0", "0"}));
  broker_.BreakConsumers("S");
  broker_.Publish({.subject = "s.a"});
  Run(5'000'000);
  EXPECT_EQ(replies.size(), 2u);
}

TEST_F(MemoryStreamTest, AStalledConsumerSendsHeartbeatsAlone) {
  AddStream();
  auto wire = Connected();
  Texts replies;
  broker_.StallConsumers("S", true);
  Consume(*wire, "S", &replies);
  broker_.Publish({.subject = "s.a", .data = "1"});
  Run(1'600'000);
  EXPECT_EQ(replies, (Texts{"0", "0", "0"}));
  broker_.StallConsumers("S", false);
  Run(100'000);
  EXPECT_EQ(replies.back(), "#1");
}

TEST_F(MemoryStreamTest, ASkippedDeliveryIsAGapInTheNumbers) {
  AddStream();
  auto wire = Connected();
  Texts replies;
  Consume(*wire, "S", &replies);
  broker_.SkipDeliveries("S", 1);
  for (int i = 1; i <= 3; ++i) broker_.Publish({.subject = "s.a", .data = std::to_string(i)});
  Run(600'000);
  EXPECT_EQ(replies, (Texts{"#2", "#3", "3"}));
}

TEST(MemoryStreamOptions, FlowControlMayCountMessages) {
  ManualClock clock;
  MemoryBroker::Options options;
  options.flow_messages_max = 10;
  MemoryBroker broker(&clock, options);
  broker.AddStream({.name = "S", .subjects = {"s"}});
  for (int i = 0; i < 100; ++i) broker.Publish({.subject = "s"});
  auto wire = broker.Connect();
  ASSERT_TRUE(broker.RunUntil([&] { return wire->connected(); }, 1'000'000));
  int got = 0;
  std::string asked;
  ASSERT_TRUE(wire->Subscribe("d", "", [&](const Arrived& arrived) {
    if (arrived.status == 0) ++got;
    if (arrived.status == 100 && !arrived.reply.empty()) asked = arrived.reply;
  }));
  ASSERT_TRUE(wire->Publish(
      {.subject = "$JS.API.CONSUMER.CREATE.S",
       .data = R"({"stream_name":"S","config":{"deliver_subject":"d","ack_policy":"none",)"
               R"("flow_control":true,"idle_heartbeat":500000000}})"}));
  wire->Flush();
  broker.RunForUs(400'000);
  EXPECT_EQ(got, 10);
  for (int i = 0; i < 100 && got < 100; ++i) {
    ASSERT_TRUE(wire->Publish({.subject = asked}));
    wire->Flush();
    broker.RunForUs(10'000);
  }
  EXPECT_EQ(got, 100);
}

}  // namespace
}  // namespace lyceum::wire
