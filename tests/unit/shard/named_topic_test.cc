// Topics that records name.
#include <gtest/gtest.h>

#include "envelope/messages.h"
#include "envelope/topics.h"
#include "shard_world.h"
#include "tutor/table_samples.h"

namespace lyceum::shard {
namespace {

class NamedTopic : public testing::Test {
 protected:
  NamedTopic() : worker(world.AddWorker({0, 1})), tools(world.AddTools()) { tools.by_name = true; }

  void PutTopic(const tutor::Topic& topic) {
    const auto key = envelope::TopicKey({topic.course, topic.version, topic.id});
    ASSERT_TRUE(key);
    world.broker.Publish({.subject = "$KV." + world.subjects.CourseBucket() + "." + *key,
                          .data = envelope::EncodeTopic(topic)});
  }
  void PutTopics() {
    PutTopic(tutor::samples::SampleTopic("t1", "t2"));
    PutTopic(tutor::samples::SampleTopic("t2", ""));
  }
  // What of a topic lies in the log of the partition.
  size_t LogBytes(uint32_t partition) {
    size_t bytes = 0;
    for (const auto& record : world.broker.Stored(world.Stream(partition))) {
      bytes += record.data.size();
    }
    return bytes;
  }
  bool Answered(Client& client) {
    const std::string asked = client.Ask();
    return world.Until([&] { return client.answered(asked); });
  }
  std::vector<wire::MemoryRecord> Burials() {
    std::vector<wire::MemoryRecord> burials;
    for (auto& record : world.broker.Stored("KV_" + world.subjects.ClusterBucket())) {
      if (record.subject.find(".skip.") != std::string::npos) burials.push_back(record);
    }
    return burials;
  }
  World world;
  Worker& worker;
  ToolWorker& tools;
};

TEST_F(NamedTopic, ComesFromTheCourseBucketAndTheLogHasItsNameAlone) {
  PutTopics();
  Client& ann = world.AddLearner(0);
  EXPECT_EQ(ann.errors("bad_result"), 0u);
  const size_t by_name = LogBytes(0);

  World other;
  other.AddWorker({0, 1});
  other.AddTools();
  Client& same = other.AddLearner(0);
  size_t with_content = 0;
  for (const auto& record : other.broker.Stored(other.Stream(0))) {
    with_content += record.data.size();
  }
  EXPECT_LT(by_name, with_content);
  // It is the same lesson.
  ASSERT_EQ(ann.came.size(), same.came.size());
  const auto text = [](const Client::Came& came) {
    tutor::ClientMessage message = came.message.message;
    message.at_ms = 0;
    return envelope::EncodeClientMessage(came.message.user, message, tutor::Encoding::kJson);
  };
  for (size_t i = 0; i < ann.came.size(); ++i) EXPECT_EQ(text(ann.came[i]), text(same.came[i]));
}

TEST_F(NamedTopic, OthersOfThePartitionGoOnWhenItHasCome) {
  PutTopics();
  Client& ann = world.AddLearner(0);
  Client& ben = world.AddLearner(0, 1);
  EXPECT_TRUE(Answered(ann));
  EXPECT_TRUE(Answered(ben));
}

TEST_F(NamedTopic, IsReadFromTheStoreAfterARestartAlthoughTheBucketIsEmpty) {
  PutTopics();
  Client& ann = world.AddLearner(0);
  world.RunMs(3'000);
  ASSERT_TRUE(worker.Stop());
  world.broker.RecreateStream("KV_" + world.subjects.CourseBucket());
  ASSERT_TRUE(worker.Start());
  EXPECT_TRUE(Answered(ann));
  Client& ben = world.AddLearner(0, 1);  // Loads the same topic.
  EXPECT_TRUE(Answered(ben));
  EXPECT_TRUE(Burials().empty());
}

TEST_F(NamedTopic, IsFetchedAgainWhereTheFolderIsLost) {
  PutTopics();
  Client& ann = world.AddLearner(0);
  world.RunMs(3'000);
  worker.Kill();
  Worker& fresh = world.AddWorker({0, 1}, "w2");
  ASSERT_TRUE(world.Until([&] { return fresh.reading(); }));
  EXPECT_TRUE(Answered(ann));
}

TEST_F(NamedTopic, ThatIsNowhereIsBuriedAndItsCallEndsAtOnce) {
  Client& ann = world.AddClient(world.UserIn(0));
  const int64_t began = world.clock.SteadyMs();
  ann.Start();
  ASSERT_TRUE(world.Until([&] { return ann.count<tutor::ErrorOut>() >= 1; }));
  EXPECT_LT(world.clock.SteadyMs() - began, 1'000);
  ASSERT_EQ(Burials().size(), 1u);
  ASSERT_TRUE(world.Until([&] { return world.DeadLetters().size() == 1; }));
  EXPECT_EQ(world.DeadLetters().front().reason, "buried");
  // With the course there, the learner goes on.
  PutTopics();
  ann.Send(tutor::Continue{});
  EXPECT_TRUE(world.Until([&] { return ann.count<tutor::TextOut>() >= 1; }));
  // Who folds the log again comes to the same.
  worker.Kill();
  Worker& fresh = world.AddWorker({0, 1}, "w2");
  ASSERT_TRUE(world.Until([&] { return fresh.reading(); }));
  EXPECT_TRUE(Answered(ann));
}

TEST_F(NamedTopic, WithAnotherContentInTheBucketIsBuried) {
  tutor::Topic other = tutor::samples::SampleTopic("t1", "t2");
  other.title += " (another)";
  PutTopic(other);
  Client& ann = world.AddClient(world.UserIn(0));
  ann.Start();
  ASSERT_TRUE(world.Until([&] { return ann.count<tutor::ErrorOut>() >= 1; }));
  EXPECT_EQ(Burials().size(), 1u);
}

TEST_F(NamedTopic, IsWaitedForWhereTheBucketCannotBeReadJustNow) {
  PutTopics();
  bool deaf = true;
  worker.deaf = [&](std::string_view subject) {
    return deaf && subject.find("KV_" + world.subjects.CourseBucket()) != std::string_view::npos;
  };
  Client& ann = world.AddClient(world.UserIn(0));
  ann.Start();
  world.RunMs(4'000);
  EXPECT_EQ(ann.count<tutor::TextOut>(), 0u);
  EXPECT_TRUE(Burials().empty());
  deaf = false;
  EXPECT_TRUE(world.Until([&] { return ann.count<tutor::TextOut>() >= 1; }, 3'000));
  EXPECT_EQ(ann.count<tutor::ErrorOut>(), 0u);
}

TEST_F(NamedTopic, IsNotWaitedForForEver) {
  PutTopics();
  Client& ann = world.AddLearner(0);
  world.RunMs(2'000);
  worker.deaf = [&](std::string_view subject) {
    return subject.find("KV_" + world.subjects.CourseBucket()) != std::string_view::npos;
  };
  worker.KillAndStart();
  Client& ben = world.AddClient(world.UserIn(1));
  ben.Start();  // Of the other partition, whose store does not have the topic.
  EXPECT_TRUE(world.Until([&] { return Burials().size() == 1; }, 12'000));
  EXPECT_TRUE(Answered(ann));
}

}  // namespace
}  // namespace lyceum::shard
