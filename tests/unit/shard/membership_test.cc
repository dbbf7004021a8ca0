// What a worker makes of the heartbeats of others.
#include "shard/membership.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "shard_world.h"

namespace lyceum::shard {
namespace {

class MembershipTest : public testing::Test {
 protected:
  MembershipTest() : membership_(&context_, "boot", [](const std::string&) {}) {
    wire_ = world_.broker.Connect();
    context_.options.subjects = world_.subjects;
    context_.options.worker = "a";
    context_.wire = wire_.get();
    context_.clock = &world_.clock;
    wire_->SetConnectionHandler([this](bool connected) {
      if (connected) membership_.Subscribe();
    });
    world_.RunMs(100);
    wire_->Flush();
    world_.RunMs(100);
  }
  // Its own heartbeats go out, and come back.
  void RunMs(int64_t ms) {
    for (; ms > 0; ms -= 50) {
      membership_.Turn({}, false);
      wire_->Flush();
      world_.RunMs(50);
    }
  }
  void Hear(uint64_t position, uint64_t log_end, const std::string& state = "reading") {
    envelope::WorkerHeartbeat heartbeat;
    heartbeat.worker = "b";
    heartbeat.boot = "boot-b";
    heartbeat.shards = 1;
    heartbeat.partitions.push_back({.partition = 0,
                                    .position = position,
                                    .state = state,
                                    .log_end = log_end,
                                    .role = "standby"});
    world_.PublishRaw(world_.subjects.WorkerHeartbeat("b"),
                      envelope::EncodeWorkerHeartbeat(heartbeat));
    world_.RunMs(50);
  }

  World world_;
  Context context_;
  std::unique_ptr<wire::MemoryWire> wire_;
  Membership membership_;
};

TEST_F(MembershipTest, AStandbyAtTheEndOfTheLogIsReady) {
  Hear(5'000, 5'000 + Membership::kBehindMax);
  EXPECT_EQ(membership_.ReadyStandbys(0), std::vector<std::string>{"b"});
}

TEST_F(MembershipTest, AStandbyThatFellBehindIsNotReadyUntilItHasCaughtUp) {
  Hear(5'000, 5'001 + Membership::kBehindMax);
  EXPECT_TRUE(membership_.ReadyStandbys(0).empty());
  Hear(6'000, 6'010);
  EXPECT_EQ(membership_.ReadyStandbys(0), std::vector<std::string>{"b"});
}

TEST_F(MembershipTest, OneThatIsStillReadingFromAnEarlierCheckpointIsNotReady) {
  Hear(5'000, 5'000, "catching_up");
  EXPECT_TRUE(membership_.ReadyStandbys(0).empty());
}

TEST_F(MembershipTest, AStandbyThatWentSilentIsNotReady) {
  Hear(5'000, 5'000);
  RunMs(Membership::kDeadMs + 100);
  EXPECT_TRUE(membership_.ReadyStandbys(0).empty());
}

// All that came may lie behind something else: what others have said since is not here either.
TEST_F(MembershipTest, ToWhomItsOwnHeartbeatsDoNotComeNobodyIsDead) {
  RunMs(500);
  Hear(5'000, 5'000);
  world_.RunMs(10 * Membership::kDeadMs);
  EXPECT_EQ(membership_.ReadyStandbys(0), std::vector<std::string>{"b"});
  EXPECT_TRUE(membership_.HasPeers());
  RunMs(200);
  EXPECT_TRUE(membership_.ReadyStandbys(0).empty());
  EXPECT_FALSE(membership_.HasPeers());
}

}  // namespace
}  // namespace lyceum::shard
