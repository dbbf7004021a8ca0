// The log lost what it had acknowledged, was trimmed unread, or was made anew.
#include <algorithm>

#include "opening.h"
#include "support/planted_core.h"

namespace lyceum::shard {
namespace {

using envelope::RecordClass;
using Phase = Partition::Phase;

TEST_F(Opening, ALostTailHaltsAlsoAfterARestart) {
  worker.Kill();
  world.broker.LoseTail(log(), 2);
  for (int start = 0; start < 2; ++start) {
    ASSERT_TRUE(worker.Start());
    ExpectHalt("lost its tail");
    ExpectHalt("lyceum partition resume 0");
    ExpectOthersUnharmed();
    worker.Kill();
  }
}

TEST_F(Opening, ALostTailThatWasFilledAgainHaltsAlsoAfterARestart) {
  worker.Kill();
  world.broker.LoseTail(log(), 2);
  for (int i = 0; i < 6; ++i) ann->Ask("after the loss?");
  for (int start = 0; start < 2; ++start) {
    ASSERT_TRUE(worker.Start());
    ExpectHalt("filled again");
    ExpectOthersUnharmed();
    worker.Kill();
  }
}

TEST_F(Opening, AStreamThatWasCreatedAnewHalts) {
  worker.Kill();
  world.broker.RecreateStream(log());
  for (int i = 0; i < 30; ++i) ann->Ask();
  ASSERT_TRUE(worker.Start());
  ExpectHalt("created anew");
  ExpectOthersUnharmed();
}

TEST_F(Opening, RecordsThatWereTrimmedUnreadHalt) {
  worker.Kill();
  for (int i = 0; i < 10; ++i) ann->Ask();
  world.broker.TrimBelow(log(), world.broker.last_sequence(log()) - 1);
  ASSERT_TRUE(worker.Start());
  ExpectHalt("trimmed unread");
  ExpectOthersUnharmed();
}

TEST_F(Opening, APurgedRecordIsALineAndACount) {
  worker.Freeze(true);
  for (int i = 0; i < 5; ++i) ann->Say("lost");
  const std::string last = ann->Ask();
  world.broker.TrimBelow(log(), world.broker.last_sequence(log()));
  LogCapture lines;
  worker.Freeze(false);
  EXPECT_TRUE(world.Until([&] { return ann->answered(last); }));
  EXPECT_NE(lines.End().find("records are missing from the log"), std::string::npos);
  EXPECT_EQ(worker.counters().missing_records, 5u);
}

// A lineage that has no record yet, whose log loses what came before it and is filled again.
class FilledAgain : public Opening, public testing::WithParamInterface<bool> {};

TEST_P(FilledAgain, BeforeALineageHasARecordIsNoticed) {
  const bool restarts = GetParam();
  worker.Kill();
  worker.options.on_log_loss = OnLogLoss::kContinue;
  worker.disk.hold_writes = false;
  ASSERT_TRUE(worker.Start());
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  ASSERT_TRUE(Answered(ann));
  world.broker.Disconnect(worker.client());
  world.broker.LoseTail(log(), 1);
  ASSERT_TRUE(
      world.Until([&] { return worker.reading() && worker.partition(0).at().lineage == 1; }));
  const uint64_t end = world.broker.last_sequence(log());
  ASSERT_EQ(worker.partition(0).position(), end);
  world.RunMs(1'500);

  if (restarts) worker.Kill();
  if (!restarts) world.broker.Disconnect(worker.client());
  world.broker.LoseTail(log(), 2);
  const std::string first = ann->Ask("lost and");
  ann->Ask("filled again");
  ASSERT_EQ(world.broker.last_sequence(log()), end) << "as long as before";
  if (restarts) {
    ASSERT_TRUE(worker.Start());
  }
  EXPECT_TRUE(world.Until([&] { return ann->answered(first); }));
  EXPECT_EQ(worker.partition(0).at().lineage, 2u);
}
INSTANTIATE_TEST_SUITE_P(Connections, FilledAgain, testing::Bool(), [](const auto& restarts) {
  return restarts.param ? "AndAStart" : "AndAConnection";
});

TEST_F(Opening, ContinueTakesTheNextLineageAndUsesNoIdTwice) {
  worker.Kill();
  worker.options.on_log_loss = OnLogLoss::kContinue;
  worker.disk.hold_writes = false;
  ASSERT_TRUE(worker.Start());
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  for (uint32_t lineage = 1; lineage <= 3; ++lineage) {
    ASSERT_TRUE(Answered(ann));
    world.broker.Disconnect(worker.client());
    world.broker.LoseTail(log(), 2);
    world.RunMs(lineage == 2 ? 200 : 2);  // Found out before something new comes, or with it.
    // Ids by their bytes are compared by the client.
    const std::string asked = ann->Ask();
    ASSERT_TRUE(world.Until([&] { return ann->answered(asked); }));
    EXPECT_EQ(worker.partition(0).at().lineage, lineage);
    const std::string prefix = "0r" + std::to_string(lineage) + "-";
    EXPECT_TRUE(ann->came.back().message.message.id.starts_with(prefix))
        << ann->came.back().message.message.id;
  }
  world.RunMs(2'000);
  worker.KillAndStart();
  EXPECT_TRUE(Answered(ann));
  EXPECT_EQ(worker.partition(0).at().lineage, 3u);
  EXPECT_EQ(ann->whole(), ann->by_id.size());
  ExpectOthersUnharmed();
}

// The new records of a log that lost its tail may be as old as the lost ones, or older.
TEST_F(Opening, EveryRecordAfterALossIsFoldedWhateverItsTime) {
  worker.Kill();
  worker.options.on_log_loss = OnLogLoss::kContinue;
  worker.disk.hold_writes = false;
  ASSERT_TRUE(worker.Start());
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  uint32_t lineage = 0;
  for (const int64_t step_ms : {0, 1, -1, -3'600'000, 7'200'000, -7'200'000}) {
    SCOPED_TRACE(step_ms);
    ASSERT_TRUE(Answered(ann));
    world.RunMs(lineage % 2 == 0 ? 0 : 2'000);  // The lost ones are in no checkpoint, or in one.
    world.broker.Disconnect(worker.client());
    world.broker.LoseTail(log(), 2);
    world.broker.SetServerOffsetMs(world.broker.server_unix_ms() - world.clock.UnixMs() + step_ms);
    const std::string asked = ann->Ask();
    for (int i = 0; i < 4; ++i) ann->Say("not now", tutor::Intent::kQuestion);
    EXPECT_TRUE(world.Until([&] { return ann->answered(asked); }));
    EXPECT_EQ(worker.partition(0).at().lineage, ++lineage);
    EXPECT_TRUE(ann->came.back().message.message.id.starts_with("0r" + std::to_string(lineage)));
  }
  worker.KillAndStart();
  EXPECT_TRUE(Answered(ann));
  EXPECT_EQ(ann->whole(), ann->by_id.size());
}

// The same where the process died too: what it folded is known by the flight page.
TEST_F(Opening, EveryRecordAfterALossIsFoldedAlsoByTheNextProcess) {
  worker.options.on_log_loss = OnLogLoss::kContinue;
  worker.disk.hold_writes = false;
  uint32_t lineage = 0;
  for (const int64_t step_ms : {0, -3'600'000, 3'600'000}) {
    SCOPED_TRACE(step_ms);
    for (int i = 0; i < 2; ++i) ann->Attach(1'000);  // What is lost has sent nothing to anybody.
    ASSERT_TRUE(world.Until(
        [&] { return worker.partition(0).position() == world.broker.last_sequence(log()); }));
    worker.Kill();
    world.broker.LoseTail(log(), 2);
    world.broker.SetServerOffsetMs(step_ms);
    const std::string asked = ann->Ask();
    std::vector<std::string> told;  // To wait.
    for (int i = 0; i < 4; ++i) told.push_back(ann->Say("and this?", tutor::Intent::kQuestion));
    world.RunMs(100);
    ASSERT_TRUE(worker.Start());
    EXPECT_TRUE(world.Until([&] { return ann->answered(asked); }));
    for (const std::string& say : told) {
      EXPECT_TRUE(std::any_of(ann->came.begin(), ann->came.end(), [&](const auto& one) {
        return one.message.message.in_reply_to.value == say;
      })) << say;
    }
    EXPECT_EQ(worker.partition(0).at().lineage, ++lineage);
    EXPECT_TRUE(ann->came.back().message.message.id.starts_with("0r" + std::to_string(lineage)));
    world.RunMs(2'000);
  }
}

TEST_F(Opening, AStreamThatWasCreatedAnewIsReadFromItsBeginningWhateverTheTimes) {
  worker.Kill();
  worker.options.on_log_loss = OnLogLoss::kContinue;
  worker.disk.hold_writes = false;
  ASSERT_TRUE(worker.Start());
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  for (const int64_t step_ms : {0, -3'600'000}) {
    SCOPED_TRACE(step_ms);
    ASSERT_TRUE(Answered(ann));
    world.broker.Disconnect(worker.client());
    world.broker.RecreateStream(log());
    world.broker.SetServerOffsetMs(step_ms);
    const std::string asked = ann->Ask();
    EXPECT_TRUE(world.Until([&] { return ann->answered(asked); }));
  }
}

// A log that was trimmed beyond what was read: nothing that is left of it is passed over.
TEST_F(Opening, RecordsThatAreLeftByATrimAreFoldedWhateverTheirTime) {
  worker.disk.hold_writes = false;
  world.RunMs(2'000);  // All that was sent is in a checkpoint.
  worker.Kill();
  worker.options.on_log_loss = OnLogLoss::kContinue;
  world.broker.SetServerOffsetMs(-3'600'000);
  for (int i = 0; i < 5; ++i) ann->Attach(1'000);
  world.RunMs(100);
  const uint64_t left = world.broker.last_sequence(log()) + 1;
  const std::string asked = ann->Ask();
  world.RunMs(100);
  world.broker.TrimBelow(log(), left);
  ASSERT_TRUE(worker.Start());
  EXPECT_TRUE(world.Until([&] { return ann->answered(asked); }));
}

TEST_F(Opening, AHaltThatIsResumedLeavesNoWaitAndNoTimerBehind) {
  worker.disk.hold_writes = false;
  tools.hangs = [](const auto&) { return true; };
  const std::string asked = ann->Ask();
  world.RunMs(1'500);
  world.broker.Disconnect(worker.client());
  world.broker.RecreateStream(log());
  ExpectHalt("created anew");
  world.RunMs(60'000);  // All that was due came meanwhile.
  tools.hangs = {};
  worker.shard().Resume(0);
  EXPECT_TRUE(world.Until([&] { return ann->answered(asked); }, 40'000));
  EXPECT_EQ(worker.partition(0).phase(), Phase::kReading);
  EXPECT_TRUE(world.Until([&] { return world.Stored(0, RecordClass::kTimer) > 0; }, 1'000'000));
}

// The checkpoint of a position that the log has lost is held for what was sent, not for ever.
TEST_F(Opening, ACheckpointThatWaitedForALostRecordIsFollowedByOthers) {
  worker.Kill();
  worker.options.on_log_loss = OnLogLoss::kContinue;
  worker.disk.hold_writes = false;
  ASSERT_TRUE(worker.Start());
  ASSERT_TRUE(Answered(ann));
  world.RunMs(1'500);
  // No probe comes back: what was sent stays unconfirmed, over the new connection too.
  bool deaf = true;
  worker.deaf = [&](std::string_view subject) { return deaf && subject.starts_with("_INBOX"); };
  for (int i = 0; i < 6; ++i) ann->Send(tutor::Hint{});
  world.RunMs(1'500);
  const uint64_t kept = worker.partition(0).durable().sequence;
  ASSERT_LT(kept, worker.partition(0).position());
  world.broker.Disconnect(worker.client());
  world.broker.LoseTail(log(), 6);
  ASSERT_TRUE(world.Until([&] { return worker.partition(0).at().lineage == 1; }));
  ASSERT_EQ(worker.partition(0).durable().sequence, kept) << "the checkpoint was not held";
  deaf = false;
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  EXPECT_TRUE(world.Until([&] {
    const auto& durable = worker.partition(0).durable();
    return durable.lineage == 1 && durable.sequence == worker.partition(0).position();
  }));
  EXPECT_TRUE(worker.Stop());
}

// A call has ended, by an error result and then by its deadline's timer. Both were stored, and both are
// lost before they are folded: what was folded is all there, so there is no new lineage.
TEST_F(Opening, ACallWhoseEndIsLostUnfoldedIsDispatchedAgain) {
  worker.Kill();
  worker.disk.hold_writes = false;
  ASSERT_TRUE(worker.Start());
  ASSERT_TRUE(Answered(ann));
  tools.hangs = [](const envelope::ToolRequest&) { return true; };
  ann->Ask();
  world.RunMs(2'000);
  const auto ends = [&] { return ann->count<tutor::TextOut>() + ann->count<tutor::ErrorOut>(); };
  const size_t ended = ends();
  const uint64_t folded = worker.partition(0).position();
  for (const RecordClass lost : {RecordClass::kTool, RecordClass::kTimer}) {
    const size_t stored = world.Stored(0, lost);
    ASSERT_TRUE(world.Until([&] { return world.Stored(0, lost) > stored; }, 40'000));
    world.broker.StallConsumers(log(), true);
    world.RunMs(1);  // It is acked, and not delivered.
    world.broker.Disconnect(worker.client());
    world.broker.LoseTail(log(), 1);
    ASSERT_EQ(world.broker.last_sequence(log()), folded);
  }
  world.broker.StallConsumers(log(), false);
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  EXPECT_EQ(worker.partition(0).at().lineage, 0u);
  // Its time counts anew.
  EXPECT_TRUE(world.Until([&] { return ends() > ended; }, 32'000));
}

// What comes after the loss is folded as the log now says, until the barrier is there again.
TEST_F(Opening, ABarrierThatWasLostWithTheTailIsWrittenAgain) {
  worker.Kill();
  worker.disk.hold_writes = false;
  worker.options.on_log_loss = OnLogLoss::kContinue;
  worker.options.fold_version = test::kPlantedFoldVersion;
  worker.options.core = &test::AdvancePlanted;
  const uint64_t before = world.broker.last_sequence(log());
  ASSERT_TRUE(worker.Start());
  ASSERT_TRUE(world.Until([&] { return world.Stored(0, RecordClass::kBarrier) == 1; }));
  ASSERT_TRUE(Answered(ann));
  world.RunMs(2'000);  // In a checkpoint.
  EXPECT_EQ(worker.partition(0).at().fold_version, test::kPlantedFoldVersion);
  worker.KillAndStart();
  ASSERT_TRUE(world.Until([&] { return worker.reading(); }));
  world.broker.Disconnect(worker.client());
  world.broker.LoseTail(log(), world.broker.last_sequence(log()) - before);
  ASSERT_EQ(world.Stored(0, RecordClass::kBarrier), 0u);
  ASSERT_TRUE(Answered(ann));
  EXPECT_EQ(worker.partition(0).at().lineage, 1u);
  EXPECT_EQ(world.Stored(0, RecordClass::kBarrier), 1u);
  EXPECT_EQ(worker.partition(0).at().fold_version, test::kPlantedFoldVersion);
  const std::vector<wire::MemoryRecord> records = world.broker.Stored(log());
  const auto barrier = std::find_if(records.begin(), records.end(), [](const auto& record) {
    return record.subject.find(".barrier.") != std::string::npos;
  });
  ASSERT_NE(barrier, records.end());
  EXPECT_EQ(worker.partition(0).at().fold_version_begins, barrier->sequence);
  EXPECT_EQ(worker.partition(0).at().fold_version_before, tutor::kFoldVersion);
}

}  // namespace
}  // namespace lyceum::shard
