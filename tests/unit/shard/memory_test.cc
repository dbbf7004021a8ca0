// What keeps a shard's memory in bounds: topics held once, and written ahead of checkpoints; no more
// is read while too much is in no checkpoint.
#include "shard/topic_pool.h"
#include "shard/topic_table.h"
#include "shard_world.h"

namespace lyceum::shard {
namespace {

std::shared_ptr<const tutor::Topic> TopicOf(const std::string& material) {
  tutor::Topic topic;
  topic.material = {material};
  return std::make_shared<const tutor::Topic>(std::move(topic));
}

TEST(TopicPool, ShardsHoldATopicOnceAndEachCountsItsPart) {
  store::MemoryStore store;
  const auto pool = std::make_shared<TopicPool>();
  TopicTable one(&store, pool), two(&store, pool);
  auto first = one.Intern("d", TopicOf(std::string(10'000, 'a')));
  const size_t whole = one.bytes();
  EXPECT_GT(whole, 10'000u);
  EXPECT_EQ(two.bytes(), 0u) << "it holds nothing";

  auto second = two.Get(0, "d").value();
  ASSERT_NE(second, nullptr) << "from the other one's memory: the store does not have it";
  EXPECT_EQ(first.get(), second.get());
  EXPECT_EQ(one.bytes(), whole / 2);
  EXPECT_EQ(two.bytes(), whole / 2);

  first.reset();
  one.Release("d");
  EXPECT_EQ(one.size(), 0u) << "the other one's sessions do not keep it here";
  EXPECT_EQ(two.bytes(), whole);
  second.reset();
  two.Sweep();
  EXPECT_EQ(two.bytes(), 0u);
  EXPECT_EQ(pool->Find("d"), nullptr);
}

// The kinds of rows in a batch, in order.
std::string KindsIn(const store::CheckpointBatch& batch) {
  std::string kinds;
  batch.ForEach([&](std::string_view key, std::optional<std::string_view>) { kinds += key[2]; });
  return kinds;
}

TEST(TopicRows, ATopicIsWrittenByItselfAheadOfTheSessionsThatPointToIt) {
  World world;
  Worker& worker = world.AddWorker({0});
  std::vector<std::string> written;
  worker.disk.on_write = [&](const store::CheckpointBatch& batch) {
    written.push_back(KindsIn(batch));
  };
  world.AddTools();
  world.AddLearner(0);
  world.RunMs(1'500);
  const auto topic = std::find(written.begin(), written.end(), "k");
  ASSERT_NE(topic, written.end());
  const auto checkpoint = std::find_if(topic, written.end(), [](const std::string& kinds) {
    return kinds.find('s') != std::string::npos;
  });
  ASSERT_NE(checkpoint, written.end());
  EXPECT_EQ(checkpoint->find('k'), std::string::npos);
}

TEST(TopicRows, ARowThatFailedIsWrittenBeforeTheCheckpoint) {
  World world;
  Worker& worker = world.AddWorker({0});
  world.AddTools();
  world.RunMs(100);
  LogCapture log;
  worker.disk.hold_writes = true;
  bool topic_waits = false;
  worker.disk.on_write = [&](const store::CheckpointBatch& batch) {
    topic_waits = topic_waits || KindsIn(batch) == "k";
  };
  Client& ann = world.AddLearner(0);
  ASSERT_TRUE(world.Until([&] { return topic_waits; }));
  worker.disk.memory.FailNext(Retry("the disk is full: make room"));
  worker.disk.hold_writes = false;
  ASSERT_TRUE(world.Until([&] { return worker.counters().checkpoints > 0; }));
  const auto has = [&](char kind) {
    for (const auto& [key, value] : worker.disk.memory.content()) {
      if (key.size() > 2 && key[2] == kind) return true;
    }
    return false;
  };
  EXPECT_TRUE(has('s'));
  EXPECT_TRUE(has('k'));
  EXPECT_NE(log.End().find("checkpoint not written"), std::string::npos);
  worker.KillAndStart();
  const std::string asked = ann.Ask();
  EXPECT_TRUE(world.Until([&] { return ann.answered(asked); }));
  EXPECT_EQ(ann.errors("damaged"), 0u);
}

TEST(SessionTable, WhereTooMuchIsInNoCheckpointNothingIsReadUntilItIs) {
  constexpr size_t kBound = 6 << 20;
  World world;
  Worker& worker = world.AddWorker({0});
  worker.Kill();
  worker.options.memory_bytes = kBound;
  ASSERT_TRUE(worker.Start());
  world.AddTools();
  std::vector<Client*> learners;
  for (size_t i = 0; i < 20; ++i) learners.push_back(&world.AddLearner(0, i));
  world.RunMs(2'000);
  worker.disk.hold_writes = true;
  std::vector<std::string> asked;
  for (size_t round = 0; round < 40; ++round) {
    for (Client* learner : learners) asked.push_back(learner->Ask(std::string(15'000, 'x')));
    world.RunMs(20);
  }
  const uint64_t records = worker.counters().records;
  EXPECT_GT(worker.counters().memory_bytes, kBound / 2);
  EXPECT_LT(worker.counters().memory_bytes, kBound / 2 * 3) << "of 12 MiB that were said";
  world.RunMs(3'000);
  EXPECT_EQ(worker.counters().records, records) << "nothing is read";

  worker.disk.hold_writes = false;
  worker.disk.memory.CompleteAtOnce();
  ASSERT_TRUE(world.Until(
      [&] { return worker.reading() && worker.counters().records > records + asked.size() / 2; }));
  world.RunMs(2'000);
  EXPECT_EQ(worker.shard().dispatch_counters().lost, 0u) << "their results stood in the log";
  for (size_t i = 0; i < learners.size(); ++i) {
    const std::string last = learners[i]->Ask();
    EXPECT_TRUE(world.Until([&] { return learners[i]->answered(last); }));
    EXPECT_EQ(learners[i]->whole(), learners[i]->by_id.size());
  }
  EXPECT_LE(worker.counters().memory_bytes, kBound);
}

}  // namespace
}  // namespace lyceum::shard
