// A learner is forgotten: by the owner, its standby, and whoever folds that record later.
#include <algorithm>

#include "opening.h"
#include "shard/log_history.h"
#include "shard/refold.h"

namespace lyceum::shard {
namespace {

using envelope::RecordClass;

class Forgetting : public testing::Test {
 protected:
  Forgetting() : worker(world.AddWorker({0, 1}, "w1")), tools(world.AddTools()) {
    ann = &world.AddLearner(0, 0);
    bea = &world.AddLearner(0, 1);
    world.RunMs(2'000);
  }
  bool Answered(Client* client) {
    const std::string asked = client->Ask();
    return world.Until([&] { return client->answered(asked); });
  }
  // Comes back, to its first question.
  void Begin(Client* again) {
    (void)again->Start();
    ASSERT_TRUE(world.Until([&] { return again->count<tutor::ProgressOut>() > 0; }));
    (void)again->Send(tutor::Skip{});
    ASSERT_TRUE(world.Until([&] { return again->count<tutor::QuestionOut>() > 0; }));
  }
  // The record that says so.
  uint64_t Forget(const std::string& user) {
    world.PublishRaw(world.subjects.Forget(0, ForgetDigest(user)),
                     envelope::EncodeForget(EventId("f" + std::to_string(++forgets))));
    return world.broker.last_sequence(world.Stream(0));
  }
  bool IsDurable(Worker& of, uint64_t sequence) {
    return world.Until([&] { return of.partition(0).durable().sequence >= sequence; });
  }
  static bool Has(const Worker& of, const std::string& text) {
    const auto& rows = of.disk.memory.content();
    return std::any_of(rows.begin(), rows.end(), [&](const auto& row) {
      return row.first.find(text) != std::string::npos ||
             row.second.find(text) != std::string::npos;
    });
  }
  World world{2};
  Worker& worker;
  ToolWorker& tools;
  Client* ann = nullptr;
  Client* bea = nullptr;
  int forgets = 0;
};

TEST_F(Forgetting, NothingOfTheLearnerIsInTheStoreAfterTheNextCheckpoint) {
  ASSERT_TRUE(Answered(ann));
  ASSERT_TRUE(IsDurable(worker, world.broker.last_sequence(world.Stream(0))));
  ASSERT_TRUE(Has(worker, ann->user));
  ASSERT_TRUE(IsDurable(worker, Forget(ann->user)));
  EXPECT_FALSE(Has(worker, ann->user));
  EXPECT_TRUE(Has(worker, bea->user));
  EXPECT_TRUE(Answered(bea));
  EXPECT_EQ(bea->whole(), bea->by_id.size());
}

TEST_F(Forgetting, ALearnerOfWhomNoCheckpointKnowsIsForgottenToo) {
  Client& new_one = world.AddLearner(0, 7);
  const uint64_t said = Forget(new_one.user);
  ASSERT_TRUE(IsDurable(worker, said));
  EXPECT_FALSE(Has(worker, new_one.user));
}

TEST_F(Forgetting, WhoComesBackBeginsAnew) {
  ASSERT_TRUE(IsDurable(worker, Forget(ann->user)));
  Client& again = world.AddClient(ann->user, "again");
  const std::string asked = again.Ask();
  ASSERT_TRUE(world.Until([&] { return again.answered(asked); }));
  EXPECT_EQ(again.errors("no_session"), 1u);
  Begin(&again);
  EXPECT_EQ(again.whole(), again.by_id.size() - 1) << "from 1 on, and the error";
  ASSERT_TRUE(IsDurable(worker, world.broker.last_sequence(world.Stream(0))));
  EXPECT_TRUE(Has(worker, ann->user));
}

// The store still has the old rows: nobody is to find them there.
TEST_F(Forgetting, BeforeTheCheckpointTheStoreIsNotBelieved) {
  ASSERT_TRUE(Answered(ann));
  ASSERT_TRUE(IsDurable(worker, world.broker.last_sequence(world.Stream(0))));
  worker.disk.hold_writes = true;
  const uint64_t said = Forget(ann->user);
  ASSERT_TRUE(world.Until([&] { return worker.partition(0).position() >= said; }));
  ASSERT_TRUE(Has(worker, ann->user));
  Client& again = world.AddClient(ann->user, "again");
  const std::string asked = again.Ask();
  ASSERT_TRUE(world.Until([&] { return again.answered(asked); }));
  EXPECT_EQ(again.errors("no_session"), 1u);
  Begin(&again);
  // What is sent again is the new session's alone.
  Client& other = world.AddClient(ann->user, "other");
  (void)other.Attach(0);
  ASSERT_TRUE(world.Until([&] { return other.count<tutor::QuestionOut>() > 0; }));
  for (const auto& [id, bytes] : other.by_id) {
    if (again.by_id.contains(id)) continue;
    const auto resumed = std::find_if(other.came.begin(), other.came.end(), [&](const auto& came) {
      return came.message.message.id == id;
    });
    EXPECT_EQ(resumed->message.message.n, 0u) << bytes;
  }
  worker.disk.hold_writes = false;
  ASSERT_TRUE(IsDurable(worker, world.broker.last_sequence(world.Stream(0))));
  EXPECT_TRUE(Answered(&again));
}

// In one checkpoint: the old rows go, and those of the new session stay.
TEST_F(Forgetting, WhoComesBackBeforeTheCheckpointKeepsTheNewSession) {
  const uint64_t said = Forget(ann->user);
  Client& again = world.AddClient(ann->user, "again");
  Begin(&again);
  ASSERT_TRUE(IsDurable(worker, said));
  ASSERT_TRUE(IsDurable(worker, world.broker.last_sequence(world.Stream(0))));
  worker.KillAndStart();
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  const std::string asked = again.Ask();
  EXPECT_TRUE(world.Until([&] { return again.answered(asked); }));
  EXPECT_EQ(again.count<tutor::ErrorOut>(), 0u);
}

TEST_F(Forgetting, TheCallThatRunsIsCanceledAndItsResultMakesNoSession) {
  tools.duration_ms = 500;
  const size_t asked = tools.requests.size();
  (void)ann->Ask();
  ASSERT_TRUE(world.Until([&] { return tools.requests.size() > asked; }));
  ASSERT_TRUE(IsDurable(worker, Forget(ann->user)));
  world.RunMs(3'000);
  EXPECT_FALSE(Has(worker, ann->user));
  EXPECT_TRUE(Answered(bea));
}

// What it folds again, it erases again.
TEST_F(Forgetting, AWorkerWithAnOldCheckpointErasesWhereTheLogSaysSo) {
  ASSERT_TRUE(IsDurable(worker, world.broker.last_sequence(world.Stream(0))));
  worker.disk.hold_writes = true;
  ASSERT_TRUE(Answered(ann));
  const uint64_t said = Forget(ann->user);
  ASSERT_TRUE(world.Until([&] { return worker.partition(0).position() >= said; }));
  worker.Kill();
  ASSERT_TRUE(Has(worker, ann->user)) << "the checkpoint is of before";
  worker.disk.hold_writes = false;
  ASSERT_TRUE(worker.Start());
  ASSERT_TRUE(IsDurable(worker, said));
  EXPECT_FALSE(Has(worker, ann->user));
  EXPECT_TRUE(Answered(bea));
}

TEST_F(Forgetting, TheStandbyErasesWhereTheOwnerDoes) {
  Worker& second = world.AddWorker({0, 1}, "w2");
  ASSERT_TRUE(world.Until([&] { return second.reading() && worker.reading(); }, 20'000));
  const uint64_t before = world.broker.last_sequence(world.Stream(0));
  ASSERT_TRUE(IsDurable(worker, before));
  ASSERT_TRUE(IsDurable(second, before));
  ASSERT_TRUE(Has(worker, ann->user));
  ASSERT_TRUE(Has(second, ann->user));
  const uint64_t said = Forget(ann->user);
  ASSERT_TRUE(IsDurable(worker, said));
  ASSERT_TRUE(IsDurable(second, said));
  EXPECT_FALSE(Has(worker, ann->user));
  EXPECT_FALSE(Has(second, ann->user));
  worker.Kill();
  EXPECT_TRUE(Answered(bea));
}

// More than one page of them, and none of them it.
TEST_F(Forgetting, OfNobodyItChangesNothing) {
  for (size_t i = 2; i < 230; ++i) (void)world.AddLearner(0, i);
  ASSERT_TRUE(IsDurable(worker, world.broker.last_sequence(world.Stream(0))));
  const auto rows = worker.disk.memory.content().size();
  ASSERT_TRUE(IsDurable(worker, Forget("nobody")));
  EXPECT_EQ(worker.disk.memory.content().size(), rows);
  EXPECT_TRUE(Answered(ann));
  EXPECT_TRUE(Answered(bea));
}

TEST_F(Forgetting, TheLastOfManyIsFound) {
  Client* last = nullptr;
  for (size_t i = 2; i < 430; ++i) last = &world.AddLearner(0, i);
  ASSERT_TRUE(IsDurable(worker, world.broker.last_sequence(world.Stream(0))));
  worker.KillAndStart();  // Nobody is in memory.
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  ASSERT_TRUE(IsDurable(worker, Forget(last->user)));
  EXPECT_FALSE(Has(worker, last->user));
  EXPECT_TRUE(Answered(ann));
}

TEST_F(Forgetting, AStoreThatDoesNotReadIsAskedAgain) {
  for (size_t i = 2; i < 10; ++i) (void)world.AddLearner(0, i);
  ASSERT_TRUE(IsDurable(worker, world.broker.last_sequence(world.Stream(0))));
  worker.KillAndStart();
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  worker.disk.fail_reads = 3;
  ASSERT_TRUE(IsDurable(worker, Forget(ann->user)));
  EXPECT_FALSE(Has(worker, ann->user));
}

TEST_F(Forgetting, ASessionThatCannotBeReadGoesWithItsTimers) {
  ASSERT_TRUE(IsDurable(worker, world.broker.last_sequence(world.Stream(0))));
  worker.Kill();
  auto rows = worker.disk.memory.content();
  for (auto& [key, value] : rows) {
    if (key[1] == 0 && key[2] == 's' && key.ends_with(ann->user)) value = "\xff garbage";
  }
  worker.disk.memory.SetContent(rows);
  ASSERT_TRUE(worker.Start());
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  ASSERT_TRUE(IsDurable(worker, Forget(ann->user)));
  EXPECT_FALSE(Has(worker, ann->user));
}

TEST_F(Forgetting, OneThatIsNoneIsRefused) {
  world.PublishRaw(world.subjects.Forget(0, "ann"), envelope::EncodeForget(EventId("f")));
  world.PublishRaw(world.subjects.Forget(0, ForgetDigest(ann->user)), "\x01\x02");
  ASSERT_TRUE(world.Until([&] { return world.DeadLetters().size() == 2; }));
  EXPECT_EQ(world.DeadLetters()[0].reason, "bad_subject");
  EXPECT_EQ(world.DeadLetters()[1].reason, "undecodable");
  EXPECT_TRUE(Answered(ann));
}

// A dead letter that its stream does not take is the learner's too.
TEST_F(Forgetting, DeadLettersThatWaitGoToo) {
  world.broker.RefusePublishes(world.subjects.DeadLetterStream(), true);
  world.PublishRaw(world.subjects.In(RecordClass::kUser, UserId(ann->user)), "\xff no event");
  ASSERT_TRUE(world.Until([&] { return worker.counters().refused == 1; }));
  ASSERT_TRUE(IsDurable(worker, world.broker.last_sequence(world.Stream(0))));
  ASSERT_TRUE(Has(worker, "no event"));
  ASSERT_TRUE(IsDurable(worker, Forget(ann->user)));
  EXPECT_FALSE(Has(worker, "no event"));
}

// What a worker once had, and has no part in any more.
TEST_F(Forgetting, ARowOfAPartitionThatOthersHaveGoes) {
  Worker& second = world.AddWorker({0, 1}, "w2");
  worker.options.standbys = second.options.standbys = 0;
  second.KillAndStart();
  worker.KillAndStart();
  const auto owns = [](Worker& one, store::PartitionId id) {
    return one.running() && one.shard().Owns(id) && one.partition(id).caught_up();
  };
  // One each.
  ASSERT_TRUE(world.Until(
      [&] { return owns(worker, 0) ? owns(second, 1) : owns(second, 0) && owns(worker, 1); },
      20'000));
  world.RunMs(5'000);
  Worker& owner = owns(worker, 0) ? worker : second;
  Worker& other = owns(worker, 0) ? second : worker;
  if (!Has(other, ann->user)) {
    other.Kill();
    other.disk.memory.SetContent(owner.disk.memory.content());
    ASSERT_TRUE(other.Start());
    world.RunMs(3'000);
  }
  ASSERT_EQ(other.partition(0).role(), Partition::Role::kNone);
  ASSERT_TRUE(Has(other, ann->user));
  ASSERT_TRUE(IsDurable(owner, Forget(ann->user)));
  EXPECT_TRUE(world.Until([&] { return !Has(other, ann->user); }));
}

// --- Folding a log again ---------------------------------------------------------------------------

TEST_F(Forgetting, ARefoldErasesWhereTheRecordLies) {
  const uint64_t said = Forget(ann->user);
  Client& again = world.AddClient(ann->user, "again");
  Begin(&again);
  LogHistory history(0);
  history.AddForget(said, ForgetDigest(ann->user));
  Refold refold(world.subjects, 0, &history, [&](const tutor::LoadTopicOk&) {
    return Result<TopicTable::Shared>(TopicTable::Shared());
  });
  std::optional<tutor::Session> session;
  size_t forgotten = 0;
  for (const wire::MemoryRecord& record : world.broker.Stored(world.Stream(0))) {
    const auto parts = world.subjects.ParseLogFast(record.subject);
    ASSERT_TRUE(parts);
    if (!parts->of_partition() && parts->user != ann->user) continue;
    const auto step = refold.Fold(
        {record.subject, record.content_type, record.data, record.sequence, record.time_ms},
        &session);
    ASSERT_TRUE(step);
    forgotten += step->forgotten ? 1 : 0;
    if (step->lacks) continue;
    EXPECT_EQ(step->of_partition, parts->of_partition());
  }
  EXPECT_EQ(forgotten, 1u);
  ASSERT_TRUE(session);
  EXPECT_GT(session->first_sequence, said);
}

TEST(LogHistory, IsForgottenBetweenTwoRecords) {
  LogHistory history(0);
  history.AddForget(10, ForgetDigest("ann"));
  EXPECT_TRUE(history.IsForgotten("ann", 9, 11));
  EXPECT_FALSE(history.IsForgotten("ann", 10, 12)) << "it was folded after it";
  EXPECT_FALSE(history.IsForgotten("ann", 3, 10)) << "it is before it";
  EXPECT_FALSE(history.IsForgotten("bea", 9, 11));
  history.AddBurial(LogHistory::BurialKey(0, 0, 10));
  EXPECT_FALSE(history.IsForgotten("ann", 9, 11)) << "nobody folds it";
}

}  // namespace
}  // namespace lyceum::shard
