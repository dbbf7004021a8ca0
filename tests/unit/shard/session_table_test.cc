// Sessions and topics in memory.
#include "shard/session_table.h"

#include "envelope/rows.h"
#include "shard_world.h"
#include "tutor/table_samples.h"

namespace lyceum::shard {
namespace {

tutor::Session SessionOf(const std::string& user) {
  tutor::Session session = tutor::samples::Sample::In(tutor::StateName::kAwaitingAnswer).session;
  session.user = UserId(user);
  session.topic.reset();
  session.topic_digest.clear();
  return session;
}

// As a checkpoint does it.
void MakeDurable(SessionTable* table, store::MemoryStore* store, store::PartitionId partition) {
  store->CompleteAtOnce();
  auto batch = std::make_shared<store::CheckpointBatch>(partition);
  class Now final : public Executor {
    void Post(std::function<void()> task) override { task(); }
  } now;
  std::vector<SessionEntry*> listed = table->TakeListed(partition);
  for (SessionEntry* entry : listed) {
    batch->PutSession(entry->user().value, envelope::EncodeSession(*entry->session));
  }
  store->Write(batch, &now, [](const Result<void>& written) { EXPECT_TRUE(written); });
  for (SessionEntry* entry : listed) entry->durable = entry->generation;
}

TEST(SessionTable, OnlyCleanSessionsLeaveMemoryTheLeastRecentlyUsedFirst) {
  store::MemoryStore store;
  SessionTable table(&store, 1);
  for (const char* user : {"a", "b", "c"}) table.OnChanged(table.Insert(0, SessionOf(user)));
  table.Shrink(0);
  EXPECT_EQ(table.size(), 3u) << "none is in a checkpoint";
  for (const char* user : {"a", "b", "c"}) table.Measure(table.Find(user));
  const size_t all = table.bytes();

  MakeDurable(&table, &store, 0);
  table.OnChanged(table.Find("a"));  // Dirty again, and the newest.
  size_t loaded = 0;
  {
    SessionTable measured(&store, all);
    for (const char* user : {"a", "b", "c"}) ASSERT_TRUE(measured.Load(0, user));
    loaded = measured.bytes();
  }
  SessionTable bounded(&store, loaded - 1);
  for (const char* user : {"a", "b", "c"}) ASSERT_TRUE(bounded.Load(0, user));
  bounded.OnChanged(bounded.Find("a"));
  bounded.Shrink(0);
  EXPECT_EQ(bounded.Find("b"), nullptr) << "the oldest clean one goes";
  EXPECT_NE(bounded.Find("c"), nullptr);
  bounded.Shrink(all);
  EXPECT_EQ(bounded.Find("c"), nullptr);
  EXPECT_NE(bounded.Find("a"), nullptr) << "dirty";
  EXPECT_TRUE(bounded.Load(0, "b").value() != nullptr);
}

TEST(SessionTable, BytesAreThoseOfWhatIsThere) {
  store::MemoryStore store;
  SessionTable table(&store, 1);
  for (int i = 0; i < 50; ++i) {
    SessionEntry* entry = table.Insert(0, SessionOf("u" + std::to_string(i)));
    table.OnChanged(entry);
    table.Measure(entry);
  }
  EXPECT_GT(table.bytes(), 50 * sizeof(SessionEntry));
  table.Drop(0);
  EXPECT_EQ(table.bytes(), 0u);
  EXPECT_EQ(table.size(), 0u);
}

TEST(SessionTable, ASessionThatCannotBeReadIsDamagedAndAloneInThat) {
  store::MemoryStore store;
  SessionTable table(&store, 1 << 20);
  for (const char* user : {"a", "b"}) table.OnChanged(table.Insert(0, SessionOf(user)));
  MakeDurable(&table, &store, 0);
  store.CorruptSession(0, "a");
  SessionTable other(&store, 1 << 20);
  EXPECT_NE(other.Load(0, "a").value()->damaged, "");
  EXPECT_EQ(other.Load(0, "b").value()->damaged, "");
  EXPECT_EQ(other.Load(0, "nobody").value(), nullptr);
}

// --- Topics ----------------------------------------------------------------------------------------

TEST(TopicTable, SessionsOfOneTopicShareOneCopy) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  world.AddTools();
  Client& ann = world.AddLearner(0);
  Client& ben = world.AddLearner(0, 1);
  const auto* one = worker.shard().Peek(UserId(ann.user));
  const auto* two = worker.shard().Peek(UserId(ben.user));
  ASSERT_TRUE(one != nullptr && two != nullptr);
  ASSERT_EQ(one->session->topic_digest, two->session->topic_digest);
  EXPECT_EQ(one->session->topic.get(), two->session->topic.get());
}

TEST(TopicTable, ATopicThatNoSessionHasAnyMoreLeavesMemory) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  world.AddTools();
  Client& ann = world.AddLearner(0);
  world.RunMs(2'000);
  EXPECT_EQ(worker.shard().topics_in_memory(), 1u);
  const std::string moved = ann.Send(tutor::GotoTopic{TopicId("t2")});
  ASSERT_TRUE(world.Until([&] {
    const auto* entry = worker.shard().Peek(UserId(ann.user));
    return entry != nullptr && entry->session->syllabus.topic.value == "t2" &&
           entry->session->topic != nullptr;
  }));
  world.RunMs(2'000);
  EXPECT_EQ(worker.shard().topics_in_memory(), 1u);
}

TEST(TopicTable, ATopicIsWrittenOnceForAPartition) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  world.AddTools();
  size_t topics = 0;
  worker.disk.on_write = [&](const store::CheckpointBatch& batch) {
    batch.ForEach([&](std::string_view key, std::optional<std::string_view> value) {
      if (key[2] == 'k' && value) ++topics;
    });
  };
  for (size_t i = 0; i < 5; ++i) {
    world.AddLearner(0, i);
    world.RunMs(1'500);
  }
  worker.KillAndStart();
  world.AddLearner(0, 5);
  world.RunMs(1'500);
  EXPECT_EQ(topics, 1u);
}

TEST(TopicTable, ADigestThatNobodyHasAnyMoreHarmsThatSessionAlone) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  world.AddTools();
  Client& ann = world.AddLearner(0);
  Client& ben = world.AddLearner(0, 1);
  ben.Send(tutor::GotoTopic{TopicId("t2")});
  world.RunMs(3'000);
  ASSERT_TRUE(worker.Stop());
  store::MemoryStore::Content content = worker.disk.memory.content();
  // Each topic's row, but not that of ann's.
  const std::string t1 = [&] {
    for (const auto& [key, value] : content) {
      if (key.size() > 3 && key[2] == 'k' && value.find("t1") != std::string::npos) return key;
    }
    return std::string();
  }();
  ASSERT_FALSE(t1.empty());
  content.erase(t1);
  worker.disk.memory.SetContent(content);
  ASSERT_TRUE(worker.Start());
  const std::string anns = ann.Ask();
  const std::string bens = ben.Ask();
  EXPECT_TRUE(world.Until([&] { return ben.answered(bens); }));
  EXPECT_TRUE(world.Until([&] { return ann.answered(anns); }));
  EXPECT_EQ(ann.errors("damaged"), 1u);
  EXPECT_EQ(ben.errors("damaged"), 0u);
  EXPECT_TRUE(worker.reading());
}

TEST(SessionTable, StaysUnderItsBoundAndForgetsNothing) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  worker.Kill();
  worker.options.memory_bytes = 100'000;
  ASSERT_TRUE(worker.Start());
  world.AddTools();
  std::vector<Client*> learners;
  for (size_t i = 0; i < 60; ++i) learners.push_back(&world.AddLearner(0, i));
  world.RunMs(2'000);
  EXPECT_LE(worker.counters().memory_bytes, 100'000u);
  EXPECT_LT(worker.counters().sessions, 60u);
  for (Client* learner : learners) {
    const std::string asked = learner->Ask();
    ASSERT_TRUE(world.Until([&] { return learner->answered(asked); }));
    EXPECT_EQ(learner->whole(), learner->by_id.size());
  }
  EXPECT_GT(worker.counters().session_loads, 0u);
}

}  // namespace
}  // namespace lyceum::shard
