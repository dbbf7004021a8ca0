// What a partition finds when it opens its log, and what it makes of it.
#include "opening.h"

#include <algorithm>

#include "support/planted_core.h"

namespace lyceum::shard {
namespace {

using envelope::RecordClass;
using Phase = Partition::Phase;

// --- The folder is not what it was -----------------------------------------------------------------

TEST_F(Opening, AMissingFlightPageSendsAgainAndLosesNothing) {
  const uint32_t before = ann->whole();
  worker.Kill();
  worker.LoseFlightPage();
  ASSERT_TRUE(worker.Start());
  EXPECT_TRUE(world.Until([&] { return ann->repeats > 0; }));
  EXPECT_TRUE(Answered(ann));
  EXPECT_GT(ann->whole(), before);
  EXPECT_EQ(ann->whole(), ann->by_id.size());
}

// By the server's clock, not by the own one.
TEST_F(Opening, WhereNothingIsKnownWhatIsRecentIsSentAgainAndNothingElse) {
  for (const int64_t wrong_ms : {600'000, -600'000}) {
    SCOPED_TRACE(wrong_ms);
    const auto start = [&] {
      worker.Kill();
      worker.LoseFlightPage();
      worker.disk.memory.SetContent({});
      worker.wall.SetOffsetMs(wrong_ms);
      ASSERT_TRUE(worker.Start());
      ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
    };
    ASSERT_TRUE(Answered(ann));
    const size_t before = ann->repeats;
    start();
    EXPECT_TRUE(world.Until([&] { return ann->repeats > before; }));
    world.RunMs(worker.options.resend_age_ms + 10'000);
    const size_t after = ann->repeats;
    start();
    world.RunMs(1'000);
    EXPECT_EQ(ann->repeats, after);
  }
}

// Where nothing tells how far was sent, the log is asked for its recent records; that reader too can
// be forgotten by the server.
TEST_F(Opening, TheReaderOfRecentRecordsIsMadeAnewWhereNothingComes) {
  worker.Kill();
  worker.LoseFlightPage();
  worker.disk.memory.SetContent({});
  world.broker.StallConsumers(log(), true);
  ASSERT_TRUE(worker.Start());
  world.RunMs(1'000);
  ASSERT_EQ(worker.partition(0).phase(), Phase::kOpening);
  world.broker.BreakConsumers(log());
  world.broker.StallConsumers(log(), false);
  EXPECT_TRUE(world.Until([&] { return worker.reading(); }, 20'000));
}

TEST_F(Opening, AFolderThatWasCopiedTwoSecondsAgoGoesOn) {
  worker.disk.hold_writes = false;
  world.RunMs(2'000);
  const store::MemoryStore::Content content = worker.disk.memory.content();
  ASSERT_TRUE(Answered(ann));
  ASSERT_TRUE(Answered(ben));
  world.RunMs(2'000);
  ASSERT_TRUE(Answered(ann));
  worker.Kill();
  worker.LoseFlightPage();
  worker.disk.memory.SetContent(content);
  ASSERT_TRUE(worker.Start());
  EXPECT_TRUE(Answered(ann));
  EXPECT_TRUE(Answered(ben));
  EXPECT_GT(ann->repeats, 0u);
  EXPECT_EQ(ann->whole(), ann->by_id.size());
  EXPECT_EQ(ben->whole(), ben->by_id.size());
}

TEST_F(Opening, AStoreThatFailsInTheMiddleOfACheckpointForgetsNothing) {
  LogCapture lines;
  while (worker.disk.memory.PendingWrites() > 0) {
    worker.disk.memory.FailNext(Retry("the disk has an error"));
  }
  worker.disk.memory.SetFull(true);
  worker.disk.hold_writes = false;
  ASSERT_TRUE(Answered(ann));
  world.RunMs(5'000);
  EXPECT_GT(worker.counters().checkpoint_failures, 1u);
  worker.disk.memory.SetFull(false);
  ASSERT_TRUE(Answered(ann));
  world.RunMs(8'000);
  EXPECT_NE(lines.End().find("checkpoints are written again"), std::string::npos);
  EXPECT_EQ(worker.partition(0).durable().sequence, worker.partition(0).position());
  worker.KillAndStart();
  EXPECT_TRUE(Answered(ann));
  EXPECT_EQ(ann->whole(), ann->by_id.size());
  EXPECT_EQ(ann->repeats, 0u);
}

TEST_F(Opening, AStoreThatDoesNotReadForAWhileLosesNothing) {
  worker.disk.hold_writes = false;
  world.RunMs(2'000);
  ASSERT_TRUE(worker.Stop());
  ASSERT_TRUE(worker.Start());
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  const auto asked = ann->Ask();
  world.PublishRaw(world.subjects.In(RecordClass::kUser, UserId(ben->user)), "\xff\xff garbage");
  const auto bens = ben->Ask();
  worker.disk.fail_reads = 12;
  EXPECT_TRUE(world.Until([&] { return ann->answered(asked) && ben->answered(bens); }, 20'000));
  EXPECT_EQ(worker.disk.fail_reads, 0u);
  EXPECT_EQ(world.DeadLetters().size(), 1u);
}

// It stays one thing to look at, however long it takes.
TEST(Openings, ATimerWhoseSessionCannotBeReadIsLookedAtFiveTimesASecond) {
  World fresh;
  Worker& owner = fresh.AddWorker({0, 1});
  fresh.AddTools();
  Client& learner = fresh.AddLearner(0);
  fresh.RunMs(2'000);
  ASSERT_TRUE(owner.Stop());
  ASSERT_TRUE(owner.Start());
  fresh.RunMs(tutor::kIdleMs - 10'000);
  const size_t texts = learner.by_id.size();
  constexpr size_t kReads = 1'000'000;
  owner.disk.fail_reads = kReads;
  fresh.RunMs(18'000);
  const size_t reads = kReads - owner.disk.fail_reads;
  EXPECT_GE(reads, 10u);
  EXPECT_LE(reads, 250u);  // Two partitions look into the index as often.
  owner.disk.fail_reads = 0;
  EXPECT_TRUE(fresh.Until([&] { return learner.by_id.size() > texts; }, 3'000));
}

// --- The state machine changes ---------------------------------------------------------------------

// atlan #1526: an upgrade failed without a word.
TEST_F(Opening, ACheckpointOfANewerStateMachineRefusesToStart) {
  worker.disk.hold_writes = false;
  ASSERT_TRUE(worker.Stop());
  worker.options.fold_version = test::kPlantedFoldVersion;
  worker.options.core = &test::AdvancePlanted;
  ASSERT_TRUE(worker.Start());
  ASSERT_TRUE(Answered(ann));
  ASSERT_TRUE(worker.Stop());
  worker.options.fold_version = tutor::kFoldVersion;
  worker.options.core = &tutor::Advance;
  const Result<void> started = worker.Start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().fault, Fault::kReject);
  EXPECT_NE(started.error().text.find("run the newer one"), std::string::npos);
}

TEST_F(Opening, ABarrierOfANewerStateMachineHalts) {
  world.PublishRaw(world.subjects.Barrier(0, "other"),
                   envelope::EncodeBarrier({EventId("b"), tutor::kFoldVersion + 7}));
  ExpectHalt("run the newer one");
  const std::string asked = ann->Ask();
  worker.KillAndStart();
  ExpectHalt("run the newer one");
  ExpectOthersUnharmed();
  EXPECT_FALSE(ann->answered(asked));
}

TEST_F(Opening, OldBehaviourIsKeptUpToTheBarrier) {
  worker.Kill();
  worker.LoseFlightPage();
  worker.options.fold_version = test::kPlantedFoldVersion;
  worker.options.core = &test::AdvancePlanted;
  ASSERT_TRUE(worker.Start());
  // What is sent again has the bytes of the old behaviour: the client compares.
  ASSERT_TRUE(world.Until([&] { return ann->repeats > 0; }));
  ASSERT_TRUE(Answered(ann));
  EXPECT_EQ(world.Stored(0, RecordClass::kBarrier), 1u);
  const auto planted = [&](const Client::Came& came) {
    const auto* text = std::get_if<tutor::TextOut>(&came.message.message.body);
    return text != nullptr && text->text.ends_with("(planted)");
  };
  EXPECT_TRUE(std::any_of(ann->came.begin(), ann->came.end(), planted));
  worker.KillAndStart();
  ASSERT_TRUE(Answered(ann));
  EXPECT_EQ(world.Stored(0, RecordClass::kBarrier), 1u) << "one is enough";
}

// --- Records that kill -----------------------------------------------------------------------------

class Burials : public Opening {
 protected:
  // A record of ann's over which the process dies twice.
  uint64_t Poison() {
    worker.Kill();
    ann->Ask("poison");
    const uint64_t sequence = world.broker.last_sequence(log());
    worker.flight->BeginFold(0, sequence);
    worker.flight->Reopen();
    worker.flight->BeginFold(0, sequence);
    EXPECT_TRUE(worker.Start());
    EXPECT_TRUE(world.Until([&] { return worker.reading(); }));
    return sequence;
  }
  size_t buried() const {
    size_t count = 0;
    for (const auto& letter : world.DeadLetters()) count += letter.reason == "buried" ? 1 : 0;
    return count;
  }
};

TEST_F(Burials, ARecordThatKillsTwiceIsBuriedAndAllElseGoesOn) {
  const uint64_t sequence = Poison();
  EXPECT_TRUE(Answered(ann));
  ExpectOthersUnharmed();
  ASSERT_EQ(buried(), 1u);
  EXPECT_EQ(world.DeadLetters().back().sequence, sequence);
  const auto keys = world.broker.Stored("KV_" + world.subjects.ClusterBucket());
  EXPECT_TRUE(std::any_of(keys.begin(), keys.end(), [&](const auto& key) {
    return key.subject.ends_with("skip.0." + std::to_string(sequence));
  }));
  // Whoever folds it again knows.
  worker.Kill();
  worker.LoseFlightPage();
  ASSERT_TRUE(worker.Start());
  EXPECT_TRUE(Answered(ann));
  EXPECT_EQ(ann->whole(), ann->by_id.size());
}

TEST_F(Burials, HoldInTheLineageOfTheirRecordAlone) {
  worker.options.on_log_loss = OnLogLoss::kContinue;
  const uint64_t sequence = Poison();
  worker.disk.hold_writes = false;
  world.broker.Disconnect(worker.client());
  world.broker.LoseTail(log(), 2);
  world.RunMs(2);
  EXPECT_TRUE(Answered(ann));  // By the result of a tool, under the number that was buried.
  EXPECT_EQ(worker.counters().refused, 1u) << "the one that was buried before";
  ASSERT_LE(sequence, world.broker.last_sequence(log()));
  ASSERT_EQ(worker.partition(0).at().lineage, 1u);
}

TEST_F(Burials, AreKnownInLaterLineagesToo) {
  worker.options.on_log_loss = OnLogLoss::kContinue;
  const uint64_t sequence = Poison();
  ASSERT_TRUE(Answered(ann));
  ASSERT_GT(world.broker.last_sequence(log()), sequence);
  worker.disk.hold_writes = false;
  world.broker.Disconnect(worker.client());
  world.broker.LoseTail(log(), 1);
  world.RunMs(2);
  ASSERT_TRUE(Answered(ann));
  ASSERT_EQ(worker.partition(0).at().lineage, 1u);
  ASSERT_TRUE(worker.Stop());
  Worker& next = world.AddWorker({0, 1}, "next");
  ASSERT_TRUE(world.Until([&] { return next.reading(); }));
  EXPECT_EQ(next.counters().refused, 1u) << "folded by this owner";
}

// --- A new owner, with nothing ---------------------------------------------------------------------

class EmptyFolder : public testing::Test {
 protected:
  World world;
  Worker& first = world.AddWorker({0, 1}, "first");
  std::vector<std::string> sent;  // Ids of messages that the second worker sent.

  void Watch(Worker* worker) {
    worker->tap = [this](const wire::Outbound& message) {
      if (!message.subject.starts_with("lyceum.out.")) return;
      const auto said = envelope::DecodeClientMessage(message.data, envelope::Encoding::kProtobuf);
      ASSERT_TRUE(said);
      sent.push_back(said->message.id);
    };
  }
  bool IsOld(const std::string& id) const {
    const uint64_t sequence = std::stoull(id.substr(id.find('-') + 1));
    const uint32_t partition = static_cast<uint32_t>(std::stoul(id));
    for (const auto& record : world.broker.Stored(world.Stream(partition))) {
      if (record.sequence == sequence) {
        return record.time_ms < world.broker.server_unix_ms() - 75'000;
      }
    }
    return true;
  }
};

TEST_F(EmptyFolder, SendsNothingThatIsOldAndDispatchesOnlyWhatIsOpen) {
  world.AddTools();
  std::vector<Client*> learners;
  for (size_t i = 0; i < 20; ++i) learners.push_back(&world.AddLearner(i % 2, i / 2));
  world.PublishRaw(world.subjects.In(RecordClass::kUser, UserId(learners[0]->user)),
                   "\xff garbage");
  world.RunMs(20 * 60'000);  // Idle timers were, too.
  const size_t timers = world.Stored(0, RecordClass::kTimer) + world.Stored(1, RecordClass::kTimer);
  ASSERT_EQ(world.DeadLetters().size(), 1u);
  world.RemoveTools();
  const std::string open = learners[3]->Ask();
  world.RunMs(5'000);
  ASSERT_TRUE(first.Stop());
  ToolWorker& tools = world.AddTools("later");
  Worker& second = world.AddWorker({0, 1}, "second");
  Watch(&second);
  EXPECT_TRUE(world.Until([&] { return learners[3]->answered(open); }, 5'000));
  world.RunMs(5'000);
  for (const std::string& id : sent) EXPECT_FALSE(IsOld(id)) << id;
  EXPECT_EQ(tools.requests.size(), 1u);
  EXPECT_EQ(world.Stored(0, RecordClass::kTimer) + world.Stored(1, RecordClass::kTimer), timers);
  EXPECT_EQ(world.DeadLetters().size(), 1u);
  for (Client* learner : learners) {
    EXPECT_EQ(learner->count<tutor::ErrorOut>(), learner->errors("refused"));
  }
  EXPECT_EQ(learners[0]->errors("refused"), 1u);
}

TEST_F(EmptyFolder, SendsNothingThatIsOldThoughItDiesOnTheWay) {
  world.AddTools();
  Client& ann = world.AddLearner(0);
  for (int i = 0; i < 400; ++i) {
    const std::string asked = ann.Ask();
    ASSERT_TRUE(world.Until([&] { return ann.answered(asked); }));
  }
  ASSERT_TRUE(first.Stop());
  world.RunMs(10 * 60'000);
  Worker& second = world.AddWorker({0, 1}, "second");
  Watch(&second);
  for (int death = 0; death < 5; ++death) {
    const uint64_t reached = second.partition(0).position() + 60;
    ASSERT_TRUE(world.Until([&] { return second.partition(0).position() >= reached; }));
    EXPECT_FALSE(second.reading()) << "it has caught up before it died";
    second.KillAndStart();
  }
  ASSERT_TRUE(world.Until([&] { return second.reading(); }));
  EXPECT_EQ(sent.size(), 0u);
  const std::string asked = ann.Ask();
  EXPECT_TRUE(world.Until([&] { return ann.answered(asked); }));
  EXPECT_EQ(ann.whole(), ann.by_id.size());
}

}  // namespace
}  // namespace lyceum::shard
