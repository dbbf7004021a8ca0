#include "wire/memory_broker.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/token.h"
#include "log_contract.h"
#include "memory_vocabulary.h"
#include "memory_world.h"

namespace lyceum::wire {
namespace {

using nlohmann::json;

INSTANTIATE_WIRE_CONTRACT(Memory, MakeMemoryWorld);

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
  // These are on their way and late when it begins to read again.
  for (int i = 200; i < 300; ++i) {
    sent.push_back(std::to_string(i));
    broker_.Publish({.subject = "a", .data = sent.back()});
  }
  clock_.AdvanceMs(1000);
  broker_.PauseReading(slow->client(), false);
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

}  // namespace
}  // namespace lyceum::wire
