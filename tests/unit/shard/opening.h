// A partition whose log or folder is about to change behind its back.
#pragma once

#include <string>

#include "shard_world.h"

namespace lyceum::shard {

inline bool IsHalted(Worker& worker, store::PartitionId id) {
  return worker.partition(id).phase() == Partition::Phase::kHalted;
}

// Ann has asked after the last checkpoint, ben is in another partition.
class Opening : public testing::Test {
 protected:
  Opening() : worker(world.AddWorker({0, 1})), tools(world.AddTools()) {
    ann = &world.AddLearner(0);
    ben = &world.AddLearner(1);
    world.RunMs(2'000);
    worker.disk.hold_writes = true;
    Answered(ann);
    world.RunMs(1'500);
  }
  bool Answered(Client* client) {
    const std::string asked = client->Ask();
    return world.Until([&] { return client->answered(asked); });
  }
  // The other partition goes on.
  void ExpectOthersUnharmed() { EXPECT_TRUE(Answered(ben)); }
  void ExpectHalt(const std::string& text) {
    ASSERT_TRUE(world.Until([&] { return IsHalted(worker, 0); }));
    EXPECT_NE(worker.partition(0).halted_because().find(text), std::string::npos)
        << worker.partition(0).halted_because();
  }
  std::string log() const { return world.Stream(0); }

  World world;
  Worker& worker;
  ToolWorker& tools;
  Client* ann = nullptr;
  Client* ben = nullptr;
};

}  // namespace lyceum::shard
