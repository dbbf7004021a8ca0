// Steps that touch the store: a checkpoint, a session that is not in memory, the timers that are due.
// RocksDB on the disk of $TMPDIR, opened as the session worker opens it. Wall time. What has to be
// there first is costly, and would be made anew for each guess of how often to call: so the number of
// calls is given.
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/executor.h"
#include "bench/micro.h"
#include "bench/micro_lesson.h"
#include "envelope/codec.h"
#include "envelope/rows.h"
#include "shard/session_table.h"
#include "shard/timers.h"
#include "store/rocks_store.h"
#include "support/temp_dir.h"

namespace lyceum::bench {
namespace {

using benchmark::State;

constexpr store::PartitionId kPartition = 3;
constexpr size_t kQuestions = 20;
constexpr uint64_t kHistory = 10;
constexpr size_t kJournalBytes = 600;  // Of a turn, about.
constexpr uint64_t kSeed = 1;

std::unique_ptr<store::RocksStore> Open(const std::string& path) {
  auto opened = store::RocksStore::Open({.path = path});
  CHECK(opened.has_value());
  return std::move(opened).value();
}

std::string UserAt(uint64_t number) { return fmt::format("learner-{}", number); }

// Runs what the store reports on the store's own thread.
class AtOnce final : public Executor {
 public:
  void Post(std::function<void()> task) override { task(); }
};

void WriteAndWait(store::RocksStore& store, std::shared_ptr<const store::CheckpointBatch> batch) {
  AtOnce executor;
  std::promise<bool> written;
  store.Write(std::move(batch), &executor,
              [&written](const Result<void>& done) { written.set_value(done.has_value()); });
  CHECK(written.get_future().get());
}

tutor::Session LessonOf(const std::shared_ptr<const tutor::Topic>& topic) {
  return GoOn(Begin(UserId("ada"), topic, kPartition), kHistory, kPartition);
}

// Encoding not counted: from the batch handed over to the store's report of it.
void WriteCheckpoint(State& state) {
  const test::TempDir dir;
  const auto store = Open(dir / "store");
  const std::string row = envelope::EncodeSession(LessonOf(LongTopic(CourseFile(), kQuestions)));
  const std::string journal(kJournalBytes, 'j');
  uint64_t sequence = 0;
  TimeWall(
      state,
      [&] {
        auto batch = std::make_shared<store::CheckpointBatch>(kPartition);
        for (int64_t i = 0; i < state.range(0); ++i) {
          const std::string user = UserAt(static_cast<uint64_t>(i));
          batch->PutSession(user, row);
          batch->PutJournal(user, ++sequence, journal);
        }
        batch->SetCheckpoint({.sequence = sequence});
        return batch;
      },
      [&](const std::shared_ptr<store::CheckpointBatch>& batch) { WriteAndWait(*store, batch); });
}
BENCHMARK(WriteCheckpoint)->ArgName("sessions")->Arg(1)->Iterations(2'000)->UseManualTime();
BENCHMARK(WriteCheckpoint)->ArgName("sessions")->Arg(1'000)->Iterations(20)->UseManualTime();

// Sessions in table files, none in memory; the topic is, as that of any running course.
void LoadColdSession(State& state) {
  const auto sessions = static_cast<uint64_t>(state.range(0));
  const test::TempDir dir;
  const auto topic = LongTopic(CourseFile(), kQuestions);
  tutor::Session session = LessonOf(topic);
  {
    const auto store = Open(dir / "store");
    constexpr uint64_t kAtOnce = 1'000;
    for (uint64_t first = 0; first < sessions; first += kAtOnce) {
      auto batch = std::make_shared<store::CheckpointBatch>(kPartition);
      for (uint64_t i = first; i < std::min(first + kAtOnce, sessions); ++i) {
        session.user = UserId(UserAt(i));
        batch->PutSession(session.user.value, envelope::EncodeSession(session));
      }
      WriteAndWait(*store, std::move(batch));
    }
  }
  const auto store = Open(dir / "store");
  shard::SessionTable table(store.get(), 0);
  table.topics().Intern(session.topic_digest, topic);
  std::mt19937_64 random(kSeed);
  TimeWall(
      state,
      [&] {
        table.Shrink(0);  // To nothing.
        return UserAt(random() % sessions);
      },
      [&](const std::string& user) {
        const auto loaded = table.Load(kPartition, user);
        CHECK(loaded.has_value() && *loaded != nullptr && (*loaded)->damaged.empty());
      });
}
BENCHMARK(LoadColdSession)->ArgName("sessions")->Arg(50'000)->Iterations(20'000)->UseManualTime();

// One more timer in memory, and the earliest of them gone.
void TimersAddPop(State& state) {
  shard::Timers timers;
  int64_t last = 0;
  for (; last < state.range(0); ++last) timers.Add(last, kPartition, UserAt(kSeed), "");
  const std::string user = UserAt(kSeed);
  TimeCpu(state, [&] {
    timers.Add(++last, kPartition, user, "");
    CHECK(timers.Pop(last).has_value());
  });
}
BENCHMARK(TimersAddPop)->ArgName("pending")->Arg(1'000)->Arg(100'000)->UseManualTime();

}  // namespace
}  // namespace lyceum::bench
