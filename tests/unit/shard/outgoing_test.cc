// What was sent and is not confirmed.
#include "shard/outgoing.h"

#include <gtest/gtest.h>

#include "base/manual_clock.h"
#include "wire/memory_broker.h"

namespace lyceum::shard {
namespace {

class OutgoingTest : public testing::Test {
 protected:
  OutgoingTest() : broker(&clock, {}), wire(broker.Connect()), listener(broker.Connect()) {
    listener->SetConnectionHandler([this](bool connected) {
      if (!connected) return;
      (void)listener->Subscribe("out.*", "", [this](const wire::Arrived& message) {
        came.push_back(std::string(message.data));
      });
      listener->Flush();
    });
    outgoing = std::make_unique<Outgoing>(wire.get(), &clock, Outgoing::Options(),
                                          [this](uint64_t number) { told.push_back(number); });
    wire->SetConnectionHandler([this](bool connected) {
      if (connected) outgoing->OnConnected();
      wire->Flush();
    });
    broker.RunForUs(200'000);
  }

  bool Send(const std::string& data) { return outgoing->Send({.subject = "out.c", .data = data}); }
  void Turn() {
    outgoing->Probe();
    wire->Flush();
  }
  void Run(int64_t ms) {
    for (int64_t i = 0; i < ms; ++i) {
      Turn();
      broker.RunForUs(1'000);
    }
  }

  ManualClock clock;
  wire::MemoryBroker broker;
  std::unique_ptr<wire::MemoryWire> wire, listener;
  std::vector<uint64_t> told;
  std::vector<std::string> came;
  std::unique_ptr<Outgoing> outgoing;
};

TEST_F(OutgoingTest, AProbeConfirmsWhatLeftBeforeIt) {
  Send("a");
  Send("b");
  Turn();
  Send("c");  // After the probe.
  wire->Flush();
  broker.RunForUs(4'000);
  EXPECT_EQ(told, std::vector<uint64_t>{2});
  EXPECT_EQ(came, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_GT(outgoing->bytes(), 0u);
  Run(20);
  EXPECT_EQ(outgoing->confirmed(), 3u);
  EXPECT_EQ(outgoing->bytes(), 0u);
  EXPECT_EQ(outgoing->NextProbeMs(), INT64_MAX);
}

TEST_F(OutgoingTest, ANewConnectionSendsAgainWhatIsNotConfirmedInOrder) {
  Send("a");
  Run(20);
  ASSERT_EQ(outgoing->confirmed(), 1u);
  Send("b");
  Send("c");
  broker.Disconnect(wire->client(), {0, 0, 1'000});  // Before they are flushed.
  broker.RunForUs(500);
  EXPECT_FALSE(wire->connected());
  EXPECT_TRUE(Send("d"));  // Kept.
  Run(100);
  EXPECT_EQ(came, (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(outgoing->sent_again(), 3u);
  EXPECT_EQ(outgoing->confirmed(), 4u);
}

TEST_F(OutgoingTest, AProbeOfTheConnectionBeforeConfirmsNothing) {
  Send("a");
  Turn();
  broker.Disconnect(wire->client(), {0, 0, 1'000});
  broker.RunForUs(100'000);
  ASSERT_TRUE(wire->connected());
  EXPECT_TRUE(told.empty());
  Run(20);
  EXPECT_EQ(outgoing->confirmed(), 1u);
}

TEST_F(OutgoingTest, AProbeThatIsLostIsSentAgain) {
  broker.SetFaults(wire->client(), {.subjects = ">", .drop_per_million = 1'000'000});
  Send("a");
  Run(100);
  EXPECT_EQ(outgoing->confirmed(), 0u);
  broker.SetFaults(wire->client(), {});
  Run(2'100);
  EXPECT_EQ(outgoing->confirmed(), 1u);
}

TEST_F(OutgoingTest, AMessageThatTheServerWouldNeverTakeIsNotKept) {
  EXPECT_FALSE(Send(std::string((1 << 20) + 1, 'x')));
  EXPECT_EQ(outgoing->refused(), 1u);
  EXPECT_EQ(outgoing->last(), 0u);
  EXPECT_EQ(outgoing->bytes(), 0u);
  Send("b");
  Run(20);
  EXPECT_EQ(outgoing->confirmed(), 1u);
}

TEST_F(OutgoingTest, ManyAreConfirmedByFewProbes) {
  for (int i = 0; i < 1'000; ++i) {
    Send(std::string(1'000, 'x'));
    if (i % 10 == 0) Run(1);
  }
  Run(30);
  EXPECT_EQ(outgoing->confirmed(), 1'000u);
  EXPECT_LE(told.size(), 35u);
  EXPECT_EQ(came.size(), 1'000u);
}

}  // namespace
}  // namespace lyceum::shard
