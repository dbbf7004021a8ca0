// Snapshots: made by owners, taken up by workers that have nothing.
#include <algorithm>

#include "opening.h"
#include "store/checkpoint_keys.h"

namespace lyceum::shard {
namespace {

class Snapshot : public testing::Test {
 protected:
  Snapshot() : worker_(world_.AddWorker({0, 1}, "w1")) {
    world_.AddTools();
    AddLearners(kLearners);
  }
  static constexpr size_t kLearners = 100;
  // So many rows that they make a number of files.
  static constexpr size_t kMany = 600;

  void AddLearners(size_t to) {
    for (size_t i = learners_.size(); i < to; ++i) learners_.push_back(&world_.AddLearner(0, i));
  }

  bool AskAll() {
    for (Client* learner : learners_) {
      const std::string asked = learner->Ask();
      if (!world_.Until([&] { return learner->answered(asked); })) return false;
    }
    return true;
  }
  // From now on, once a second.
  void MakeSnapshots() {
    worker_.Kill();
    worker_.options.snapshot_ms = 1'000;
    ASSERT_TRUE(worker_.Start());
    ASSERT_TRUE(world_.Until([&] { return worker_.reading(); }));
  }
  // A snapshot that has all of the log.
  bool SnapshotIsWhole() {
    const bool whole =
        world_.Until([&] { return SnapshotAt() == world_.broker.last_sequence(log()); }, 20'000);
    world_.RunMs(50);  // Its maker knows it too.
    return whole;
  }
  std::optional<envelope::SnapshotManifest> Manifest() {
    for (const wire::MemoryRecord& record : world_.broker.Stored(stream())) {
      if (record.subject != world_.subjects.SnapshotManifest(0)) continue;
      return envelope::DecodeSnapshotManifest(record.data).value();
    }
    return std::nullopt;
  }
  uint64_t SnapshotAt() {
    const auto manifest = Manifest();
    if (!manifest) return 0;
    return store::checkpoint_keys::DecodeCheckpoint(manifest->checkpoint).value().sequence;
  }
  std::string log() const { return world_.Stream(0); }
  std::string stream() const { return world_.subjects.SnapshotStream(); }
  // kill -9, and its disk is gone; the log's records up to the snapshot too.
  void LoseAll(Worker& worker, bool trim = true) {
    worker.Kill();
    worker.LoseFlightPage();
    worker.disk.memory.SetContent({});
    if (trim) world_.broker.TrimBelow(log(), SnapshotAt() + 1);
  }
  static store::MemoryStore::Content Sessions(const Worker& worker) {
    store::MemoryStore::Content sessions;
    for (const auto& [key, value] : worker.disk.memory.content()) {
      if (key.size() > 2 && key[1] == 0 && key[2] == 's') sessions.emplace(key, value);
    }
    return sessions;
  }

  World world_;
  Worker& worker_;
  std::vector<Client*> learners_;
};

TEST_F(Snapshot, AWorkerWithNothingGoesOnWhereTheSnapshotIs) {
  MakeSnapshots();
  ASSERT_TRUE(AskAll());
  ASSERT_TRUE(SnapshotIsWhole());
  const auto before = Sessions(worker_);
  ASSERT_EQ(before.size(), kLearners);
  std::vector<size_t> repeats;
  for (Client* learner : learners_) repeats.push_back(learner->repeats);
  LoseAll(worker_);
  ASSERT_TRUE(worker_.Start());
  ASSERT_TRUE(world_.Until([&] { return worker_.reading(); }));
  EXPECT_EQ(worker_.counters().restores, 1u);
  EXPECT_EQ(Sessions(worker_), before);
  EXPECT_TRUE(AskAll());
  for (size_t i = 0; i < learners_.size(); ++i) {
    EXPECT_EQ(learners_[i]->whole(), learners_[i]->by_id.size());
    EXPECT_EQ(learners_[i]->repeats, repeats[i]);
  }
}

TEST_F(Snapshot, AFullDiskIsWaitedFor) {
  MakeSnapshots();
  ASSERT_TRUE(AskAll());
  ASSERT_TRUE(SnapshotIsWhole());
  LoseAll(worker_);
  worker_.disk.memory.SetFull(true);
  ASSERT_TRUE(worker_.Start());
  world_.RunMs(60'000);
  EXPECT_EQ(worker_.counters().restores, 0u);
  worker_.disk.memory.SetFull(false);
  ASSERT_TRUE(world_.Until([&] { return worker_.reading(); }));
  EXPECT_EQ(worker_.counters().restores, 1u);
  EXPECT_TRUE(AskAll());
}

TEST_F(Snapshot, WhatHasNotChangedIsNotSentAgain) {
  AddLearners(kMany);
  MakeSnapshots();
  ASSERT_TRUE(AskAll());
  ASSERT_TRUE(SnapshotIsWhole());
  const uint64_t whole = worker_.counters().snapshot_bytes;
  const size_t files = Manifest()->files.size();
  ASSERT_GE(files, 3u) << "too little for a test";
  world_.RunMs(10'000);
  EXPECT_EQ(worker_.counters().snapshot_bytes, whole) << "nothing has changed";
  const std::string asked = learners_[0]->Ask();
  ASSERT_TRUE(world_.Until([&] { return learners_[0]->answered(asked); }));
  ASSERT_TRUE(SnapshotIsWhole());
  const uint64_t more = worker_.counters().snapshot_bytes - whole;
  EXPECT_GT(more, 0u);
  EXPECT_LT(more, whole) << "of " << files << " files";
  // However many are made: a slot that is free is used again.
  for (int i = 0; i < 8; ++i) {
    const std::string again = learners_[static_cast<size_t>(i) % kLearners]->Ask();
    ASSERT_TRUE(world_.Until(
        [&] { return learners_[static_cast<size_t>(i) % kLearners]->answered(again); }));
    ASSERT_TRUE(SnapshotIsWhole());
  }
  EXPECT_LE(Manifest()->slots.size(), 2 * Manifest()->files.size() + 2);
  EXPECT_EQ(world_.broker.Stored(stream()).size(), Manifest()->slots.size() + 1);
}

TEST_F(Snapshot, EachPartitionHasItsTurn) {
  Client& ben = world_.AddLearner(1);
  MakeSnapshots();
  for (int i = 0; i < 5; ++i) {
    const std::string asked = ben.Ask();
    ASSERT_TRUE(world_.Until([&] { return ben.answered(asked); }));
    world_.RunMs(1'000);
  }
  const auto stored = world_.broker.Stored(stream());
  EXPECT_TRUE(std::any_of(stored.begin(), stored.end(), [&](const wire::MemoryRecord& record) {
    return record.subject == world_.subjects.SnapshotManifest(1);
  }));
}

TEST_F(Snapshot, AStandbyWithNothingIsOneFromTheSnapshotOn) {
  MakeSnapshots();
  ASSERT_TRUE(AskAll());
  ASSERT_TRUE(SnapshotIsWhole());
  world_.broker.TrimBelow(log(), SnapshotAt() + 1);
  Worker& other = world_.AddWorker({0, 1}, "w2");
  ASSERT_TRUE(
      world_.Until([&] { return other.counters().restores == 1 && other.reading(); }, 20'000));
  ASSERT_TRUE(AskAll());
  world_.RunMs(3'000);
  worker_.Kill();
  EXPECT_TRUE(AskAll());
  for (Client* learner : learners_) EXPECT_EQ(learner->whole(), learner->by_id.size());
}

// What it had folded itself, and could not write, is not written over the snapshot.
TEST_F(Snapshot, AStandbyThatFellFarBehindTakesItInPlaceOfWhatItHad) {
  worker_.options.far_behind = 10;
  MakeSnapshots();
  Worker& other = world_.AddWorker({0, 1}, "w2");
  other.Kill();
  other.options.far_behind = 10;
  other.options.snapshot_ms = 1'000;
  ASSERT_TRUE(other.Start());
  world_.RunMs(5'000);  // Each partition is where it stays.
  Worker& owner = worker_.shard().Owns(0) ? worker_ : other;
  Worker& standby = &owner == &worker_ ? other : worker_;
  ASSERT_TRUE(owner.shard().Owns(0) && standby.reading());
  const uint64_t before = standby.counters().restores;
  standby.disk.memory.SetFull(true);
  ASSERT_TRUE(AskAll());
  world_.RunMs(3'000);  // A checkpoint of it waits for room.
  world_.broker.Disconnect(standby.client());
  standby.Freeze(true);
  ASSERT_TRUE(AskAll());
  ASSERT_TRUE(SnapshotIsWhole());
  // Its disk has room again as soon as the snapshot comes, and is slow.
  bool comes = false;
  const uint64_t snapshot = SnapshotAt();
  standby.disk.on_write = [&](const store::CheckpointBatch& batch) {
    if (batch.erases_all()) {
      comes = standby.disk.hold_writes = true;
      standby.disk.memory.SetFull(false);
    }
    batch.ForEach([&](std::string_view key, std::optional<std::string_view> value) {
      const auto checkpoint = store::checkpoint_keys::CheckpointKey(batch.partition());
      if (!comes || batch.partition() != 0 || key != checkpoint.view()) return;
      EXPECT_GE(store::checkpoint_keys::DecodeCheckpoint(*value)->sequence, snapshot);
    });
  };
  standby.Freeze(false);
  ASSERT_TRUE(world_.Until([&] { return comes; }, 20'000));
  world_.RunMs(8'000);  // The checkpoint would be tried again.
  standby.disk.hold_writes = false;
  ASSERT_TRUE(world_.Until([&] { return standby.counters().restores == before + 1; }, 20'000));
  ASSERT_TRUE(world_.Until([&] { return standby.reading(); }, 20'000));
  world_.RunMs(10'000);
  standby.disk.on_write = {};
  EXPECT_EQ(Sessions(standby), Sessions(owner));
  owner.Kill();
  EXPECT_TRUE(AskAll());
  for (Client* learner : learners_) EXPECT_EQ(learner->whole(), learner->by_id.size());
}

TEST_F(Snapshot, OfALogThatIsWholeOneIsTakenWhereItSavesMuch) {
  MakeSnapshots();
  ASSERT_TRUE(AskAll());
  ASSERT_TRUE(SnapshotIsWhole());
  const auto before = Sessions(worker_);
  LoseAll(worker_, false);
  ASSERT_TRUE(worker_.Start());
  ASSERT_TRUE(world_.Until([&] { return worker_.reading(); }));
  EXPECT_EQ(worker_.counters().restores, 0u);
  LoseAll(worker_, false);
  worker_.options.far_behind = 10;
  ASSERT_TRUE(worker_.Start());
  ASSERT_TRUE(world_.Until([&] { return worker_.reading(); }));
  EXPECT_EQ(worker_.counters().restores, 1u);
  EXPECT_EQ(Sessions(worker_), before);
  EXPECT_TRUE(AskAll());
}

TEST_F(Snapshot, ADamagedFileIsNeverServed) {
  MakeSnapshots();
  ASSERT_TRUE(AskAll());
  ASSERT_TRUE(SnapshotIsWhole());
  const auto manifest = *Manifest();
  const uint32_t slot = manifest.files[manifest.files.size() / 2];
  std::string data;
  for (const wire::MemoryRecord& record : world_.broker.Stored(stream())) {
    if (record.sequence == manifest.slots[slot].sequence) data = record.data;
  }
  ASSERT_FALSE(data.empty());
  LoseAll(worker_);
  // The same message, but for a byte of it: what the manifest names is gone, or is another one.
  data[data.size() / 2] ^= 1;
  world_.broker.Publish({.subject = world_.subjects.SnapshotFile(0, slot), .data = data});
  worker_.options.snapshot_ms = 0;
  ASSERT_TRUE(worker_.Start());
  ASSERT_TRUE(world_.Until([&] { return IsHalted(worker_, 0); }, 60'000));
  EXPECT_NE(worker_.partition(0).halted_because().find("snapshot"), std::string::npos)
      << worker_.partition(0).halted_because();
  EXPECT_TRUE(Sessions(worker_).empty()) << "half a snapshot is left";
}

TEST_F(Snapshot, WhoDiesHalfwayBeginsAgain) {
  AddLearners(kMany);
  MakeSnapshots();
  ASSERT_TRUE(AskAll());
  ASSERT_TRUE(SnapshotIsWhole());
  const auto before = Sessions(worker_);
  LoseAll(worker_);
  // With the machine: the last batches are gone, the checkpoint among them.
  for (size_t lost = 1; lost < 4; ++lost) {
    ASSERT_TRUE(worker_.Start());
    ASSERT_TRUE(world_.Until([&] { return worker_.counters().restores == 1; }, 20'000));
    worker_.disk.memory.LoseNextOnCrash(lost);
    worker_.Kill();
    ASSERT_FALSE(worker_.disk.memory.GetCheckpoint(0).value());
    const auto& rows = worker_.disk.memory.content();
    ASSERT_TRUE(std::any_of(rows.begin(), rows.end(), [](const auto& row) {
      return row.first.starts_with(std::string(2, '\0'));
    })) << "nothing of it is there";
  }
  ASSERT_TRUE(worker_.Start());
  ASSERT_TRUE(world_.Until([&] { return worker_.reading(); }, 20'000));
  EXPECT_EQ(Sessions(worker_), before);
  EXPECT_TRUE(AskAll());
}

TEST_F(Snapshot, TwoThatMakeOneAtOnceLeaveAWholeOne) {
  MakeSnapshots();
  Worker& other = world_.AddWorker({0, 1}, "w2");
  other.Kill();
  other.options.snapshot_ms = 1'000;
  ASSERT_TRUE(other.Start());
  for (int round = 0; round < 6; ++round) {
    ASSERT_TRUE(AskAll());
    world_.RunMs(3'000);
    // The owner stands still in the middle of it, and goes on once another is the owner.
    Worker& owner = worker_.shard().Owns(0) ? worker_ : other;
    owner.Freeze(true);
    ASSERT_TRUE(AskAll());
    world_.RunMs(1'000 + 100 * round);
    owner.Freeze(false);
    world_.RunMs(3'000);
  }
  ASSERT_TRUE(SnapshotIsWhole());
  worker_.Kill();
  other.Kill();
  Worker& third = world_.AddWorker({0, 1}, "w3");
  third.Kill();
  world_.broker.TrimBelow(log(), SnapshotAt() + 1);
  LoseAll(third);
  ASSERT_TRUE(third.Start());
  ASSERT_TRUE(world_.Until([&] { return third.reading(); }, 20'000));
  EXPECT_GE(third.counters().restores, 1u);
  EXPECT_TRUE(AskAll());
}

TEST_F(Snapshot, OneOfANewerStateMachineIsLeftAlone) {
  MakeSnapshots();
  ASSERT_TRUE(AskAll());
  ASSERT_TRUE(SnapshotIsWhole());
  auto manifest = *Manifest();
  auto checkpoint = store::checkpoint_keys::DecodeCheckpoint(manifest.checkpoint).value();
  checkpoint.fold_version = worker_.options.fold_version + 1;
  manifest.checkpoint = store::checkpoint_keys::EncodeCheckpoint(checkpoint);
  LoseAll(worker_);
  world_.broker.Publish({.subject = world_.subjects.SnapshotManifest(0),
                         .data = envelope::EncodeSnapshotManifest(manifest)});
  worker_.options.snapshot_ms = 0;
  ASSERT_TRUE(worker_.Start());
  ASSERT_TRUE(world_.Until([&] { return IsHalted(worker_, 0); }, 60'000));
  EXPECT_NE(worker_.partition(0).halted_because().find("version"), std::string::npos)
      << worker_.partition(0).halted_because();
}

}  // namespace
}  // namespace lyceum::shard
