#include "simulation/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "support/planted_core.h"

namespace lyceum::simulation {
namespace {

Worker* g_folding = nullptr;  // The simulation has one thread.

// Sets whose core runs while its handlers do.
class Folding {
 public:
  explicit Folding(Worker* worker) : before_(std::exchange(g_folding, worker)) {}
  ~Folding() { g_folding = before_; }

 private:
  Worker* const before_;
};

}  // namespace

void SimulatedCore(std::optional<tutor::Session>* session, const UserId& user,
                   const tutor::Event& event, const tutor::LogPosition& position,
                   tutor::Effects* effects) {
  Worker* const worker = g_folding;
  tutor::LogPosition at = position;
  if (worker != nullptr) {
    worker->OnFolding(position.sequence);
    const auto* message = std::get_if<tutor::UserMessage>(&event.kind);
    if (message != nullptr && message->text == "kill") worker->fuse().Light(1);
    worker->fuse().Step();
    if (worker->bug() == Bug::kOldBehaviourForgotten) {
      at.fold_version = worker->shard_options().fold_version;
    }
  }
  test::AdvancePlanted(session, user, event, at, effects);
  if (worker == nullptr) return;
  if (worker->bug() == Bug::kStandbySends && *session) worker->SendAtOnce(**session, *effects);
  if (worker->bug() != Bug::kIdsFromCounter) return;
  for (tutor::Effect& effect : *effects) {
    if (auto* emit = std::get_if<tutor::EmitMessage>(&effect)) {
      emit->message.id = fmt::format("{}-{}-0", position.partition, worker->NextCounter());
    }
  }
}

// Posts into the queue of the simulation, for the process that posts.
class Worker::LoopExecutor final : public Executor {
 public:
  LoopExecutor(Worker* worker, uint64_t process) : worker_(worker), process_(process) {}
  void Post(std::function<void()> task) override {
    worker_->broker_->After(0, [worker = worker_, process = process_, task = std::move(task)] {
      if (worker->process_ != process || worker->shard_ == nullptr) return;
      worker->Guard(task);
      worker->OnTouched();
    });
  }

 private:
  Worker* const worker_;
  const uint64_t process_;
};

Worker* Worker::folding_now() { return g_folding; }

Worker::Worker(wire::MemoryBroker* broker, ManualClock* clock, Options options, Ledger* ledger,
               Hooks hooks)
    : broker_(broker),
      clock_(clock),
      options_(std::move(options)),
      ledger_(ledger),
      hooks_(std::move(hooks)),
      dice_(options_.seed),
      wall_(clock),
      flight_(store::FlightPage::InMemory(options_.shard.subjects.partitions())),
      fuse_(std::make_unique<Fuse>()) {}

Worker::~Worker() {
  EndShard();
  wire_.reset();
}

void Worker::SendAtOnce(const tutor::Session& session, const tutor::Effects& effects) {
  for (const tutor::Effect& effect : effects) {
    const auto* emit = std::get_if<tutor::EmitMessage>(&effect);
    if (emit == nullptr) continue;
    for (const tutor::AttachedClient& client : session.clients) {
      const std::string bytes =
          envelope::EncodeClientMessage(session.user, emit->message, client.encoding);
      (void)wire_->Publish(
          {.subject = options_.shard.subjects.Out(client.id),
           .data = bytes,
           .content_type = client.encoding == tutor::Encoding::kJson ? "application/json" : ""});
    }
  }
}

bool Worker::Owns(uint32_t partition) const {
  return std::find(options_.partitions.begin(), options_.partitions.end(), partition) !=
         options_.partitions.end();
}

void Worker::Start() {
  CHECK(shard_ == nullptr);
  ++process_;
  start_us_ = INT64_MAX;
  counter_ = 0;
  if (std::exchange(lose_flight_, false)) {
    flight_ = store::FlightPage::InMemory(options_.shard.subjects.partitions());
    flight_lost_us_ = clock_->NowUs();
  }
  flight_->Reopen();
  fuse_ = std::make_unique<Fuse>();
  executor_ = std::make_unique<LoopExecutor>(this, process_);
  const auto sent = [this](const wire::Outbound& message) {
    const auto read = envelope::DecodeClientMessage(
        message.data, envelope::EncodingOf(message.content_type, message.data));
    if (!read) return hooks_.fail("a message that leaves cannot be read: " + read.error().text);
    const std::string_view client = message.subject.substr(message.subject.rfind('.') + 1);
    const auto parts = PartsOf(read->message.id);
    if (parts && !wire_->HasAskedFor(parts->partition)) {
      return hooks_.fail(fmt::format("{} sends message {}, and never was the partition's owner",
                                     options_.shard.worker, read->message.id));
    }
    const uint64_t folding = read->message.n == 0 ? 0 : folding_;
    ledger_->OnPublished(read->message.id, client, folding, clock_->NowUs());
  };
  wire_ = std::make_unique<DoorWire>(
      broker_->Connect(), fuse_.get(), executor_.get(), options_.bug,
      [this](const std::function<void()>& run) { Guard(run); }, sent);
  door_store_ = std::make_unique<DoorStore>(
      &store_, fuse_.get(), options_.bug, [this, process = process_](const auto& batch) {
        hooks_.written(this, batch);
        broker_->After(dice_.Between(100, write_us_max_), [this, process] {
          if (process_ == process) CompleteWrites();
        });
      });
  random_ = std::make_unique<SeededRandom>(dice_.Next());
  Guard([&] {
    shard_ = std::make_unique<shard::Shard>(shard::Doors{.wire = wire_.get(),
                                                         .store = door_store_.get(),
                                                         .flight = flight_.get(),
                                                         .clock = &wall_,
                                                         .random = random_.get(),
                                                         .executor = executor_.get()},
                                            options_.shard, options_.partitions);
    const Result<void> started = shard_->Start();
    if (!started) hooks_.fail("a worker does not start: " + started.error().text);
  });
  turn_us_ = clock_->NowUs();
}

void Worker::Guard(const std::function<void()>& run) {
  if (fuse_->dead()) return;
  const Folding folding(this);
  try {
    run();
  } catch (const ProcessDeath&) {
    turn_us_ = clock_->NowUs();  // What is left of it goes there.
  }
}

void Worker::EndShard() {
  restores_ = restores();
  shard_.reset();
}

void Worker::OnDeath() {
  fuse_->Kill();
  ++crashes_;
  if (hooks_.trace) hooks_.trace(fmt::format("{} dies", options_.shard.worker));
  EndShard();
  wire_.reset();
  store_.Crash();
  if (std::exchange(lose_disk_, false)) store_.SetContent({});
  die_before_turn_ = false;
  turn_us_ = INT64_MAX;
  start_us_ = clock_->NowUs() + down_us_;
}

void Worker::Crash(int64_t down_us) {
  if (!alive()) return;
  down_us_ = down_us;
  OnDeath();
}

void Worker::Retire() {
  over_ = true;
  Crash(0);
}

void Worker::CrashBeforeFlush() {
  if (wire_ != nullptr) wire_->LoseNextFlush();
}

void Worker::BeginStop() {
  stopping_ = true;
  if (!alive()) return;
  Guard([&] { shard_->BeginStop(); });
  turn_us_ = clock_->NowUs();
}

void Worker::ResumeHalted() {
  if (!alive()) return;
  Guard([&] {
    for (const store::PartitionId partition : options_.partitions) shard_->Resume(partition);
  });
  OnTouched();
}

void Worker::CompleteWrites() {
  if (store_.PendingWrites() == 0) return;
  if (fail_writes_ > 0) {
    --fail_writes_;
    store_.FailNext(Retry("the disk has an error"));
  } else {
    store_.CompleteNext();
  }
}

int64_t Worker::NextUs() const { return std::min(turn_us_, start_us_); }

void Worker::Run() {
  if (clock_->NowUs() >= start_us_) {
    if (over_) {
      start_us_ = INT64_MAX;
      return;
    }
    Start();
    if (stopping_) BeginStop();
    return;
  }
  if (!alive()) {
    turn_us_ = INT64_MAX;
    return;
  }
  if (fuse_->dead() || std::exchange(die_before_turn_, false)) return OnDeath();
  Guard([&] { shard_->Turn(); });
  if (fuse_->dead()) return OnDeath();
  Check();
  if (shard_->failure()) {
    if (hooks_.trace) hooks_.trace(shard_->failure()->text);
    over_ = !options_.supervised;
    down_us_ = 3'000'000;
    OnDeath();
    return;
  }
  if (stopping_ && shard_->stopped()) {
    stopped_ = true;
    over_ = true;
    EndShard();
    wire_.reset();
    turn_us_ = INT64_MAX;
    return;
  }
  turn_us_ = std::max(clock_->NowUs() + (shard_->NextMs() <= wall_.SteadyMs() ? 20 : 0),
                      shard_->NextMs() * 1'000);
}

void Worker::OnTouched() {
  if (!alive() || fuse_->dead()) return;
  // A loop that is busy takes a moment until it has its next turn.
  const int64_t wait_us = dice_.OneIn(8) ? dice_.Between(0, 300) : 0;
  turn_us_ = std::min(turn_us_, clock_->NowUs() + wait_us);
}

// What holds after every turn.
void Worker::Check() {
  for (const store::PartitionId id : options_.partitions) {
    const shard::Partition& partition = *shard_->Find(id);
    const store::FlightPage::Line line = flight_->Get(id);
    const bool opening = partition.phase() != shard::Partition::Phase::kReading;
    if (line.known && line.confirmed > line.sent) {
      hooks_.fail(
          fmt::format("partition {}: confirmed {} > sent {}", id, line.confirmed, line.sent));
    }
    if (!opening && line.known && partition.position() > line.sent) {
      hooks_.fail(fmt::format("partition {}: the turn ended at {}, the flight page says {}", id,
                              partition.position(), line.sent));
    }
    const bool same_lineage = partition.durable().lineage == partition.at().lineage;
    if (!opening && same_lineage && partition.durable().sequence > partition.confirmed()) {
      hooks_.fail(fmt::format("partition {}: checkpoint {} > confirmed {}", id,
                              partition.durable().sequence, partition.confirmed()));
    }
  }
}

}  // namespace lyceum::simulation
