#include "shard/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/log.h"

namespace lyceum::shard {
namespace {

constexpr int64_t kTickMs = 100;
constexpr int64_t kLongestSleepMs = 1'000;
constexpr int64_t kClockAlarmEveryMs = 60'000;
// A disk that takes no checkpoint for so long: other workers have a better one, perhaps, and for how long.
constexpr int64_t kFailingMs = 3'000;
constexpr int64_t kUnfitMs = 30'000;
constexpr size_t kDueAtOnce = 256;  // Timers a turn of the loop.

Context MakeContext(const Doors& doors, Options options) {
  Context context;
  context.options = std::move(options);
  context.wire = doors.wire;
  context.store = doors.store;
  context.flight = doors.flight;
  context.clock = doors.clock;
  context.random = doors.random;
  context.executor = doors.executor;
  return context;
}

// `informed`: which calls run is known, so that a standby could go on without a pause.
std::string_view StateOf(const Partition& partition, bool informed) {
  const bool ready = informed || partition.role() != Partition::Role::kStandby;
  switch (partition.phase()) {
    case Partition::Phase::kClosed:
      return "closed";
    case Partition::Phase::kOpening:
      return "opening";
    case Partition::Phase::kReading:
      return partition.caught_up() && ready ? "reading" : "catching_up";
    case Partition::Phase::kHalted:
      return "halted";
  }
  return "closed";
}

std::string RoleOf(const Partition& partition, bool owns) {
  if (owns) return "owner";
  return partition.role() == Partition::Role::kStandby ? "standby" : "";
}

}  // namespace

Shard::Shard(const Doors& doors, Options options, std::vector<store::PartitionId> partitions)
    : context_(MakeContext(doors, std::move(options))),
      sessions_(doors.store, context_.options.memory_bytes, doors.topics,
                context_.options.crowded_bytes),
      server_time_(doors.clock),
      outgoing_(doors.wire, doors.clock, {},
                [this](uint64_t number) {
                  for (auto& partition : partitions_) partition->OnConfirmed(number);
                }),
      publisher_(doors.wire, doors.clock, {}),
      dispatcher_(doors.wire, &publisher_, doors.clock, doors.random, context_.options.subjects,
                  {.table = {}, .sharers = context_.options.shards},
                  [this] { return server_time_.NowMs(); }),
      resends_(&context_),
      queries_(&context_),
      commands_(
          &context_, [this](store::PartitionId id) { return At(id); },
          [this](store::PartitionId id, const std::string& worker) { return Move(id, worker); }),
      membership_(&context_,
                  context_.options.boot.empty()
                      ? MakeBoot(doors.clock->UnixMs(), doors.random->Next())
                      : context_.options.boot,
                  [this](std::string text) { failure_ = Reject(std::move(text)); }),
      leases_(&context_, &membership_, partitions,
              {.find = [this](store::PartitionId id) { return At(id); },
               .make_anew = [this](store::PartitionId id) { return MakeAnew(id); },
               .changed = [this] { Serve(); }}),
      snapshots_(&context_) {
  context_.sessions = &sessions_;
  context_.outgoing = &outgoing_;
  context_.timers = &timers_;
  context_.durations = &durations_;
  context_.server_time = &server_time_;
  context_.publisher = &publisher_;
  context_.dispatcher = &dispatcher_;
  context_.decoder = &decoder_;
  context_.encoder = &encoder_;
  context_.counters = &counters_;
  context_.forgotten = [this](store::PartitionId id, uint32_t lineage, uint64_t sequence) {
    snapshots_.OnForgotten(id, lineage, sequence);
  };
  for (const store::PartitionId partition : partitions) {
    partitions_.push_back(std::make_unique<Partition>(&context_, &resends_, partition));
  }
  dispatcher_.SetFailedHandler([this](const CallId&, store::PartitionId id, const UserId& user) {
    for (auto& partition : partitions_) {
      if (partition->id() == id) partition->OnCallFailed(user);
    }
  });
}

Shard::~Shard() { context_.wire->SetConnectionHandler({}); }

Result<void> Shard::Start() {
  for (auto& partition : partitions_) {
    if (Result<void> loaded = partition->Load(); !loaded) return loaded;
  }
  context_.wire->SetConnectionHandler([this](bool connected) { OnConnection(connected); });
  if (context_.wire->connected()) OnConnection(true);
  return {};
}

void Shard::OnConnection(bool connected) {
  if (!connected) {
    snapshots_.OnDisconnected();
    return leases_.OnDisconnected();
  }
  outgoing_.OnConnected();
  publisher_.OnConnected();
  dispatcher_.OnConnected();
  membership_.Subscribe();
  leases_.OnConnected();
  Serve();
}

// Questions are the owner's.
void Shard::Serve() {
  if (!context_.wire->connected()) return;
  const std::vector<store::PartitionId> owned = leases_.owned();
  queries_.Serve(owned);
  commands_.Serve(owned);
}

Partition* Shard::At(store::PartitionId id) {
  for (auto& partition : partitions_) {
    if (partition->id() == id) return partition.get();
  }
  return nullptr;
}

// As after a start; what is in no checkpoint is in the log, or in a snapshot.
bool Shard::MakeAnew(store::PartitionId id) {
  for (auto& partition : partitions_) {
    if (partition->id() != id) continue;
    std::string tried;
    if (partition->wants_snapshot()) {
      auto& restore = restores_[id];
      if (restore == nullptr) {
        restore = std::make_unique<SnapshotRestore>(&context_, id, partition->durable());
      }
      restore->Turn();
      if (restore->state() == SnapshotRestore::State::kRunning) return false;
      tried = restore->why();
      restores_.erase(id);
    }
    dispatcher_.DropPartition(id);
    resends_.Drop(id);
    timers_.Drop(id);
    durations_.Drop(id);
    partition.reset();
    sessions_.Drop(id);
    partition = std::make_unique<Partition>(&context_, &resends_, id);
    partition->SetSnapshotTried(std::move(tried));
    const Result<void> loaded = partition->Load();
    if (!loaded)
      LogWarn("partition not loaded", {{"partition", id}, {"text", loaded.error().text}});
    return loaded.has_value();
  }
  return false;
}

void Shard::Turn() {
  const int64_t now = context_.clock->SteadyMs();
  if (membership_.TakeChanged()) leases_.LookSoon();
  if (!failure_) leases_.Turn();
  FireTimers();
  queries_.Turn();
  commands_.Turn();
  if (!resends_.idle()) resends_.Send();
  if (now - ticked_ms_ >= kTickMs) {
    ticked_ms_ = now;
    publisher_.Tick();
    for (auto& partition : partitions_) partition->Tick();
    sessions_.topics().Sweep();
    commands_.Tick();
    if (std::any_of(partitions_.begin(), partitions_.end(), [](const auto& partition) {
          return partition->role() == Partition::Role::kStandby;
        })) {
      dispatcher_.Watch();
    }
    CheckClock();
    CheckDisk(now);
  }
  dispatcher_.Tick();
  context_.catching_up = static_cast<size_t>(
      std::count_if(partitions_.begin(), partitions_.end(),
                    [](const auto& partition) { return partition->catching_up(); }));
  context_.owned = static_cast<size_t>(std::count_if(
      partitions_.begin(), partitions_.end(),
      [](const auto& partition) { return partition->role() == Partition::Role::kOwner; }));
  for (auto& partition : partitions_) partition->Turn();
  dispatcher_.SetReadingPaused(
      std::any_of(partitions_.begin(), partitions_.end(),
                  [](const auto& partition) { return partition->paused(); }));
  resends_.EndTurn();
  sessions_.Shrink(outgoing_.bytes());
  if (membership_.due() && !failure_)
    membership_.Turn(status(), leases_.leaving() || now < unfit_until_ms_);
  if (now >= snapshots_.NextMs()) snapshots_.Turn(leases_.owned());
  outgoing_.Probe();
  Count();
  context_.wire->Flush();
}

void Shard::FireTimers() {
  const int64_t now = server_time_.NowMs();
  for (size_t count = 0; count < kDueAtOnce; ++count) {
    std::optional<Timers::Due> due = durations_.Pop(context_.clock->SteadyMs());
    if (!due) due = timers_.Pop(now);
    if (!due) return;
    for (auto& partition : partitions_) {
      if (partition->id() == due->partition) partition->OnDue(*due);
    }
  }
}

// What no checkpoint covers grows up to its bound, and then nothing more is read. Where there is another
// worker it gets the partitions before, one by one as it is ready; some time later this one tries again.
// Rather it than nobody.
void Shard::CheckDisk(int64_t now) {
  const bool has_peers = membership_.HasPeers();
  if (now < unfit_until_ms_ && !has_peers) {
    LogWarn("no other worker is there: the partitions are this one's, whatever its disk does");
    unfit_until_ms_ = INT64_MIN;
    fit_until_ms_ = now + kUnfitMs;
    membership_.SendSoon();
  }
  if (!has_peers || now < fit_until_ms_) return;
  const bool failing =
      std::any_of(partitions_.begin(), partitions_.end(), [&](const auto& partition) {
        const int64_t since = partition->failing_since_ms();
        return since != INT64_MAX && now - since >= kFailingMs;
      });
  if (!failing) return;
  if (now >= unfit_until_ms_) {
    LogError("no checkpoint can be written: other workers are to own the partitions",
             {{"tries_again_after_ms", kUnfitMs}});
  }
  unfit_until_ms_ = now + kUnfitMs;
  membership_.SendSoon();
}

void Shard::CheckClock() {
  const int64_t offset = server_time_.OffsetMs();
  counters_.clock_offset_ms = offset;
  const int64_t now = context_.clock->SteadyMs();
  if (std::abs(offset) <= ServerTime::kAlarmMs || now - clock_alarm_ms_ < kClockAlarmEveryMs)
    return;
  clock_alarm_ms_ = now;
  LogError("this machine's clock differs from the NATS server's: set one of them right",
           {{"ahead_ms", offset}});
}

void Shard::Count() {
  counters_.sent_again = outgoing_.sent_again();
  counters_.session_loads = sessions_.loads();
  counters_.sessions = sessions_.size();
  counters_.memory_bytes = sessions_.bytes();
  counters_.unconfirmed_bytes = outgoing_.bytes();
}

int64_t Shard::NextMs() const {
  const int64_t now = context_.clock->SteadyMs();
  const auto in_server_time = [&](int64_t ms) {
    return ms == INT64_MAX ? INT64_MAX : now + (ms - server_time_.NowMs());
  };
  int64_t next =
      std::min({now + kLongestSleepMs, ticked_ms_ + kTickMs, dispatcher_.NextTickMs(),
                outgoing_.NextProbeMs(), membership_.NextMs(), leases_.NextMs(),
                snapshots_.NextMs(), in_server_time(timers_.NextMs()), durations_.NextMs()});
  if (!queries_.idle() || !commands_.idle() || resends_.ready()) return now;
  for (const auto& partition : partitions_) {
    if (partition->busy()) return now;
    next = std::min(next, partition->NextMs());
  }
  return next;
}

void Shard::BeginStop() {
  if (std::exchange(stopping_, true)) return;
  dispatcher_.Quiet();
  leases_.BeginStop();
  leases_.LookSoon();
  for (auto& partition : partitions_) partition->BeginStop();
}

bool Shard::stopped() const {
  // The others wait for nothing that they are told.
  const bool told = !context_.wire->connected() || (leases_.released() && membership_.said());
  return stopping_ && told &&
         std::all_of(partitions_.begin(), partitions_.end(),
                     [](const auto& partition) { return partition->stopped(); });
}

void Shard::Resume(store::PartitionId id) {
  for (auto& partition : partitions_) {
    if (partition->id() == id) partition->Resume();
  }
}

const Partition* Shard::Find(store::PartitionId id) const {
  for (const auto& partition : partitions_) {
    if (partition->id() == id) return partition.get();
  }
  return nullptr;
}

dispatch::DispatchTable::Counters Shard::dispatch_counters() const {
  return dispatcher_.counters().calls;
}

std::vector<PartitionStatus> Shard::status() const {
  std::vector<PartitionStatus> status;
  for (const auto& partition : partitions_) {
    status.push_back({.partition = partition->id(),
                      .state = std::string(StateOf(*partition, dispatcher_.informed())),
                      .halted_because = partition->halted_because(),
                      .position = partition->position(),
                      .confirmed = partition->announced(),
                      .checkpoint = partition->durable().sequence,
                      .log_end = partition->log_end(),
                      .lineage = partition->at().lineage,
                      .fold_version = partition->at().fold_version,
                      .role = RoleOf(*partition, leases_.Owns(partition->id())),
                      .has_owner = leases_.HasOwner(partition->id()),
                      .epoch = leases_.EpochOf(partition->id()),
                      .digest = ToText(partition->digest()),
                      .moved_to = leases_.MovedTo(partition->id()),
                      .erasing = context_.store->IsErasing(partition->id()),
                      .forgotten = partition->forgotten()});
  }
  return status;
}

}  // namespace lyceum::shard
