// Several workers and one set of partitions: owners, standbys, deaths, moves.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "shard_world.h"
#include "support/planted_core.h"

namespace lyceum::shard {
namespace {

using Role = Partition::Role;

// A cluster whose workers may all own everything.
class LeasesTest : public testing::Test {
 protected:
  static constexpr uint32_t kPartitions = 4;
  LeasesTest() : world_(kPartitions) { world_.AddTools(); }

  Worker& Add(const std::string& name) {
    Worker& worker = world_.AddWorker({0, 1, 2, 3}, name);
    workers_[name] = &worker;
    return worker;
  }
  // Each partition has an owner, and a standby that has seen what tools are running.
  void AddTwo() {
    Add("a");
    Add("b");
    ASSERT_TRUE(world_.Until([&] { return Shares().size() == 2 && Settled(1); }, 8'000));
    world_.RunMs(1'000);
  }
  Worker* OwnerOf(store::PartitionId partition) {
    Worker* owner = nullptr;
    for (auto& [name, worker] : workers_) {
      if (!worker->running() || !worker->shard().Owns(partition)) continue;
      EXPECT_EQ(owner, nullptr) << "partition " << partition << " has two owners";
      owner = worker;
    }
    return owner;
  }
  size_t StandbysOf(store::PartitionId partition) {
    size_t count = 0;
    for (auto& [name, worker] : workers_) {
      if (!worker->running()) continue;
      const Partition& one = worker->partition(partition);
      count += one.role() == Role::kStandby && one.caught_up() ? 1 : 0;
    }
    return count;
  }
  bool Settled(size_t standbys) {
    for (store::PartitionId partition = 0; partition < kPartitions; ++partition) {
      Worker* const owner = OwnerOf(partition);
      if (owner == nullptr || !owner->partition(partition).caught_up()) return false;
      if (StandbysOf(partition) < standbys) return false;
    }
    return true;
  }
  std::map<std::string, size_t> Shares() {
    std::map<std::string, size_t> shares;
    for (store::PartitionId partition = 0; partition < kPartitions; ++partition) {
      if (Worker* const owner = OwnerOf(partition)) ++shares[owner->options.worker];
    }
    return shares;
  }
  // Asks, and waits for the answer: how long that took.
  int64_t AskMs(Client& client, int64_t ms = 20'000) {
    const int64_t began = world_.clock.SteadyMs();
    const std::string asked = client.Ask();
    EXPECT_TRUE(world_.Until([&] { return client.answered(asked); }, ms));
    return world_.clock.SteadyMs() - began;
  }

  World world_;
  std::map<std::string, Worker*> workers_;
};

TEST_F(LeasesTest, OneWorkerOwnsEverything) {
  Add("a");
  ASSERT_TRUE(world_.Until([&] { return Settled(0); }, 2'000));
  EXPECT_EQ(Shares(), (std::map<std::string, size_t>{{"a", 4}}));
}

TEST_F(LeasesTest, ASecondWorkerGetsItsShareAndStandsByForTheRest) {
  Add("a");
  ASSERT_TRUE(world_.Until([&] { return Settled(0); }, 2'000));
  Add("b");
  ASSERT_TRUE(world_.Until([&] { return Shares().size() == 2 && Settled(1); }, 6'000));
  EXPECT_EQ(Shares(), (std::map<std::string, size_t>{{"a", 2}, {"b", 2}}));
}

TEST_F(LeasesTest, TheStandbyTakesOverFromOneThatIsKilledWithinASecond) {
  AddTwo();
  Client& ann = world_.AddLearner(1);
  AskMs(ann);
  Worker* const owner = OwnerOf(1);
  ASSERT_NE(owner, nullptr);
  owner->Kill();
  EXPECT_LE(AskMs(ann), 1'000);
  EXPECT_EQ(ann.whole(), ann.by_id.size());
  // It was folded all the time: nothing was read from the beginning.
  EXPECT_NE(OwnerOf(1), owner);
}

// One that died between its lease and the first word of it.
TEST_F(LeasesTest, AnEpochThatNobodySpokeOfIsPassed) {
  AddTwo();
  Client& ann = world_.AddLearner(1);
  Worker* const owner = OwnerOf(1);
  ASSERT_NE(owner, nullptr);
  const uint64_t epoch = owner->shard().status()[1].epoch;
  for (uint64_t next : {epoch + 1, epoch + 2}) {
    world_.PublishRaw("$KV." + world_.subjects.ClusterBucket() + ".lease.1." + std::to_string(next),
                      "gone");
  }
  owner->Kill();
  EXPECT_LE(AskMs(ann), 2'000);
  Worker* const next = OwnerOf(1);
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(next->shard().status()[1].epoch, epoch + 3);
}

TEST_F(LeasesTest, WhatTheDeadOwnerHadNotSentIsSentOnce) {
  AddTwo();
  Client& ann = world_.AddLearner(1);
  for (int i = 0; i < 10; ++i) {
    Worker* const owner = OwnerOf(1);
    ASSERT_NE(owner, nullptr);
    const std::string asked = ann.Ask();
    world_.RunMs(i);  // At another point of the turn each time.
    owner->Kill();
    ASSERT_TRUE(world_.Until([&] { return ann.answered(asked); }, 20'000)) << i;
    ASSERT_TRUE(owner->Start());
    ASSERT_TRUE(world_.Until([&] { return Settled(1); }, 20'000)) << i;
  }
  EXPECT_EQ(ann.whole(), ann.by_id.size()) << "a message is missing";
}

TEST_F(LeasesTest, AStoppedOwnerHandsOverWithoutAPause) {
  AddTwo();
  Client& ann = world_.AddLearner(1);
  AskMs(ann);
  Worker* const owner = OwnerOf(1);
  ASSERT_NE(owner, nullptr);
  owner->shard().BeginStop();
  EXPECT_LE(AskMs(ann), 300);
  EXPECT_TRUE(owner->Stop());
  EXPECT_EQ(ann.repeats, 0u) << "a message came twice";
}

TEST_F(LeasesTest, AMoveToANewWorkerSendsNothingTwiceAndPausesNobodyForLong) {
  Add("a");
  Client* learners[kPartitions];
  ASSERT_TRUE(world_.Until([&] { return Settled(0); }, 2'000));
  for (uint32_t p = 0; p < kPartitions; ++p) learners[p] = &world_.AddLearner(p);
  Add("b");
  int64_t longest = 0;
  for (int i = 0; i < 100; ++i) longest = std::max(longest, AskMs(*learners[i % kPartitions]));
  ASSERT_TRUE(world_.Until([&] { return Shares().size() == 2 && Settled(1); }, 20'000));
  EXPECT_EQ(Shares(), (std::map<std::string, size_t>{{"a", 2}, {"b", 2}}));
  EXPECT_LE(longest, 300);
  for (Client* learner : learners) EXPECT_EQ(learner->repeats, 0u);
}

// Else each reply to it would wait behind all that the logs have, and so would the learners that it gets.
TEST_F(LeasesTest, ANewWorkerReadsFewLogsAtOnceAndGetsNothingBeforeItHasReadThem) {
  Worker& a = Add("a");
  ASSERT_TRUE(world_.Until([&] { return Settled(0); }, 2'000));
  for (uint32_t p = 0; p < kPartitions; ++p) {
    Client& learner = world_.AddLearner(p);
    for (int i = 0; i < 300; ++i) AskMs(learner);
  }
  Worker& b = Add("b");
  size_t most = 0;
  ASSERT_TRUE(world_.Until(
      [&] {
        size_t behind = 0, reading = 0;
        for (uint32_t p = 0; p < kPartitions; ++p) {
          const Partition& one = b.partition(static_cast<store::PartitionId>(p));
          reading += one.catching_up() ? 1 : 0;
          behind += one.role() == Role::kStandby && !one.caught_up() ? 1 : 0;
        }
        EXPECT_FALSE(behind > 0 && a.counters().handovers > 0);
        most = std::max(most, reading);
        return Shares().size() == 2 && Settled(1);
      },
      20'000));
  EXPECT_EQ(most, 2u);
  EXPECT_EQ(Shares(), (std::map<std::string, size_t>{{"a", 2}, {"b", 2}}));
}

// What it is to follow from now on, it has never read.
TEST_F(LeasesTest, AnOwnerThatFollowsMoreReadsOneLogAtOnceAtAPaceThatLeavesRoom) {
  Add("a"), Add("b"), Add("c");
  ASSERT_TRUE(world_.Until([&] { return Shares().size() == 3 && Settled(1); }, 8'000));
  world_.RunMs(1'000);
  for (uint32_t p = 0; p < kPartitions; ++p) {
    Client& learner = world_.AddLearner(p);
    for (int i = 0; i < 300; ++i) AskMs(learner);
  }
  workers_["a"]->Kill();
  size_t paced = 0;
  ASSERT_TRUE(world_.Until(
      [&] {
        for (Worker* worker : {workers_["b"], workers_["c"]}) {
          size_t reading = 0;
          for (uint32_t p = 0; p < kPartitions; ++p) {
            const Partition& one = worker->partition(static_cast<store::PartitionId>(p));
            reading += one.catching_up() && one.is_far_behind() ? 1 : 0;
            paced += one.paced() ? 1 : 0;
          }
          EXPECT_LE(reading, 1u);
        }
        return Shares().size() == 2 && Settled(1);
      },
      20'000));
  EXPECT_GT(paced, 0u);
  world_.RunMs(1'000);
  for (store::PartitionId p = 0; p < kPartitions; ++p) {
    EXPECT_FALSE(workers_["b"]->partition(p).paced() || workers_["c"]->partition(p).paced());
  }
}

TEST_F(LeasesTest, OneThatAnOperatorMovesStaysThereAsLongAsThatWorkerIsThere) {
  AddTwo();
  Client& ann = world_.AddLearner(1);
  AskMs(ann);
  Worker* const before = OwnerOf(1);
  ASSERT_NE(before, nullptr);
  Worker* const other = workers_[before->options.worker == "a" ? "b" : "a"];
  EXPECT_FALSE(before->shard().Move(1, "nobody"));
  ASSERT_TRUE(before->shard().Move(1, other->options.worker));
  const int64_t began = world_.clock.SteadyMs();
  int64_t longest = 0;
  while (OwnerOf(1) != other && world_.clock.SteadyMs() - began < 5'000) {
    longest = std::max(longest, AskMs(ann));
  }
  EXPECT_EQ(OwnerOf(1), other);
  for (int i = 0; i < 50; ++i) {
    longest = std::max(longest, AskMs(ann));
    world_.RunMs(100);
    EXPECT_EQ(OwnerOf(1), other);
  }
  EXPECT_LE(longest, 200);
  EXPECT_EQ(ann.repeats, 0u) << "a message came twice";
  // It went: where the partition goes is nobody's choice any more.
  other->Kill();
  AskMs(ann);
  EXPECT_EQ(OwnerOf(1), before);
  ASSERT_TRUE(other->Start());
  ASSERT_TRUE(world_.Until([&] { return Shares().size() == 2 && Settled(1); }, 20'000));
  world_.RunMs(5'000);
  EXPECT_EQ(OwnerOf(1), before);
}

TEST_F(LeasesTest, AnOwnerThatWasFrozenChangesNothingAfterwards) {
  AddTwo();
  Client& ann = world_.AddLearner(1);
  AskMs(ann);
  Worker* const owner = OwnerOf(1);
  ASSERT_NE(owner, nullptr);
  const std::string asked = ann.Ask();
  world_.RunMs(1);
  owner->Freeze(true);
  ASSERT_TRUE(world_.Until([&] { return ann.answered(asked); }, 5'000));
  AskMs(ann);
  world_.RunMs(60'000);
  const size_t known = ann.by_id.size();
  owner->Freeze(false);
  world_.RunMs(5'000);
  EXPECT_EQ(ann.by_id.size(), known) << "something else was said of the same";
  ASSERT_TRUE(world_.Until([&] { return Settled(1); }, 20'000));
  AskMs(ann);
  EXPECT_EQ(ann.whole(), ann.by_id.size());
}

// Its loop stood still: whether it still owns what it owned is asked, and nothing is opened anew.
TEST_F(LeasesTest, AnOwnerThatStoodStillForAMomentGoesOnWhereItWas) {
  Worker& worker = Add("a");
  ASSERT_TRUE(world_.Until([&] { return Settled(0); }, 2'000));
  Client& ann = world_.AddLearner(1);
  AskMs(ann);
  LogCapture log;
  for (int i = 0; i < 10; ++i) {
    worker.Freeze(true);
    world_.RunMs(700);
    worker.Freeze(false);
    EXPECT_LE(AskMs(ann), 100);
  }
  const std::string text = log.End();
  EXPECT_NE(text.find("own heartbeats do not come back"), std::string::npos);
  EXPECT_EQ(text.find("partition opened"), std::string::npos) << text;
  EXPECT_EQ(ann.repeats, 0u);
}

TEST_F(LeasesTest, ACallThatWasPendingAtADeathIsAnsweredOnce) {
  AddTwo();
  Client& ann = world_.AddLearner(1);
  world_.RemoveTools();
  const std::string asked = ann.Ask();
  world_.RunMs(500);
  OwnerOf(1)->Kill();
  world_.RunMs(500);
  ToolWorker& tools = world_.AddTools("others");
  ASSERT_TRUE(world_.Until([&] { return ann.answered(asked); }, 10'000));
  for (const auto& [id, runs] : tools.runs) EXPECT_EQ(runs, 1) << id;
}

// restate #4311: whoever takes over does not send everything at once.
TEST_F(LeasesTest, WhoTakesOverManyCallsSendsNoMoreThanThereAreSlotsFor) {
  constexpr size_t kLearners = 200, kSlots = 8;
  AddTwo();
  std::vector<std::pair<Client*, std::string>> asked;
  for (size_t i = 0; i < kLearners; ++i) {
    asked.emplace_back(&world_.AddLearner(i % kPartitions, i / kPartitions), "");
  }
  world_.RemoveTools();
  for (auto& [client, id] : asked) id = client->Ask();
  world_.RunMs(1'000);
  workers_["a"]->Kill();
  ToolWorker& tools = world_.AddTools("others");
  tools.slots = kSlots, tools.duration_ms = 20;
  size_t at_once = 0;
  ASSERT_TRUE(world_.Until(
      [&] {
        if (tools.runs.size() <= kSlots) at_once = tools.requests.size();
        return std::all_of(asked.begin(), asked.end(),
                           [](const auto& one) { return one.first->answered(one.second); });
      },
      25'000));
  EXPECT_LE(at_once, 4 * kSlots);
  EXPECT_EQ(tools.runs.size(), kLearners);
  EXPECT_LE(tools.requests.size(), 3 * kLearners) << "refused as busy";
  for (const auto& [id, runs] : tools.runs) EXPECT_EQ(runs, 1) << id;
}

// temporal #11539: sessions that wait keep no old version alive.
TEST_F(LeasesTest, AfterARollingUpgradeNoOldWorkerIsNeeded) {
  AddTwo();
  std::vector<std::pair<Client*, std::string>> asked;
  for (uint32_t p = 0; p < kPartitions; ++p) asked.emplace_back(&world_.AddLearner(p), "");
  world_.RemoveTools();
  for (auto& [client, id] : asked) id = client->Ask();
  world_.RunMs(1'000);
  for (auto& [name, worker] : workers_) {
    ASSERT_TRUE(worker->Stop()) << name;
    worker->options.fold_version = test::kPlantedFoldVersion;
    worker->options.core = &test::AdvancePlanted;
    ASSERT_TRUE(worker->Start()) << name;
    // The old one follows nothing of what the new one owns.
    ASSERT_TRUE(world_.Until([&] { return Settled(0); }, 10'000)) << name;
    world_.RunMs(3'000);
  }
  world_.AddTools("others");
  for (auto& [client, id] : asked) {
    EXPECT_TRUE(world_.Until([&] { return client->answered(id); }, 10'000));
    AskMs(*client);
    EXPECT_EQ(client->whole(), client->by_id.size());
  }
  for (store::PartitionId p = 0; p < kPartitions; ++p) {
    EXPECT_EQ(OwnerOf(p)->partition(p).at().fold_version, test::kPlantedFoldVersion);
  }
}

TEST_F(LeasesTest, ATimerFiresAfterAnotherWorkerTookOver) {
  AddTwo();
  Client& ann = world_.AddLearner(1);
  const size_t texts = ann.by_id.size();
  world_.RunMs(tutor::kIdleMs / 2);
  OwnerOf(1)->Kill();
  EXPECT_TRUE(world_.Until([&] { return ann.by_id.size() > texts; }, tutor::kIdleMs));
}

TEST_F(LeasesTest, AfterConnectionsBrokeEveryPartitionHasOneOwnerAndNothingIsMissing) {
  AddTwo();
  Client& ann = world_.AddLearner(1);
  for (int i = 0; i < 20; ++i) {
    const std::string asked = ann.Ask();
    world_.RunMs(i % 7);
    for (auto& [name, worker] : workers_) {
      if (i % 3 != 0 || worker == OwnerOf(1)) world_.broker.Disconnect(worker->client());
    }
    ASSERT_TRUE(world_.Until([&] { return ann.answered(asked); }, 20'000)) << i;
    ASSERT_TRUE(world_.Until([&] { return Settled(1); }, 20'000)) << i;
  }
  EXPECT_EQ(ann.whole(), ann.by_id.size());
}

TEST_F(LeasesTest, AWorkerWhoseDiskIsFullGivesItsPartitionsAwayAndComesBack) {
  AddTwo();
  Client& ann = world_.AddLearner(1);
  AskMs(ann);
  Worker* const owner = OwnerOf(1);
  ASSERT_NE(owner, nullptr);
  owner->disk.memory.SetFull(true);
  const auto moved = [&] { return OwnerOf(1) != nullptr && OwnerOf(1) != owner; };
  for (int i = 0; i < 100 && !moved(); ++i) {
    EXPECT_LE(AskMs(ann), 300);
    world_.RunMs(100);
  }
  ASSERT_TRUE(moved());
  EXPECT_EQ(Shares().size(), 1u) << "it owns something still";
  AskMs(ann);
  EXPECT_EQ(ann.repeats, 0u);
  // It says nothing else before the disk takes something again, however often it tries.
  world_.RunMs(100'000);
  AskMs(ann);
  owner->disk.memory.SetFull(false);
  EXPECT_TRUE(world_.Until([&] { return Shares().size() == 2 && Settled(1); }, 90'000));
  AskMs(ann);
  EXPECT_EQ(ann.whole(), ann.by_id.size());
}

// Rather it than nobody.
TEST_F(LeasesTest, AWorkerWhoseDiskIsFullTakesOverFromTheLastOtherOne) {
  AddTwo();
  Client& ann = world_.AddLearner(1);
  AskMs(ann);
  workers_["a"]->disk.memory.SetFull(true);
  const auto asks_until = [&](const std::function<bool()>& condition) {
    for (int i = 0; i < 100 && !condition(); ++i) {
      AskMs(ann);
      world_.RunMs(100);
    }
    return condition();
  };
  ASSERT_TRUE(asks_until([&] { return Shares() == std::map<std::string, size_t>{{"b", 4}}; }));
  workers_["b"]->Kill();
  EXPECT_LE(AskMs(ann), 1'000);
  EXPECT_EQ(Shares(), (std::map<std::string, size_t>{{"a", 4}}));
  // The other one comes back, and its disk is full too: each is as good as the other.
  workers_["b"]->disk.memory.SetFull(true);
  ASSERT_TRUE(workers_["b"]->Start());
  for (int i = 0; i < 300; ++i) {
    EXPECT_LE(AskMs(ann), 300);
    world_.RunMs(100);
  }
  EXPECT_EQ(ann.repeats, 0u);
}

TEST_F(LeasesTest, AloneAWorkerWhoseDiskIsFullGoesOn) {
  Worker& worker = Add("a");
  ASSERT_TRUE(world_.Until([&] { return Settled(0); }, 2'000));
  Client& ann = world_.AddLearner(1);
  worker.disk.memory.SetFull(true);
  for (int i = 0; i < 100; ++i) {
    EXPECT_LE(AskMs(ann), 100);
    world_.RunMs(100);
  }
}

// Else what it finds pending waits until it has listened.
TEST_F(LeasesTest, AStandbyIsReadyOnceItKnowsWhichCallsRun) {
  Add("a");
  ASSERT_TRUE(world_.Until([&] { return Settled(0); }, 2'000));
  Worker& b = Add("b");
  const auto state = [&]() -> std::string {
    for (const PartitionStatus& one : b.shard().status()) {
      if (one.role == "standby" && b.partition(one.partition).caught_up()) return one.state;
    }
    return "";
  };
  ASSERT_TRUE(world_.Until([&] { return !state().empty(); }, 2'000));
  EXPECT_EQ(state(), "catching_up");
  world_.RunMs(500);
  EXPECT_EQ(state(), "catching_up");
  EXPECT_TRUE(world_.Until([&] { return state() == "reading"; }, 300));
}

TEST_F(LeasesTest, WithoutAServerALoopHasLittleToDo) {
  AddTwo();
  world_.broker.StopServer();
  world_.RunMs(2'000);
  const uint64_t before = workers_["a"]->turns;
  world_.RunMs(10'000);
  EXPECT_LE(workers_["a"]->turns - before, 500u);
  world_.broker.StartServer();
  EXPECT_TRUE(world_.Until([&] { return Settled(1); }, 20'000));
}

TEST_F(LeasesTest, ALeaseIsCreatedAndNeverWrittenAgain) {
  AddTwo();
  for (int i = 0; i < 5; ++i) {
    Worker* const owner = OwnerOf(2);
    owner->Kill();
    ASSERT_TRUE(world_.Until([&] { return OwnerOf(2) != nullptr; }, 5'000));
    ASSERT_TRUE(owner->Start());
    ASSERT_TRUE(world_.Until([&] { return Settled(1); }, 20'000));
  }
  std::map<std::string, int> written;
  for (const auto& record : world_.broker.Stored("KV_" + world_.subjects.ClusterBucket())) {
    if (record.subject.find(".lease.") != std::string::npos) ++written[record.subject];
  }
  EXPECT_GE(written.size(), kPartitions + 5);
  for (const auto& [key, times] : written) EXPECT_EQ(times, 1) << key;
}

}  // namespace
}  // namespace lyceum::shard
