// The same seed gives the same events, byte for byte; and how many of them a second.
#include <gtest/gtest.h>

#include <array>
#include <ctime>
#include <map>
#include <optional>

#include "base/random.h"
#include "support/seed.h"
#include "wire/memory_broker.h"

namespace lyceum::wire {
namespace {

// Clients that publish, ask, subscribe, read a stream and answer flow control, and everything that
// goes wrong: drawn from one seed.
class Workload {
 public:
  explicit Workload(uint64_t seed) : random_(seed), broker_(&clock_, OptionsOf(seed)) {
    broker_.AddStream({.name = "S", .subjects = {"lyceum.p.*.>"}, .duplicates_ms = 500});
    broker_.AddBucket("b");
    for (size_t i = 0; i < kClients; ++i) MakeClient(i);
  }
  ~Workload() {
    broker_.SetTrace(nullptr);
    for (auto& wire : wires_) wire.reset();
  }

  void Run(uint64_t steps) {
    for (uint64_t step = 0; step < steps; ++step) {
      if (Below(3) == 0) Act();
      if (Below(200) == 0) Fault();
      if (!broker_.Step()) clock_.AdvanceMs(1);
      if (Below(4) != 0) broker_.FlushAll();
    }
  }
  MemoryBroker& broker() { return broker_; }
  uint64_t answers() const { return answers_; }

 private:
  static constexpr size_t kClients = 6;

  static MemoryBroker::Options OptionsOf(uint64_t seed) {
    MemoryBroker::Options options;
    options.seed = seed;
    options.network.rare_per_million = 10'000;
    options.network.rare_us = 20'000;
    options.flow_messages_max = 40;
    options.pending_bytes_max = 20'000;
    return options;
  }
  uint64_t Below(uint64_t bound) { return (random_.Next() >> 11) % bound; }

  void MakeClient(size_t i) {
    wires_[i] = broker_.Connect();
    wires_[i]->SetConnectionHandler([this, i](bool connected) {
      if (connected) Begin(i);
    });
  }

  void Begin(size_t i) {
    MemoryWire* wire = wires_[i].get();
    const auto answer = [this, wire](const Arrived& arrived) {
      if (!arrived.reply.empty()) {
        EXPECT_TRUE(wire->Publish({.subject = arrived.reply, .data = "answer"}));
      }
    };
    EXPECT_TRUE(wire->Subscribe("q.*", "g", answer));
    EXPECT_TRUE(wire->Subscribe("core.>", "", [](const Arrived&) {}));
    const std::string inbox = wire->NewInbox();
    EXPECT_TRUE(wire->Subscribe(inbox, "", [wire](const Arrived& arrived) {
      if (arrived.status != 100) return;
      const std::string_view subject =
          arrived.reply.empty() ? arrived.header("Nats-Consumer-Stalled") : arrived.reply;
      if (!subject.empty()) {
        EXPECT_TRUE(wire->Publish({.subject = subject}));
      }
    }));
    Request(i,
            {.subject = "$JS.API.CONSUMER.CREATE.S",
             .data = R"({"stream_name":"S","config":{"deliver_subject":")" + inbox +
                     R"(","ack_policy":"none","flow_control":true,"idle_heartbeat":100000000}})"});
  }

  void Request(size_t i, const Outbound& message) {
    wires_[i]->Request(message, std::chrono::milliseconds(50),
                       [this](Result<Answer> answer) { answers_ += answer.has_value(); });
  }

  void Act() {
    const size_t i = Below(kClients);
    MemoryWire& wire = *wires_[i];
    const std::string number = std::to_string(Below(50));
    switch (Below(5)) {
      case 0:
        return Request(i, {.subject = "q." + number, .data = number});
      case 1:
        return Request(i, {.subject = "lyceum.in.user.u" + number,
                           .data = std::string(Below(400), 'x'),
                           .message_id = "m" + number});
      case 2:
        return Request(i, {.subject = "$KV.b.k" + number, .data = "v", .expected_last = "0"});
      case 3:
        return Request(i, {.subject = "$JS.API.STREAM.MSG.GET.S",
                           .data = "{\"seq\":" + std::to_string(1 + Below(50)) + "}"});
      default:
        (void)wire.Publish({.subject = "core." + number, .data = number}).has_value();
    }
  }

  void Fault() {
    const size_t i = Below(kClients);
    const MemoryBroker::ClientId client = wires_[i]->client();
    switch (Below(12)) {
      case 0:
        return broker_.Disconnect(client);
      case 1:
        wires_[i].reset();
        return MakeClient(i);
      case 2:
        if (Below(4) == 0) broker_.RestartServer(20'000, 5'000);
        return;
      case 3:
        broker_.PauseReading(client, true);
        return;
      case 4:
      case 5:
        for (const auto& wire : wires_) broker_.PauseReading(wire->client(), false);
        return;
      case 6:
        return broker_.BlockWrites(client, Below(2) == 0);
      case 7:
        return broker_.SetFaults(client, {.drop_per_million = 20'000,
                                          .duplicate_per_million = 20'000,
                                          .delay_per_million = 50'000,
                                          .delay_us = 10'000});
      case 8:
        return broker_.LoseTail("S", Below(5));
      case 9:
        return broker_.TrimBelow("S", Below(broker_.last_sequence("S") + 2));
      case 10:
        broker_.StallConsumers("S", Below(2) == 0);
        return broker_.RefusePublishes("S", Below(4) == 0);
      default:
        broker_.SetServerOffsetMs(static_cast<int64_t>(Below(10'000)) - 5'000);
        return broker_.BreakConsumers("S");
    }
  }

  SeededRandom random_;
  ManualClock clock_;
  MemoryBroker broker_;
  std::array<std::unique_ptr<MemoryWire>, kClients> wires_;
  uint64_t answers_ = 0;
};

TEST(MemoryTrace, TheSameSeedGivesTheSameEvents) {
  constexpr uint64_t kSteps = 20'000;
  const uint64_t seed = test::Seed();
  std::map<uint64_t, uint64_t> seeds;  // By hash.
  for (uint64_t s = seed; s < seed + 5; ++s) {
    std::string first_trace, second_trace;
    Workload first(s), second(s);
    const auto into = [](std::string* text) {
      return [text](std::string_view line) { text->append(line).push_back('\n'); };
    };
    first.broker().SetTrace(into(&first_trace));
    second.broker().SetTrace(into(&second_trace));
    first.Run(kSteps);
    second.Run(kSteps);
    EXPECT_EQ(first.broker().trace_hash(), second.broker().trace_hash());
    EXPECT_TRUE(first_trace == second_trace);
    EXPECT_GT(first_trace.size(), 100'000u);
    EXPECT_TRUE(seeds.emplace(first.broker().trace_hash(), s).second);
    // It is a workload.
    const MemoryBroker::Counts& counts = first.broker().counts();
    EXPECT_GT(counts.delivered, 3'000u);
    EXPECT_GT(counts.stored, 20u);
    EXPECT_GT(counts.dropped, 20u);
    EXPECT_GT(counts.lost, 5u);
    EXPECT_GT(first.answers(), 200u);
    // And the hash sees a single byte.
    first.broker().StartServer();
    second.broker().StartServer();
    ASSERT_EQ(first.broker().trace_hash(), second.broker().trace_hash());
    first.broker().Publish({.subject = "core.x", .data = "1"});
    second.broker().Publish({.subject = "core.x", .data = "2"});
    EXPECT_NE(first.broker().trace_hash(), second.broker().trace_hash());
  }
}

// Not a bound: a slow machine is not a failure. The figure is for people.
TEST(MemoryTrace, DeliversManyMessagesASecond) {
  ManualClock clock;
  MemoryBroker broker(&clock, MemoryBroker::Options());
  broker.AddStream({.name = "S", .subjects = {"lyceum.p.*.>"}});
  constexpr uint64_t kCount = 200'000;
  auto wire = broker.Connect();
  ASSERT_TRUE(broker.RunUntil([&] { return wire->connected(); }, 1'000'000));
  uint64_t core = 0, acks = 0, records = 0;
  const std::string acks_inbox = wire->NewInbox(), deliver = wire->NewInbox();
  ASSERT_TRUE(wire->Subscribe(acks_inbox + ".*", "", [&](const Arrived&) { ++acks; }));
  ASSERT_TRUE(wire->Subscribe("lyceum.out.*", "", [&](const Arrived&) { ++core; }));
  ASSERT_TRUE(wire->Subscribe(deliver, "", [&](const Arrived& arrived) {
    if (arrived.status == 0) return void(++records);
    if (!arrived.reply.empty()) {
      EXPECT_TRUE(wire->Publish({.subject = arrived.reply}));
    }
  }));
  ASSERT_TRUE(wire->Publish(
      {.subject = "$JS.API.CONSUMER.CREATE.S",
       .data = R"({"stream_name":"S","config":{"deliver_subject":")" + deliver +
               R"(","ack_policy":"none","flow_control":true,"idle_heartbeat":500000000}})"}));
  wire->Flush();
  const std::string data(200, 'x');
  const std::clock_t begin = std::clock();
  for (uint64_t sent = 0; sent < kCount;) {
    for (int i = 0; i < 20; ++i, ++sent) {
      const std::string user = std::to_string(sent % 500);
      ASSERT_TRUE(wire->Publish({.subject = "lyceum.out.u" + user, .data = data}));
      ASSERT_TRUE(wire->Publish({.subject = "lyceum.in.user.u" + user,
                                 .reply = acks_inbox + ".1",
                                 .data = data,
                                 .message_id = std::to_string(sent)}));
    }
    wire->Flush();
    broker.RunForUs(100);
  }
  ASSERT_TRUE(broker.RunUntil(
      [&] {
        wire->Flush();
        return core == kCount && acks == kCount && records == kCount;
      },
      60'000'000));
  const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  RecordProperty("deliveries_per_second", static_cast<int>(3 * kCount / took));
  std::fprintf(
      stderr, "%.0f deliveries per second of CPU (a third each core, acks, records), %.0f events\n",
      3 * kCount / took, static_cast<double>(broker.counts().events) / took);
}

}  // namespace
}  // namespace lyceum::wire
