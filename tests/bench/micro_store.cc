// Steps that touch the store: the commit of what a batch of turns changes, a session that is not in
// memory, and the timers, which are rows. RocksDB on the disk of $TMPDIR, opened as the session
// worker opens it. Wall time. What has to be there first is costly, and would be made anew for each
// guess of how often to call: so the number of calls is given.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "bench/micro.h"
#include "bench/micro_lesson.h"
#include "envelope/codec.h"
#include "envelope/rows.h"
#include "session/batch.h"
#include "support/temp_dir.h"

namespace lyceum::bench {
namespace {

using benchmark::State;
using envelope::RecordClass;

constexpr store::PartitionId kPartition = 3;
constexpr size_t kLearners = 256;
constexpr size_t kQuestions = 4'000;
constexpr uint64_t kHistory = 10;
constexpr uint64_t kStreamCreatedNs = 7;

std::unique_ptr<store::Store> Open(const std::string& path) {
  auto opened = store::Store::Open({.path = path});
  CHECK(opened.has_value());
  return std::move(opened).value();
}

// Learners who take turns; what each turn changes is gathered as the session worker does it.
class Classroom {
 public:
  Classroom() : topic_(LongTopic(CourseFile(), kQuestions)) {
    for (size_t i = 0; i < kLearners; ++i) {
      users_.emplace_back(fmt::format("learner-{}", i));
      cache_.Put(GoOn(Begin(users_.back(), topic_, kPartition), kHistory, kPartition));
    }
    // The topic's row is written once, before anything is timed.
    store::Commit first = Turns(kLearners);
    Apply(first);
    Committed();
  }

  // An answer and its grade each: two records a turn.
  store::Commit Turns(size_t count) {
    session::Batch batch(&subjects_, kPartition, store_.get(), &cache_);
    for (size_t i = 0; i < count; ++i) {
      const UserId& user = users_[next_++ % users_.size()];
      Add(batch, user, RecordClass::kUser);
      Add(batch, user, RecordClass::kTool);
    }
    batch.Erase(std::exchange(done_, {}));
    batch.Finish({sequence_, kStreamCreatedNs});
    for (const store::Letter& letter : batch.outgoing().letters) done_.push_back({letter.id, 0});
    return batch.TakeCommit();
  }
  void Apply(store::Commit& commit) { CHECK(store_->Apply(std::move(commit)).has_value()); }
  void Committed() { cache_.Committed(); }

 private:
  void Add(session::Batch& batch, const UserId& user, RecordClass record_class) {
    auto session = cache_.Take(user);
    CHECK(session.has_value() && session->has_value());
    const std::string bytes =
        envelope::EncodeEvent(NextEvent(**session), envelope::Encoding::kProtobuf);
    const std::string subject = subjects_.Log(kPartition, record_class, user);
    const session::Record record{.subject = subject,
                                 .data = bytes,
                                 .sequence = ++sequence_,
                                 .time_ms = NextPosition(**session, kPartition).time_ms};
    session::Folded folded = fold_.Step(record, {record_class, user}, std::move(*session));
    CHECK(!folded.refused);
    CHECK(batch.Add(record, user, std::move(folded)).has_value());
  }

  const envelope::Subjects subjects_;
  const session::Fold fold_{subjects_, kPartition};
  const test::TempDir dir_;
  const std::unique_ptr<store::Store> store_ = Open(dir_ / "store");
  session::SessionCache cache_{store_.get(), kPartition, 2 * kLearners};
  const std::shared_ptr<const tutor::Topic> topic_;
  std::vector<UserId> users_;
  std::vector<outbox::Done> done_;  // Letters of the batch before: sent meanwhile.
  size_t next_ = 0;
  // Above what the lessons' beginnings took, so that ids are new.
  uint64_t sequence_ = 1'000'000;
};

void ApplyTurns(State& state) {
  Classroom classroom;
  TimeWall(
      state,
      [&] {
        classroom.Committed();
        return classroom.Turns(static_cast<size_t>(state.range(0)));
      },
      [&](store::Commit& commit) { classroom.Apply(commit); });
}
BENCHMARK(ApplyTurns)->ArgName("turns")->Arg(1)->Iterations(2'000)->UseManualTime();
BENCHMARK(ApplyTurns)->ArgName("turns")->Arg(256)->Iterations(20)->UseManualTime();

// Sessions in table files, none in memory; the topic is, as that of any running course.
void LoadColdSession(State& state) {
  const auto sessions = static_cast<uint64_t>(state.range(0));
  const test::TempDir dir;
  const auto topic = LongTopic(CourseFile(), 20);
  tutor::Session session = GoOn(Begin(UserId("ada"), topic, kPartition), kHistory, kPartition);
  const auto user_of = [](uint64_t i) { return UserId(fmt::format("learner-{}", i)); };
  {
    const auto store = Open(dir / "store");
    constexpr uint64_t kAtOnce = 1'000;
    for (uint64_t first = 0; first < sessions; first += kAtOnce) {
      store::Commit commit(kPartition);
      for (uint64_t i = first; i < std::min(first + kAtOnce, sessions); ++i) {
        session.user = user_of(i);
        commit.PutSession(session.user, envelope::EncodeSession(session));
      }
      CHECK(store->Apply(std::move(commit)).has_value());
    }
  }
  const auto store = Open(dir / "store");
  session::SessionCache cache(store.get(), kPartition, 1);
  cache.topics().Put(session.topic_digest, topic);
  std::mt19937_64 random(kLearners);
  TimeWall(
      state, [&] { return user_of(random() % sessions); },
      [&](const UserId& user) {
        const auto loaded = cache.Take(user);
        CHECK(loaded.has_value() && loaded->has_value());
      });
}
BENCHMARK(LoadColdSession)->ArgName("sessions")->Arg(50'000)->Iterations(20'000)->UseManualTime();

// What lib/outbox/timers does with its rows: the commit that puts a timer and erases the one that
// has fired, and the look for the next one that is due.
void TimersPutTake(State& state) {
  const auto pending = static_cast<int64_t>(state.range(0));
  const test::TempDir dir;
  const auto store = Open(dir / "store");
  const std::string bytes = envelope::EncodeLetter(
      {.subject = "lyceum.in.timer.ada",
       .message_id = "3-1000000-0",
       .data = envelope::EncodeEvent(
           {.id = EventId("3-1000000-0"), .kind = tutor::TimerFired{"3-1000000-0"}},
           envelope::Encoding::kProtobuf)});
  const auto id_of = [](int64_t n) { return store::LetterId{static_cast<uint64_t>(n), 0}; };
  // Timer n is due at n.
  int64_t first = 1, last = pending;
  {
    store::Commit commit(kPartition);
    for (int64_t n = first; n <= last; ++n) commit.PutTimer(n, id_of(n), bytes);
    CHECK(store->Apply(std::move(commit)).has_value());
  }
  constexpr size_t kPage = 256;
  TimeWall(
      state, [&] { return ++last; },
      [&](int64_t put) {
        const auto due = store->GetDueTimers(kPartition, first, kPage);
        CHECK(due.has_value() && due->due.size() == 1);
        store::Commit commit(kPartition);
        commit.PutTimer(put, id_of(put), bytes);
        commit.EraseTimer(first, id_of(first));
        CHECK(store->Apply(std::move(commit)).has_value());
        ++first;
      });
}
BENCHMARK(TimersPutTake)
    ->ArgName("pending")
    ->Arg(1'000)
    ->Arg(100'000)
    ->Iterations(10'000)
    ->UseManualTime();

}  // namespace
}  // namespace lyceum::bench
