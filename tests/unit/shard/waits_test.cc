// A wait always ends, by the server's clock, and an outage of ours is not the learner's error.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "shard_world.h"
#include "tutor/limits.h"

namespace lyceum::shard {
namespace {

using envelope::RecordClass;
using tutor::TextOut;

// --- The worker was away ---------------------------------------------------------------------------

class Away : public testing::TestWithParam<int64_t> {};

TEST_P(Away, WhatWasNeverAskedIsNotLate) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  ToolWorker& tools = world.AddTools();
  std::vector<Client*> learners;
  for (size_t i = 0; i < 20; ++i) learners.push_back(&world.AddLearner(i % 2, i / 2));
  tools.duration_ms = 200;
  std::vector<std::string> asked;
  // One call ends after its worker is back, and after its time, had that gone on meanwhile.
  Client& ann = world.AddLearner(0, 10);
  tools.duration_ms = GetParam() + 500;
  const std::string graded = ann.Say("12", tutor::Intent::kAnswer);
  world.RunMs(20);
  tools.duration_ms = 200;
  // Half of them have a call that runs, half write while nobody reads.
  for (size_t i = 0; i < 10; ++i) asked.push_back(learners[i]->Ask());
  world.RunMs(100);
  worker.Freeze(true);
  for (size_t i = 10; i < 20; ++i) {
    world.RunMs(GetParam() / 20);
    asked.push_back(learners[i]->Say("7", tutor::Intent::kAnswer));
  }
  world.RunMs(GetParam() / 2);
  worker.Freeze(false);
  EXPECT_TRUE(world.Until([&] {
    for (size_t i = 0; i < 20; ++i) {
      if (!learners[i]->answered(asked[i])) return false;
    }
    return ann.answered(graded);
  }));
  EXPECT_EQ(ann.count<tutor::ErrorOut>(), 0u);
  for (Client* learner : learners) {
    for (const Client::Came& came : learner->came) {
      const auto* error = std::get_if<tutor::ErrorOut>(&came.message.message.body);
      EXPECT_EQ(error, nullptr) << error->code << " " << error->text;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Waits, Away, testing::Values(6'000, 60'000));

// restate #5196: a key was held for ever by its own unfinished run.
TEST(Waits, AToolThatHangsIsLeftByTheDeadlineAndTheNextMessageAnswered) {
  for (const bool grading : {true, false}) {
    World world;
    world.AddWorker({0, 1});
    ToolWorker& tools = world.AddTools();
    Client& ann = world.AddLearner(0);
    bool hang = true;
    tools.hangs = [&](const auto&) { return hang; };
    const std::string asked = grading ? ann.Say("12", tutor::Intent::kAnswer) : ann.Ask();
    const int64_t deadline = grading ? tutor::kGradingDurationMs : tutor::kToolDurationMs;
    world.RunMs(deadline - 100);
    EXPECT_FALSE(ann.answered(asked)) << "it has its time";
    EXPECT_TRUE(world.Until([&] { return ann.answered(asked); }, 1'100));
    hang = false;
    const std::string next = ann.Ask();
    EXPECT_TRUE(world.Until([&] { return ann.answered(next); }, 2'000));
  }
}

TEST(Waits, AToolThatNobodyServesIsLeftByTheDeadline) {
  World world;
  world.AddWorker({0, 1});
  world.AddTools();
  Client& ann = world.AddLearner(0);
  world.RemoveTools();
  world.RunMs(3'000);
  const std::string asked = ann.Ask();
  EXPECT_TRUE(world.Until([&] { return ann.answered(asked); }, tutor::kToolDurationMs + 1'000));
}

// cloudflare/agents #1615: deploys used up the retries.
TEST(Waits, TenRestartsInOneTurnAreNoAttempts) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  ToolWorker& tools = world.AddTools();
  Client& ann = world.AddLearner(0);
  tools.duration_ms = 12'000;
  tools.requests.clear();
  const std::string asked = ann.Ask();
  for (int i = 0; i < 10; ++i) {
    world.RunMs(1'000);
    worker.KillAndStart();
  }
  EXPECT_TRUE(world.Until([&] { return ann.answered(asked); }, 5'000));
  EXPECT_EQ(ann.count<tutor::ErrorOut>(), 0u);
  ASSERT_FALSE(tools.requests.empty());
  for (const envelope::ToolRequest& request : tools.requests) EXPECT_EQ(request.attempt, 1u);
  for (const auto& [id, runs] : tools.runs) EXPECT_EQ(runs, 1) << id;
}

// cloudflare/agents #1553: "processing" outlived the turn.
TEST(Waits, AKillAtAnyPointOfATurnLeavesNoWait) {
  for (int64_t after_us = 0; after_us < 6'000; after_us += 250) {
    World world(2, 1 + after_us);
    Worker& worker = world.AddWorker({0, 1});
    world.AddTools();
    Client& ann = world.AddLearner(0);
    const std::string asked = ann.Ask();
    const int64_t at = world.clock.NowUs() + after_us;
    world.broker.After(after_us, [] {});
    world.Until([&] { return world.clock.NowUs() >= at; }, 1'000);
    worker.KillAndStart();
    ASSERT_TRUE(world.Until([&] { return ann.answered(asked); }, 5'000)) << after_us;
    EXPECT_EQ(ann.count<tutor::ErrorOut>(), 0u);
  }
}

// dbos-transact-py #805: one stuck item blocked its queue.
TEST(Waits, OneSessionWhoseEveryToolHangsSlowsNobodyDown) {
  const auto p99_us = [](bool stuck) {
    World world;
    world.AddWorker({0, 1});
    ToolWorker& tools = world.AddTools();
    Client& bad = world.AddLearner(0);
    std::vector<Client*> others;
    for (size_t i = 1; i < 21; ++i) others.push_back(&world.AddLearner(0, i));
    tools.hangs = [&](const envelope::ToolRequest& request) {
      return stuck && request.user.value == bad.user;
    };
    std::vector<int64_t> took;
    for (int round = 0; round < 20; ++round) {
      bad.Ask();
      for (Client* other : others) {
        const int64_t begun = world.clock.NowUs();
        const std::string asked = other->Ask();
        EXPECT_TRUE(world.Until([&] { return other->answered(asked); }));
        took.push_back(world.clock.NowUs() - begun);
        world.RunMs(20);
      }
    }
    std::sort(took.begin(), took.end());
    return took[took.size() * 99 / 100];
  };
  const int64_t alone = p99_us(false);
  EXPECT_LT(p99_us(true), alone + alone / 10);
}

// restate 1.7.4: a queue was marked empty with an entry in it.
TEST(Waits, DeferredEventsNeverWaitWithoutACall) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  ToolWorker& tools = world.AddTools();
  std::vector<Client*> learners;
  for (size_t i = 0; i < 10; ++i) {
    learners.push_back(&world.AddLearner(i % 2, i / 2, tutor::BusyPolicy::kDefer));
  }
  tools.duration_ms = 150;
  std::vector<std::pair<Client*, std::string>> asked;
  for (int second = 0; second < 40; ++second) {
    for (Client* learner : learners) {
      if (second < 30 && (second + learner->user.size()) % 3 == 0) {
        for (int i = 0; i < 3; ++i) asked.push_back({learner, learner->Ask()});
      }
    }
    if (second % 7 == 3) worker.KillAndStart();
    world.RunMs(1'000);
    for (Client* learner : learners) {
      const SessionEntry* entry = worker.shard().Peek(UserId(learner->user));
      if (entry == nullptr) continue;
      const bool waits =
          tutor::NameOf(entry->session->state) == tutor::StateName::kAwaitingToolResult;
      EXPECT_TRUE(waits || entry->session->inbox.empty()) << learner->user;
    }
  }
  for (const auto& [learner, event] : asked) EXPECT_TRUE(learner->answered(event)) << event;
}

// --- Clocks ----------------------------------------------------------------------------------------

class Clocks : public testing::TestWithParam<int64_t> {};

TEST_P(Clocks, IdleTimersFireOnceAndNoTurnEndsLate) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  worker.Kill();
  worker.wall.SetOffsetMs(GetParam());
  ASSERT_TRUE(worker.Start());
  world.AddTools();
  std::vector<Client*> learners;
  for (size_t i = 0; i < 20; ++i) learners.push_back(&world.AddLearner(i % 2, i / 2));
  for (Client* learner : learners) {
    const std::string asked = learner->Ask();
    ASSERT_TRUE(world.Until([&] { return learner->answered(asked); }));
  }
  EXPECT_EQ(world.Stored(0, RecordClass::kTimer) + world.Stored(1, RecordClass::kTimer), 0u);
  const auto timers = [&] {
    return world.Stored(0, RecordClass::kTimer) + world.Stored(1, RecordClass::kTimer);
  };
  LogCapture log;
  world.RunMs(tutor::kIdleMs - 20'000);
  EXPECT_EQ(timers(), 0u);
  world.RunMs(30'000);
  // The learner was active since: the timer is set once more. One or two come a moment early.
  EXPECT_GE(timers(), 40u);
  EXPECT_LE(timers(), 42u);
  world.RunMs(60'000);
  EXPECT_LE(timers(), 42u);
  for (Client* learner : learners) EXPECT_EQ(learner->count<tutor::ErrorOut>(), 0u);
  const bool alarm = log.End().find("clock differs") != std::string::npos;
  EXPECT_EQ(alarm, std::abs(GetParam()) > ServerTime::kAlarmMs);
  EXPECT_NEAR(static_cast<double>(worker.counters().clock_offset_ms),
              static_cast<double>(GetParam()), 50);
}

INSTANTIATE_TEST_SUITE_P(Waits, Clocks,
                         testing::Values(0, 10, -10, 2'100, -2'100, 16 * 60'000, -16 * 60'000));

// It starts with a clock that is wrong, and nothing is new in the log.
TEST_P(Clocks, ARestartFiresNoTimerEarlyAndNoneLate) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  world.AddTools();
  std::vector<Client*> learners;
  for (size_t i = 0; i < 20; ++i) learners.push_back(&world.AddLearner(i % 2, i / 2));
  const int64_t idle_since = world.clock.SteadyMs();
  world.RunMs(2'000);
  ASSERT_TRUE(worker.Stop());
  world.RunMs(60'000);
  worker.wall.SetOffsetMs(GetParam());
  ASSERT_TRUE(worker.Start());
  const auto timers = [&] {
    return world.Stored(0, RecordClass::kTimer) + world.Stored(1, RecordClass::kTimer);
  };
  world.RunMs(idle_since + tutor::kIdleMs - 20'000 - world.clock.SteadyMs());
  EXPECT_EQ(timers(), 0u);
  world.RunMs(22'000);
  EXPECT_GE(timers(), 40u);
  EXPECT_LE(timers(), 42u);
}

TEST_P(Clocks, ACallThatWasPendingAtARestartIsDispatched) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  world.AddTools();
  Client& ann = world.AddLearner(0);
  world.RemoveTools();
  const std::string asked = ann.Ask();
  world.RunMs(3'000);  // In a checkpoint.
  ASSERT_TRUE(worker.Stop());
  worker.wall.SetOffsetMs(GetParam());
  ASSERT_TRUE(worker.Start());
  world.AddTools("others");
  EXPECT_TRUE(world.Until([&] { return ann.answered(asked); }, 5'000));
  EXPECT_EQ(ann.count<tutor::ErrorOut>(), 0u);
}

// The sessions' time does not go back with it.
TEST_P(Clocks, ACallThatWasPendingIsDispatchedAlsoWhereTheServersClockWasSetBack) {
  constexpr int64_t kBackMs = -30 * 3'600'000;
  World world;
  Worker& worker = world.AddWorker({0, 1});
  world.AddTools();
  Client& ann = world.AddLearner(0);
  Client& late = world.AddLearner(0, 1);
  world.RemoveTools();
  const std::string asked = ann.Ask();
  world.RunMs(3'000);  // In a checkpoint.
  world.broker.SetServerOffsetMs(kBackMs);
  late.Say("hello?");  // The last record of the checkpoint is an early one.
  world.RunMs(3'000);
  ASSERT_TRUE(worker.Stop());
  worker.wall.SetOffsetMs(kBackMs + GetParam());
  ASSERT_TRUE(worker.Start());
  world.AddTools("others");
  EXPECT_TRUE(world.Until([&] { return ann.answered(asked); }, 5'000));
}

// --- Timers ----------------------------------------------------------------------------------------

TEST(Waits, ATimerWhosePublishWasRefusedFiresLater) {
  World world;
  world.AddWorker({0, 1});
  world.AddTools();
  Client& ann = world.AddLearner(0);
  world.RunMs(tutor::kIdleMs - 5'000);
  const size_t texts = ann.by_id.size();
  world.broker.RefusePublishes(world.Stream(0), true);
  world.RunMs(20'000);
  EXPECT_EQ(world.Stored(0, RecordClass::kTimer), 0u);
  world.broker.RefusePublishes(world.Stream(0), false);
  EXPECT_TRUE(world.Until([&] { return ann.by_id.size() > texts; }, 6'000));
  world.RunMs(30'000);
  EXPECT_EQ(world.Stored(0, RecordClass::kTimer), 1u);
}

TEST(Waits, ATimerThatWasAckedAndNotStoredFiresLater) {
  World world;
  world.AddWorker({0, 1});
  world.AddTools();
  Client& ann = world.AddLearner(0);
  world.RunMs(tutor::kIdleMs - 5'000);
  const size_t texts = ann.by_id.size();
  world.broker.AckWithoutStoring(world.Stream(0), 1);
  EXPECT_TRUE(world.Until([&] { return ann.by_id.size() > texts; }, 12'000));
}

// talos #2178: a long timer ended by another time-out.
TEST(Waits, ATimerOfThirtyDaysFiresAfterRestarts) {
  World world;
  Worker& worker = world.AddWorker({0, 1});
  world.AddTools();
  Client& ann = world.AddLearner(0);
  const int64_t begun = world.clock.SteadyMs();
  const auto lifecycle = [&]() -> std::optional<tutor::Lifecycle> {
    const auto row = worker.disk.memory.GetSession(0, ann.user);
    EXPECT_TRUE(row && row->has_value());
    const SessionEntry* entry = worker.running() ? worker.shard().Peek(UserId(ann.user)) : nullptr;
    if (entry == nullptr) return std::nullopt;
    return entry->session->lifecycle;
  };
  world.RunMs(2'000);
  size_t before = 0;
  int64_t day = 0;
  for (; day < 29; ++day) {
    ASSERT_TRUE(worker.Stop()) << day;
    world.RemoveTools();
    world.RunMs(begun + (day + 1) * 24 * 3'600'000 - world.clock.SteadyMs());
    ASSERT_TRUE(worker.Start());
    world.RunMs(3'000);
    EXPECT_NE(lifecycle(), tutor::Lifecycle::kArchived) << day;
    if (day == 1) before = world.Stored(0, RecordClass::kTimer);
  }
  EXPECT_EQ(world.Stored(0, RecordClass::kTimer), before) << "it ended before its time";
  ASSERT_TRUE(worker.Stop());
  world.RunMs(begun + tutor::kTtlMs + 60'000 - world.clock.SteadyMs());
  ASSERT_TRUE(worker.Start());
  world.RunMs(2'000);
  EXPECT_GT(world.Stored(0, RecordClass::kTimer), before);
}

// dapr #9950, cloudflare/agents #1119: reminders were lost on restarts.
TEST(Waits, TenThousandTimersOverTwoHundredKillsHaveTheirEffectOnce) {
  constexpr size_t kSessions = 10'000;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr int kKills = 20;  // Each start reads all sessions: ten times as slow here.
#else
  constexpr int kKills = 200;
#endif
  World world;
  Worker& worker = world.AddWorker({0, 1});
  world.AddTools().duration_ms = 1;
  std::map<std::string, std::set<std::string>> nudges;  // Ids by client, after the start.
  bool watch = false;
  worker.tap = [&](const wire::Outbound& message) {
    if (!watch || !message.subject.starts_with("lyceum.out.")) return;
    const auto said = envelope::DecodeClientMessage(message.data, envelope::Encoding::kProtobuf);
    ASSERT_TRUE(said);
    nudges[std::string(message.subject)].insert(said->message.id);
  };
  std::vector<std::string> users;
  for (size_t number = 0; number < kSessions; ++number) {
    const std::string user = fmt::format("u{}", number);
    users.push_back(user);
    tutor::Start start;
    start.course = CourseId("course");
    world.Publish(user, {.id = EventId("s"), .client = ClientId("c-" + user), .kind = start},
                  user + "/s");
    if (number % 250 == 0) world.RunMs(1'000);
  }
  world.RunMs(3'000);
  // Of each: when it is due, and how long the partition had an owner that read.
  std::map<std::string, int64_t> due;
  for (const uint32_t p : {0u, 1u}) {
    for (const auto& record : world.broker.Stored(world.Stream(p))) {
      const auto parts = world.subjects.ParseLogFast(record.subject);
      if (parts->record_class == RecordClass::kUser) {
        due[std::string(parts->user)] = record.time_ms + tutor::kIdleMs;
      }
    }
  }
  const int64_t offset = ManualClock::kStartUnixMs;
  world.RunMs(due[users[0]] - 1'000 - offset - world.clock.SteadyMs());
  watch = true;
  std::vector<std::pair<int64_t, int64_t>> owned;  // From, to; Unix ms.
  for (int kill = 0; kill <= kKills; ++kill) {
    EXPECT_TRUE(world.Until([&] { return worker.reading(); }));
    const int64_t from = world.clock.UnixMs();
    world.RunMs(kill == kKills ? 10'000
                               : 40'000 / kKills - 80 + 11 * (kill % 20));  // Checkpoints, or none.
    owned.push_back({from, world.clock.UnixMs()});
    if (kill < kKills) worker.KillAndStart();
  }
  size_t late = 0;
  std::map<std::string, int> fired;
  for (const uint32_t p : {0u, 1u}) {
    for (const auto& record : world.broker.Stored(world.Stream(p))) {
      const auto parts = world.subjects.ParseLogFast(record.subject);
      if (parts->record_class != RecordClass::kTimer) continue;
      ++fired[std::string(parts->user)];
      int64_t waited = 0;  // In which it was due and owned.
      for (const auto& [from, to] : owned) {
        waited += std::max<int64_t>(
            0, std::min(to, record.time_ms) - std::max(from, due[std::string(parts->user)]));
      }
      if (waited > 1'000 && fired[std::string(parts->user)] == 1) ++late;
    }
  }
  EXPECT_EQ(fired.size(), kSessions);
  EXPECT_EQ(late, 0u);
  EXPECT_EQ(nudges.size(), kSessions);
  size_t more = 0;
  for (const auto& [client, ids] : nudges) more += ids.size() == 1 ? 0 : 1;
  EXPECT_EQ(more, 0u) << "clients with another number of nudges than one";
}

// --- What does not grow ----------------------------------------------------------------------------

// mastra #20672: each resume carried all that was before. langgraph #8531, gaia #972: the store grew
// with the square of the turns.
TEST(Waits, NothingOfATurnGrowsWithTheTurnsBeforeIt) {
  constexpr size_t kTurns = 10'000;
  World world;
  Worker& worker = world.AddWorker({0, 1});
  ToolWorker& tools = world.AddTools();
  Client& ann = world.AddLearner(0);
  size_t row = 0;
  worker.disk.on_write = [&](const store::CheckpointBatch& batch) {
    batch.ForEach([&](std::string_view key, std::optional<std::string_view> value) {
      if (key[2] == 's' && value) row = value->size();
    });
  };
  const auto store_bytes = [&] {
    size_t bytes = 0;
    for (const auto& [key, value] : worker.disk.memory.content())
      bytes += key.size() + value.size();
    return bytes;
  };
  std::vector<size_t> stored;
  size_t request_at_10 = 0, row_at_200 = 0;
  for (size_t turn = 1; turn <= kTurns; ++turn) {
    const std::string asked = ann.Ask();
    ASSERT_TRUE(world.Until([&] { return ann.answered(asked); }));
    const size_t request = tools.request_bytes.back();
    tools.requests.clear();
    tools.request_bytes.clear();
    ann.came.clear();
    if (turn == 10) request_at_10 = request;
    if (turn > 10) {
      ASSERT_LE(request, request_at_10 + request_at_10 / 10) << turn;
    }
    if (turn % 100 == 0) world.RunMs(1'200);
    if (turn == 200) row_at_200 = row;  // The ring of event ids is full.
    if (turn > 200) {
      ASSERT_LE(row, row_at_200 + row_at_200 / 10) << turn;
    }
    if (turn % 2'500 == 0) stored.push_back(store_bytes());
  }
  // a N and one row: the last quarter adds what the second added.
  const size_t second = stored[1] - stored[0];
  const size_t last = stored[3] - stored[2];
  EXPECT_LE(last, second + second / 10 + row);
  // Records in the log, too.
  const auto records = world.broker.Stored(world.Stream(0));
  const auto size = [&](size_t index) {
    return records[index].data.size() + records[index].subject.size();
  };
  const size_t result = records.size() - 1;
  const size_t early = 24 + result % 2;  // A result of about the tenth turn.
  EXPECT_LE(size(result), size(early) + size(early) / 10);
  EXPECT_LE(size(result - 1), size(early - 1) + size(early - 1) / 10);
}

}  // namespace
}  // namespace lyceum::shard
