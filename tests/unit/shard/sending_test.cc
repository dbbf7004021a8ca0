// What leaves, how often, and what never does.
#include <set>

#include "shard_world.h"

namespace lyceum::shard {
namespace {

TEST(Sending, ALearnerIsTaughtAndAnswered) {
  World world;
  world.AddWorker({0, 1});
  world.AddTools();
  Client& ann = world.AddLearner(0);
  const std::string asked = ann.Ask();
  EXPECT_TRUE(world.Until([&] { return ann.answered(asked); }));
  EXPECT_EQ(ann.repeats, 0u);
  EXPECT_EQ(ann.whole(), ann.by_id.size());
}

TEST(Sending, WhatWasConfirmedIsNotSentAfterACrash) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  world.AddTools();
  worker.disk.hold_writes = true;  // All of it is folded again.
  Client& ann = world.AddLearner(0);
  for (int i = 0; i < 20; ++i) {
    const std::string asked = ann.Ask();
    ASSERT_TRUE(world.Until([&] { return ann.answered(asked); }));
  }
  world.RunMs(100);
  size_t sent = 0;
  worker.tap = [&](const wire::Outbound& message) {
    if (message.subject.starts_with("lyceum.out.")) ++sent;
  };
  worker.KillAndStart();
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  EXPECT_EQ(worker.partition(0).position(), world.broker.last_sequence(world.Stream(0)));
  EXPECT_EQ(sent, 0u);
}

TEST(Sending, WhatWasNotConfirmedIsSentAgainWithTheSameBytes) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  world.AddTools();
  Client& ann = world.AddLearner(0);
  size_t repeats = 0;
  for (int kill = 0; kill < 30; ++kill) {
    const std::string asked = ann.Ask();
    size_t sent = 0;
    worker.tap = [&](const wire::Outbound& message) {
      if (message.subject.starts_with("lyceum.out.")) ++sent;
    };
    ASSERT_TRUE(world.Until([&] { return sent > 0; }));
    worker.tap = {};
    if (kill % 2 == 0) world.RunMs(0);
    worker.KillAndStart();
    ASSERT_TRUE(world.Until([&] { return ann.answered(asked); }, 5'000));
  }
  repeats = ann.repeats;
  EXPECT_GT(repeats, 0u);
  EXPECT_LE(repeats, 60u) << "repeats of more than was not confirmed";
  EXPECT_EQ(ann.whole(), ann.by_id.size());
}

TEST(Sending, AMessageIsEncodedOnceForEachEncoding) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  world.AddTools();
  Client& ann = world.AddLearner(0);
  std::vector<Client*> more;
  for (int i = 0; i < 6; ++i) {
    more.push_back(
        &world.AddClient(ann.user, "more" + std::to_string(i),
                         i % 2 == 0 ? tutor::Encoding::kJson : tutor::Encoding::kProtobuf));
    more.back()->Attach(1'000'000);
  }
  world.RunMs(100);
  std::set<const char*> buffers;
  size_t sent = 0;
  const std::string asked = ann.Ask();
  worker.tap = [&](const wire::Outbound& message) {
    if (!message.subject.starts_with("lyceum.out.")) return;
    ++sent;
    buffers.insert(message.data.data());
  };
  ASSERT_TRUE(world.Until([&] { return ann.answered(asked); }));
  EXPECT_EQ(sent % 7, 0u);
  EXPECT_GE(sent, 7u);
  EXPECT_EQ(buffers.size(), 2u) << "one buffer for each encoding, used again";
}

// --- Asked for again -------------------------------------------------------------------------------

class ResendsTest : public testing::Test {
 protected:
  ResendsTest() {
    tools.text = std::string(6'000, 'x');
    ann = &world.AddLearner(0);
    for (int i = 0; i < 260; ++i) {
      const std::string asked = ann->Ask();
      EXPECT_TRUE(world.Until([&] { return ann->answered(asked); }));
    }
    world.RunMs(2'000);
    last = ann->whole();
    ann->came.clear();
  }
  std::vector<Client*> AttachAll(size_t count) {
    std::vector<Client*> clients;
    for (size_t i = 0; i < count; ++i) {
      clients.push_back(&world.AddClient(ann->user, "again" + std::to_string(i)));
    }
    for (Client* client : clients) client->Attach(0);
    return clients;
  }
  // The last 256 of the session, in order.
  bool HasAll(const Client& client) const {
    uint32_t next = last - 255;
    for (const Client::Came& came : client.came) {
      if (came.message.message.n == next) ++next;
    }
    return next == last + 1;
  }

  World world;
  Worker& worker = world.AddWorker({0, 1});
  ToolWorker& tools = world.AddTools();
  Client* ann = nullptr;
  uint32_t last = 0;
};

TEST_F(ResendsTest, TwoHundredAndFiftySixClientsAtOnceAreServedInPages) {
  const std::vector<Client*> clients = AttachAll(256);
  const uint64_t asks = world.broker.last_sequence(world.Stream(0));
  size_t bytes_max = 0;
  bool passed = false;
  const auto done = [&] {
    bytes_max = std::max<size_t>(bytes_max, worker.counters().unconfirmed_bytes);
    passed = passed || (worker.partition(0).durable().sequence >= asks &&
                        !std::all_of(clients.begin(), clients.end(),
                                     [&](Client* client) { return !client->came.empty(); }));
    return !clients.back()->came.empty() && HasAll(*clients.back());
  };
  ASSERT_TRUE(world.Until(done, 60'000));
  for (Client* client : clients) {
    EXPECT_TRUE(HasAll(*client)) << client->id;
    client->came.clear();
  }
  EXPECT_LE(bytes_max, size_t{20} << 20);
  EXPECT_FALSE(passed) << "a checkpoint passed a record whose messages were not all sent";
}

TEST_F(ResendsTest, KeepNoMoreThanTheirBoundWhileThereIsNoConnection) {
  const std::vector<Client*> clients = AttachAll(60);
  ASSERT_TRUE(world.Until([&] { return !clients[0]->came.empty(); }));
  world.broker.Disconnect(worker.client(), {0, 0, 5'000'000});
  size_t bytes_max = 0;
  world.Until(
      [&] {
        bytes_max = std::max<size_t>(bytes_max, worker.counters().unconfirmed_bytes);
        return false;
      },
      4'000);
  EXPECT_LE(bytes_max, size_t{20} << 20);
  EXPECT_TRUE(world.Until([&] { return HasAll(*clients.back()); }, 60'000));
}

TEST_F(ResendsTest, AKillBetweenTwoPagesSendsTheRestAfterwards) {
  const std::vector<Client*> clients = AttachAll(8);
  ASSERT_TRUE(world.Until([&] { return !clients[0]->came.empty(); }));
  ASSERT_FALSE(HasAll(*clients.back()));
  worker.KillAndStart();
  EXPECT_TRUE(world.Until(
      [&] {
        return std::all_of(clients.begin(), clients.end(),
                           [&](Client* client) { return HasAll(*client); });
      },
      10'000));
}

}  // namespace
}  // namespace lyceum::shard
