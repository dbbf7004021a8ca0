// Checkpoints, dead letters, queries, the reader and who owns what.
#include <fmt/format.h>

#include <algorithm>

#include "envelope/rows.h"
#include "shard_world.h"

namespace lyceum::shard {
namespace {

using envelope::RecordClass;

// --- Checkpoints -----------------------------------------------------------------------------------

TEST(Checkpoints, AreOfOnePositionAlthoughFoldingGoesOn) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  world.AddTools();
  std::vector<Client*> learners;
  for (size_t i = 0; i < 130; ++i) learners.push_back(&world.AddLearner(0, i));
  size_t rows = 0, largest = 0;
  worker.disk.on_write = [&](const store::CheckpointBatch& batch) {
    uint64_t newest = 0, count = 0;
    batch.ForEach([&](std::string_view key, std::optional<std::string_view> value) {
      if (key[2] != 's' || !value) return;
      const auto session = envelope::DecodeSession(*value);
      ASSERT_TRUE(session);
      newest = std::max(newest, session->last_sequence);
      ++count;
    });
    if (count == 0) return;  // A topic's row, ahead of the checkpoint.
    rows += count;
    largest = std::max(largest, count);
    // The position was set last: what a reader sees when the batch is complete.
    store::MemoryStore other;
    other.CompleteAtOnce();
    class Now final : public Executor {
      void Post(std::function<void()> task) override { task(); }
    } now;
    other.Write(std::make_shared<store::CheckpointBatch>(batch), &now, [](const auto&) {});
    const auto position = other.GetCheckpoint(batch.partition());
    ASSERT_TRUE(position && *position);
    EXPECT_LE(newest, (*position)->sequence);
  };
  worker.turn_us = 1'000;
  // One after the other, so that some come between two slices of a checkpoint.
  for (int64_t i = 0; i < 40'000; ++i) {
    Client* learner = learners[static_cast<size_t>(i * 37) % learners.size()];
    world.broker.After(i * 60, [learner] { learner->Send(tutor::Hint{}); });
  }
  world.RunMs(3'500);
  EXPECT_GT(largest, 2 * Checkpointer::kSliceSessions);
  EXPECT_GT(rows, 300u);
}

TEST(Checkpoints, ReadingStopsAtTheBoundAndGoesOn) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  world.AddTools();
  Client& ann = world.AddLearner(0);
  world.RunMs(2'000);
  ASSERT_TRUE(worker.Stop());
  worker.options.refold_records_max = 10;
  ASSERT_TRUE(worker.Start());
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  worker.disk.hold_writes = true;
  const uint64_t durable = worker.partition(0).durable().sequence;
  std::vector<std::string> asked;
  for (int i = 0; i < 300; ++i) asked.push_back(ann.Send(tutor::Hint{}));
  world.RunMs(5'000);
  EXPECT_LE(worker.partition(0).position(), durable + 10 * Checkpointer::kStopFactor + 10);
  worker.disk.hold_writes = false;
  EXPECT_TRUE(world.Until(
      [&] {
        return worker.partition(0).position() == world.broker.last_sequence(world.Stream(0)) &&
               worker.partition(0).caught_up();
      },
      20'000));
  world.RunMs(1'000);
  EXPECT_EQ(ann.whole(), ann.by_id.size());
}

TEST(Checkpoints, TheLastOneOfAnOrderlyStopCoversAllAndIsClean) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  world.AddTools();
  Client& ann = world.AddLearner(0);
  ann.Ask();
  world.RunMs(2);
  ASSERT_TRUE(worker.Stop());
  const auto checkpoint = worker.disk.memory.GetCheckpoint(0);
  ASSERT_TRUE(checkpoint && *checkpoint);
  EXPECT_TRUE((*checkpoint)->clean);
}

// --- Dead letters ----------------------------------------------------------------------------------

class DeadLettersTest : public testing::Test {
 protected:
  void Garbage(size_t count, const std::string& data = "\xff\xff garbage") {
    for (size_t i = 0; i < count; ++i) {
      world.PublishRaw(world.subjects.In(RecordClass::kUser, UserId(ann.user)), data);
    }
  }
  bool Answered() {
    const std::string asked = ann.Ask();
    return world.Until([&] { return ann.answered(asked); });
  }
  World world;
  Worker& worker = world.AddWorker({0, 1});
  ToolWorker& tools = world.AddTools();
  Client& ann = world.AddLearner(0);
  const std::string stream = world.subjects.DeadLetterStream();
};

TEST_F(DeadLettersTest, AFullStreamOfThemStopsNothingAndTheLostOnesAreCounted) {
  world.broker.RefusePublishes(stream, true);
  Garbage(1'000);
  EXPECT_TRUE(Answered());
  world.RunMs(5'000);
  EXPECT_TRUE(Answered());
  world.RunMs(2'000);
  EXPECT_EQ(worker.counters().refused, 1'000u);
  EXPECT_EQ(worker.partition(0).durable().sequence, worker.partition(0).position());
  world.broker.RefusePublishes(stream, false);
  world.RunMs(10'000);
  EXPECT_EQ(world.DeadLetters().size() + worker.counters().dead_letters_lost, 1'000u);
  EXPECT_GE(worker.counters().dead_letters_lost, 1'000u - DeadLetters::kCountMax);
}

TEST_F(DeadLettersTest, ThoseThatWereNotAckedSurviveARestart) {
  world.broker.SetFaults(worker.client(), {.subjects = "_INBOX.>"});
  world.broker.BlockWrites(worker.client(), false);
  world.broker.RefusePublishes(stream, true);
  Garbage(20);
  world.RunMs(5'000);
  const size_t lost = worker.counters().dead_letters_lost;
  ASSERT_EQ(worker.partition(0).durable().sequence, worker.partition(0).position());
  worker.Kill();
  world.broker.RefusePublishes(stream, false);
  ASSERT_TRUE(worker.Start());
  world.RunMs(5'000);
  EXPECT_EQ(world.DeadLetters().size(), 20u - lost);
  EXPECT_EQ(lost, 0u);
  // And their rows are gone.
  ASSERT_TRUE(Answered());
  world.RunMs(3'000);
  EXPECT_TRUE(worker.disk.memory.GetDeadLetters(0, 100).value().empty());
}

TEST_F(DeadLettersTest, OneThatDoesNotFitIsCutAndSaysSo) {
  Garbage(1, std::string((1 << 20) - 512, '\xff'));
  ASSERT_TRUE(world.Until([&] { return world.DeadLetters().size() == 1; }));
  EXPECT_TRUE(world.DeadLetters()[0].cut);
  EXPECT_NE(world.DeadLetters()[0].text.find("cut"), std::string::npos);
  EXPECT_TRUE(Answered());
}

// --- Queries ---------------------------------------------------------------------------------------

class QueriesTest : public DeadLettersTest {
 protected:
  envelope::SessionView View(const std::string& user, const envelope::Query& query = {}) {
    std::unique_ptr<wire::MemoryWire> asker = world.broker.Connect();
    std::optional<envelope::SessionView> view;
    world.RunMs(5);
    asker->Request(
        {.subject = world.subjects.QueryOf(UserId(user)), .data = envelope::EncodeQuery(query)},
        std::chrono::seconds(2), [&](Result<wire::Answer> answer) {
          ASSERT_TRUE(answer) << answer.error().text;
          auto decoded = envelope::DecodeSessionView(
              answer->data, envelope::EncodingOf(answer->content_type, answer->data));
          ASSERT_TRUE(decoded) << decoded.error().text;
          view = std::move(*decoded);
        });
    asker->Flush();
    EXPECT_TRUE(world.Until([&] { return view.has_value(); }, 3'000));
    return view.value_or(envelope::SessionView());
  }
};

TEST_F(QueriesTest, ASessionThatIsNotInMemoryIsReadFromTheStore) {
  const envelope::SessionView before = View(ann.user);
  world.RunMs(2'000);
  ASSERT_TRUE(worker.Stop());
  ASSERT_TRUE(worker.Start());
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  ASSERT_EQ(worker.shard().Peek(UserId(ann.user)), nullptr);
  const envelope::SessionView after = View(ann.user);
  EXPECT_TRUE(after.found);
  EXPECT_EQ(after.state_digest, before.state_digest);
  EXPECT_EQ(after.n, ann.whole());
  EXPECT_FALSE(View("nobody").found);
}

TEST_F(QueriesTest, AnAnswerThatIsCutSaysSo) {
  tools.text = std::string(30'000, 'x');
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(Answered());
  EXPECT_TRUE(View(ann.user, {.history_max = 10'000}).cut);
  EXPECT_FALSE(View(ann.user, {.history_max = 3}).cut);
}

TEST_F(QueriesTest, ASessionThatIsDamagedIsAnErrorInWords) {
  world.RunMs(2'000);
  ASSERT_TRUE(worker.Stop());
  worker.disk.memory.CorruptSession(0, ann.user);
  ASSERT_TRUE(worker.Start());
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  EXPECT_TRUE(View(ann.user).error.starts_with("damaged"));
  const std::string asked = ann.Ask();
  EXPECT_TRUE(world.Until([&] { return ann.answered(asked); }));
  EXPECT_EQ(ann.errors("damaged"), 1u);
}

// --- The reader ------------------------------------------------------------------------------------

// nats-server #7664, nats.go #2063: after a change of the leader a consumer is there and delivers nothing.
TEST_F(DeadLettersTest, AReaderThatGetsNothingIsReplacedWithinTwoSeconds) {
  LogCapture lines;
  world.broker.StallConsumers(world.Stream(0), true);
  const std::string asked = ann.Ask();
  const uint64_t breaks = worker.counters().reader_breaks;
  EXPECT_TRUE(world.Until([&] { return worker.counters().reader_breaks > breaks; }, 2'000));
  EXPECT_NE(lines.End().find("nothing of it comes"), std::string::npos);
  world.broker.StallConsumers(world.Stream(0), false);
  EXPECT_TRUE(world.Until([&] { return ann.answered(asked); }));
}

TEST_F(DeadLettersTest, ARecordThatTheServerLeftOutIsReadByAnotherReader) {
  world.broker.SkipDeliveries(world.Stream(0), 2);
  std::vector<std::string> asked;
  for (int i = 0; i < 3; ++i) asked.push_back(ann.Send(tutor::Hint{}));
  EXPECT_TRUE(world.Until([&] {
    return worker.partition(0).position() == world.broker.last_sequence(world.Stream(0));
  }));
  EXPECT_GT(worker.counters().reader_breaks, 0u);
  EXPECT_EQ(worker.counters().missing_records, 0u);
  EXPECT_EQ(ann.whole(), ann.by_id.size());
}

TEST_F(DeadLettersTest, AServerThatForgetsItsConsumersIsAskedAgain) {
  world.broker.BreakConsumers(world.Stream(0));
  EXPECT_TRUE(Answered());
}

// --- Who owns what ---------------------------------------------------------------------------------

TEST(Owners, OfTwoWithOneNameTheSecondStops) {
  World world;
  Worker& first = world.AddWorker({0, 1}, "same");
  world.AddTools();
  Client& ann = world.AddLearner(0);
  Worker& second = world.AddWorker({0, 1}, "same");
  second.Kill();
  second.wall.SetOffsetMs(-16 * 60'000);  // Its clock does not make it the first.
  ASSERT_TRUE(second.Start());
  ASSERT_TRUE(world.Until([&] { return second.shard().failure().has_value(); }, 2'000));
  EXPECT_NE(second.shard().failure()->text.find("session worker same"), std::string::npos);
  EXPECT_FALSE(first.shard().failure());
  EXPECT_EQ(second.partition(1).phase(), Partition::Phase::kClosed) << "it folded nothing";
  const std::string asked = ann.Ask();
  EXPECT_TRUE(world.Until([&] { return ann.answered(asked); }));
}

TEST(Owners, OfTwoWithOneNameThatStartAlmostAtOnceExactlyOneStops) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    World world(2, seed);
    Worker& one = world.AddWorker({0}, "same");
    world.RunMs(static_cast<int64_t>(seed * 10));
    Worker& two = world.AddWorker({0, 1}, "same");
    world.RunMs(3'000);
    EXPECT_NE(one.shard().failure().has_value(), two.shard().failure().has_value()) << seed;
  }
}

TEST(Owners, WorkersWithPartitionsOfTheirOwnDoNotMind) {
  World world;
  Worker& one = world.AddWorker({0}, "one");
  Worker& two = world.AddWorker({1}, "two");
  world.RunMs(3'000);
  EXPECT_FALSE(one.shard().failure());
  EXPECT_FALSE(two.shard().failure());
}

}  // namespace
}  // namespace lyceum::shard
