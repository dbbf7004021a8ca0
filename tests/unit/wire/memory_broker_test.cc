#include "wire/memory_broker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/token.h"
#include "log_contract.h"
#include "memory_world.h"
#include "support/seed.h"

namespace lyceum::wire {
namespace {

using nlohmann::json;
using std::chrono::seconds;

INSTANTIATE_WIRE_CONTRACT(Memory, MakeMemoryWorld);

class MemoryBrokerTest : public testing::Test {
 protected:
  static MemoryBroker::Options Seeded() {
    MemoryBroker::Options options;
    options.seed = test::Seed();
    return options;
  }
  explicit MemoryBrokerTest(MemoryBroker::Options options) : broker_(&clock_, std::move(options)) {}
  MemoryBrokerTest() : MemoryBrokerTest(Seeded()) {}

  std::unique_ptr<MemoryWire> Connected() {
    auto wire = broker_.Connect();
    EXPECT_TRUE(Until([&] { return wire->connected(); }));
    return wire;
  }
  // Steps, with a flush of everybody before each.
  bool Until(const std::function<bool()>& condition, int64_t us = 60'000'000) {
    return broker_.RunUntil(
        [&] {
          broker_.FlushAll();
          return condition();
        },
        us);
  }
  void Run(int64_t us) {
    Until([] { return false; }, us);
  }
  std::vector<std::string>* Listen(MemoryWire& wire, const std::string& subject,
                                   const std::string& queue = "") {
    auto& got = *heard_.emplace_back(std::make_unique<std::vector<std::string>>());
    EXPECT_TRUE(wire.Subscribe(subject, queue,
                               [&got](const Arrived& arrived) { got.emplace_back(arrived.data); }));
    Run(5'000);
    return &got;
  }
  json Ask(MemoryWire& wire, const Outbound& message) {
    std::optional<Result<Answer>> answer;
    wire.Request(message, seconds(5), [&](Result<Answer> got) { answer = std::move(got); });
    EXPECT_TRUE(Until([&] { return answer.has_value(); }));
    return answer && *answer ? json::parse((*answer)->data, nullptr, false) : json(nullptr);
  }
  // A consumer from the first record on, as LogReader makes it; `replies` are $JS.ACK..., or a
  // heartbeat's last consumer sequence.
  void Consume(MemoryWire& wire, const std::string& stream, std::vector<std::string>* replies) {
    const std::string inbox = wire.NewInbox();
    ASSERT_TRUE(wire.Subscribe(inbox, "", [replies](const Arrived& arrived) {
      replies->emplace_back(arrived.status == 0 ? "#" + std::string(arrived.data)
                                                : arrived.header("Nats-Last-Consumer"));
    }));
    const json made = Ask(wire, {.subject = "$JS.API.CONSUMER.CREATE." + stream,
                                 .data = json({{"stream_name", stream},
                                               {"config",
                                                {{"deliver_subject", inbox},
                                                 {"ack_policy", "none"},
                                                 {"flow_control", true},
                                                 {"idle_heartbeat", 500'000'000}}}})
                                             .dump()});
    EXPECT_EQ(made["type"], "io.nats.jetstream.api.v1.consumer_create_response");
    EXPECT_FALSE(made.contains("error")) << made;
  }
  void AddStream(int64_t bytes_max = -1, bool discard_old = false) {
    MemoryStream stream;
    stream.name = "S";
    stream.subjects = {"s.>"};
    stream.bytes_max = bytes_max;
    stream.discard_old = discard_old;
    stream.duplicates_ms = 10'000;
    broker_.AddStream(std::move(stream));
  }
  std::vector<std::string> Data() const {
    std::vector<std::string> data;
    for (const MemoryRecord& record : broker_.Stored("S")) data.push_back(record.data);
    return data;
  }

  ManualClock clock_;
  MemoryBroker broker_;
  std::vector<std::unique_ptr<std::vector<std::string>>> heard_;
};

using Texts = std::vector<std::string>;

// ---- The server

TEST_F(MemoryBrokerTest, NothingHappensOutsideOfStep) {
  auto wire = Connected();
  Texts* got = Listen(*wire, "a");
  ASSERT_TRUE(wire->Publish({.subject = "a", .data = "1"}));
  wire->Flush();
  clock_.AdvanceMs(1000);
  EXPECT_TRUE(got->empty());
  EXPECT_EQ(broker_.touched(), 0u);
  while (got->empty()) ASSERT_TRUE(broker_.Step());
  EXPECT_EQ(broker_.touched(), wire->client());
  EXPECT_EQ(clock_.SteadyMs(), 1000 + (clock_.NowUs() - 1'000'000) / 1000);  // Late, not back.
}

TEST_F(MemoryBrokerTest, TheNextEventIsKnown) {
  EXPECT_EQ(broker_.NextEventUs(), MemoryBroker::kNever);
  EXPECT_EQ(broker_.NextEventMs(), MemoryBroker::kNever);
  EXPECT_FALSE(broker_.Step());
  int called = 0;
  broker_.After(1500, [&] { ++called; });
  EXPECT_EQ(broker_.NextEventUs(), 1500);
  EXPECT_EQ(broker_.NextEventMs(), 2);
  EXPECT_TRUE(broker_.RunUntilIdle());
  EXPECT_EQ(called, 1);
  EXPECT_EQ(clock_.NowUs(), 1500);
}

TEST_F(MemoryBrokerTest, RunUntilIdleDoesNotWaitForHeartbeatsAndKeepsItsBounds) {
  AddStream();
  auto wire = Connected();
  Texts got;
  Consume(*wire, "S", &got);
  EXPECT_TRUE(broker_.RunUntilIdle());
  std::function<void()> again = [&] { broker_.After(10, again); };
  again();
  EXPECT_FALSE(broker_.RunUntilIdle({.steps_max = 100}));
  EXPECT_FALSE(broker_.RunUntilIdle({.time_us_max = 1000}));
}

TEST_F(MemoryBrokerTest, UsersAreMappedToPartitions) {
  auto wire = Connected();
  Texts subjects;
  ASSERT_TRUE(wire->Subscribe(
      ">", "", [&](const Arrived& arrived) { subjects.emplace_back(arrived.subject); }));
  const std::string partition = std::to_string(PartitionOf("alice", 16));
  EXPECT_EQ(partition, "7");  // As nats-server 2.9.10 says.
  for (const char* subject : {"lyceum.in.user.alice", "lyceum.query.alice", "lyceum.in.alice",
                              "lyceum.in.user.alice.x", "lyceums.in.user.alice"}) {
    ASSERT_TRUE(wire->Publish({.subject = subject}));
  }
  ASSERT_TRUE(Until([&] { return subjects.size() == 5; }));
  EXPECT_EQ(subjects, (Texts{"lyceum.p.7.user.alice", "lyceum.q.7.alice", "lyceum.in.alice",
                             "lyceum.in.user.alice.x", "lyceums.in.user.alice"}));
}

TEST(MemoryBrokerOptions, PrefixAndPartitionsAreTheOwnersChoice) {
  ManualClock clock;
  MemoryBroker::Options options;
  options.prefix = "school";
  options.partitions = 3;
  MemoryBroker broker(&clock, options);
  broker.AddStream({.name = "S", .subjects = {"school.p.*.>", "lyceum.>"}});
  broker.Publish({.subject = "school.in.user.alice"});
  broker.Publish({.subject = "lyceum.in.user.alice"});
  const auto stored = broker.Stored("S");
  ASSERT_EQ(stored.size(), 2u);
  EXPECT_EQ(stored[0].subject,
            "school.p." + std::to_string(PartitionOf("alice", 3)) + ".user.alice");
  EXPECT_EQ(stored[1].subject, "lyceum.in.user.alice");
}

TEST_F(MemoryBrokerTest, GroupsOfOneNameOnTwoPatternsAreOne) {
  auto wire = Connected();
  Texts* one = Listen(*wire, "a.*", "g");
  Texts* two = Listen(*wire, "a.b", "g");
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(wire->Publish({.subject = "a.b"}));
  Run(10'000);
  EXPECT_EQ(one->size() + two->size(), 100u);
  EXPECT_GT(one->size(), 0u);
  EXPECT_GT(two->size(), 0u);
}

// ---- Clients and their connections

TEST_F(MemoryBrokerTest, WhatABrokenConnectionLosesIsATail) {
  size_t all = 0, none = 0;
  auto listener = Connected();
  for (int round = 0; round < 50; ++round) {
    auto wire = Connected();
    Texts* got = Listen(*listener, "a." + std::to_string(round));
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(
          wire->Publish({.subject = "a." + std::to_string(round), .data = std::to_string(i)}));
      wire->Flush();
    }
    broker_.Disconnect(wire->client());
    ASSERT_TRUE(wire->connected());  // It does not know yet.
    ASSERT_TRUE(wire->Publish({.subject = "a." + std::to_string(round), .data = "unflushed"}));
    ASSERT_TRUE(broker_.RunUntil([&] { return !wire->connected(); }, 1'000'000));
    Run(100'000);
    for (size_t i = 0; i < got->size(); ++i) ASSERT_EQ((*got)[i], std::to_string(i));
    ASSERT_LE(got->size(), 20u);
    all += got->size() == 20;
    none += got->empty();
  }
  EXPECT_GT(all + none, 0u);
  EXPECT_LT(all + none, 50u);
  EXPECT_GT(broker_.counts().lost, 50u);
}

TEST_F(MemoryBrokerTest, AKilledClientLosesWhatItHasNotFlushed) {
  auto listener = Connected();
  Texts* got = Listen(*listener, "a");
  auto wire = Connected();
  ASSERT_TRUE(wire->Publish({.subject = "a", .data = "1"}));
  wire.reset();
  Run(1'000'000);
  EXPECT_TRUE(got->empty());
}

TEST_F(MemoryBrokerTest, AClientComesBackAfterTheDelay) {
  auto wire = Connected();
  std::vector<std::pair<bool, int64_t>> told;
  wire->SetConnectionHandler([&](bool connected) { told.emplace_back(connected, clock_.NowUs()); });
  const int64_t begin_us = clock_.NowUs();
  broker_.Disconnect(wire->client(), {.client_notices_us = 1000, .reconnect_us = 7000});
  Run(100'000);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0], std::make_pair(false, begin_us + 1000));
  EXPECT_EQ(told[1], std::make_pair(true, begin_us + 8000));
  EXPECT_EQ(wire->connection_number(), 2u);
}

TEST_F(MemoryBrokerTest, AMemberThatTheServerThinksAliveIsStillChosen) {
  auto dead = Connected(), alive = Connected(), sender = Connected();
  Texts* by_dead = Listen(*dead, "q", "g");
  Texts* by_alive = Listen(*alive, "q", "g");
  broker_.Disconnect(dead->client(), {.client_notices_us = 0, .server_notices_us = 1'000'000});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(sender->Publish({.subject = "q"}));
  Run(500'000);
  EXPECT_TRUE(by_dead->empty());
  EXPECT_LT(by_alive->size(), 80u);
  EXPECT_GT(by_alive->size(), 20u);
  Run(600'000);
  by_alive->clear();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(sender->Publish({.subject = "q"}));
  Run(100'000);
  EXPECT_EQ(by_alive->size(), 100u);
}

TEST_F(MemoryBrokerTest, ARestartTakesAllConnectionsAndKeepsStreams) {
  AddStream();
  auto a = Connected(), b = Connected();
  Texts* got = Listen(*a, "core");
  EXPECT_EQ(Ask(*a, {.subject = "s.1", .data = "kept", .message_id = "i"})["seq"], 1);
  Texts replies;
  Consume(*a, "S", &replies);
  EXPECT_EQ(broker_.consumers("S"), 1u);
  broker_.RestartServer(200'000, 300'000);
  EXPECT_FALSE(broker_.running());
  EXPECT_EQ(broker_.consumers("S"), 0u);
  ASSERT_TRUE(Until([&] { return !a->connected() && !b->connected(); }, 100'000));
  ASSERT_TRUE(Until([&] { return a->connected() && b->connected(); }));
  EXPECT_TRUE(broker_.running());
  // JetStream is not there yet: nobody answers.
  EXPECT_EQ(Ask(*a, {.subject = "$JS.API.STREAM.INFO.S"}), nullptr);
  EXPECT_EQ(Ask(*a, {.subject = "s.1", .data = "refused"}), nullptr);
  Run(300'000);
  EXPECT_EQ(Ask(*a, {.subject = "s.1", .message_id = "i"})["duplicate"], true);
  EXPECT_EQ(Data(), Texts{"kept"});
  ASSERT_TRUE(b->Publish({.subject = "core"}));
  Run(100'000);
  EXPECT_TRUE(got->empty());  // The subscription is gone.
}

TEST_F(MemoryBrokerTest, AClientThatDoesNotReadWaitsAndThenReadsInOrder) {
  auto slow = Connected(), sender = Connected();
  Texts* got = Listen(*slow, "a");
  broker_.PauseReading(slow->client(), true);
  Texts sent;
  for (int i = 0; i < 200; ++i) {
    sent.push_back(std::to_string(i));
    ASSERT_TRUE(sender->Publish({.subject = "a", .data = sent.back()}));
    if (i == 100) Run(50'000);
  }
  Run(50'000);
  EXPECT_TRUE(got->empty());
  broker_.PauseReading(slow->client(), false);
  for (int i = 200; i < 300; ++i) {
    sent.push_back(std::to_string(i));
    ASSERT_TRUE(sender->Publish({.subject = "a", .data = sent.back()}));
  }
  ASSERT_TRUE(Until([&] { return got->size() == 300; }));
  EXPECT_EQ(*got, sent);
}

TEST(MemoryBrokerOptions, AClientThatDoesNotReadIsCutInTheEnd) {
  ManualClock clock;
  MemoryBroker::Options options;
  options.pending_bytes_max = 10'000;
  MemoryBroker broker(&clock, options);
  auto slow = broker.Connect();
  ASSERT_TRUE(broker.RunUntil([&] { return slow->connected(); }, 1'000'000));
  int got = 0;
  ASSERT_TRUE(slow->Subscribe("a", "", [&](const Arrived&) { ++got; }));
  slow->Flush();
  broker.RunForUs(10'000);
  broker.PauseReading(slow->client(), true);
  for (int i = 0; i < 20; ++i) broker.Publish({.subject = "a", .data = std::string(1000, 'x')});
  EXPECT_EQ(broker.counts().slow_cuts, 1u);
  broker.RunForUs(1'000'000);
  EXPECT_EQ(slow->connection_number(), 2u);
  EXPECT_EQ(got, 0);
  EXPECT_EQ(broker.counts().dropped, 20u);
}

TEST_F(MemoryBrokerTest, ASocketThatTakesNothingLeavesItUnwritten) {
  auto wire = Connected();
  Texts* got = Listen(*wire, "a");
  broker_.BlockWrites(wire->client(), true);
  ASSERT_TRUE(wire->Publish({.subject = "a", .data = std::string(1000, 'x')}));
  wire->Flush();
  EXPECT_GE(wire->unwritten_bytes(), 1000u);
  Run(100'000);
  EXPECT_TRUE(got->empty());
  broker_.BlockWrites(wire->client(), false);
  EXPECT_EQ(wire->unwritten_bytes(), 0u);
  EXPECT_TRUE(Until([&] { return got->size() == 1; }));
}

TEST_F(MemoryBrokerTest, CoreMessagesAreDroppedRepeatedAndDelayedWhenTold) {
  AddStream();
  auto wire = Connected();
  Texts* got = Listen(*wire, "a");
  Texts* other = Listen(*wire, "b");
  const auto send = [&](const std::string& subject) {
    got->clear();
    other->clear();
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(wire->Publish({.subject = subject, .data = std::to_string(i)}));
    }
    Run(100'000);
  };
  broker_.SetFaults(wire->client(), {.subjects = "a", .drop_per_million = 500'000});
  send("a");
  EXPECT_GT(got->size(), 20u);
  EXPECT_LT(got->size(), 80u);
  send("b");
  EXPECT_EQ(other->size(), 100u);
  broker_.SetFaults(wire->client(), {.duplicate_per_million = 1'000'000});
  send("a");
  EXPECT_EQ(got->size(), 200u);
  Texts replies;
  Consume(*wire, "S", &replies);
  broker_.Publish({.subject = "s.1", .data = "once"});
  Run(100'000);
  EXPECT_EQ(replies, Texts{"#once"});
  broker_.SetFaults(wire->client(), {.delay_per_million = 1'000'000, .delay_us = 50'000'000});
  const int64_t begin_us = clock_.NowUs();
  ASSERT_TRUE(wire->Publish({.subject = "a", .data = "late"}));
  got->clear();
  ASSERT_TRUE(Until([&] { return !got->empty(); }));
  EXPECT_GT(clock_.NowUs() - begin_us, 1'000);
}

// ---- Streams

TEST_F(MemoryBrokerTest, AFullStreamRefusesAsTheServerDoes) {
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

TEST_F(MemoryBrokerTest, AStreamThatDiscardsTheOldKeepsTheNew) {
  AddStream(300, true);
  for (int i = 0; i < 8; ++i) broker_.Publish({.subject = "s.a", .data = std::string(20, 'x')});
  EXPECT_EQ(broker_.first_sequence("S"), 4u);  // As nats-server 2.9.10: 5 of 53 bytes.
  EXPECT_EQ(broker_.last_sequence("S"), 8u);
}

TEST_F(MemoryBrokerTest, TheDuplicateWindowGoesByTheServersTime) {
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

TEST(ManualClockTest, AnOffsetIsOfTheWallClockAlone) {
  ManualClock time;
  OffsetClock clock(&time, -5000);
  time.AdvanceMs(1500);
  EXPECT_EQ(clock.SteadyMs(), 1500);
  EXPECT_EQ(clock.UnixMs(), ManualClock::kStartUnixMs + 1500 - 5000);
  clock.SetOffsetMs(7);
  EXPECT_EQ(clock.SteadyMs(), 1500);
  EXPECT_EQ(clock.UnixMs(), time.UnixMs() + 7);
}

TEST_F(MemoryBrokerTest, ALostTailIsNumberedAgain) {
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

TEST_F(MemoryBrokerTest, ARecreatedStreamIsAnotherOne) {
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

TEST_F(MemoryBrokerTest, ATrimmedStreamBeginsLater) {
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

TEST_F(MemoryBrokerTest, APublishIsRefusedOrFalselyAckedWhenTold) {
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

TEST_F(MemoryBrokerTest, ABrokenConsumerIsSilent) {
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

TEST_F(MemoryBrokerTest, AStalledConsumerSendsHeartbeatsAlone) {
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

TEST_F(MemoryBrokerTest, ASkippedDeliveryIsAGapInTheNumbers) {
  AddStream();
  auto wire = Connected();
  Texts replies;
  Consume(*wire, "S", &replies);
  broker_.SkipDeliveries("S", 1);
  for (int i = 1; i <= 3; ++i) broker_.Publish({.subject = "s.a", .data = std::to_string(i)});
  Run(600'000);
  EXPECT_EQ(replies, (Texts{"#2", "#3", "3"}));
}

TEST(MemoryBrokerOptions, FlowControlMayCountMessages) {
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
