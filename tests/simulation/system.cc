#include "simulation/system.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/token.h"
#include "envelope/rows.h"
#include "envelope/topics.h"
#include "shard/log_history.h"
#include "simulation/course.h"
#include "support/planted_core.h"

namespace lyceum::simulation {
namespace {

constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kNever = INT64_MAX;

wire::MemoryBroker::Options BrokerOptions(uint64_t seed, uint32_t partitions) {
  wire::MemoryBroker::Options options;
  options.seed = seed;
  options.partitions = partitions;
  return options;
}

}  // namespace

System::System(const Options& options)
    : options_(options),
      dice_(options.seed * 7'919 + 17),
      ledger_([this](const std::string& text) { Fail(text); }) {
  partitions_ = static_cast<uint32_t>(dice_.Between(2, 4));
  shared_ = options_.shared || options_.seed % 7 == 2;
  subjects_ = envelope::Subjects("lyceum", partitions_);
  broker_ = std::make_unique<wire::MemoryBroker>(&clock_, BrokerOptions(dice_.Next(), partitions_));
  if (options_.trace && options_.verbose) {
    broker_->SetTrace([this](std::string_view line) { options_.trace(line); });
  }
  for (uint32_t p = 0; p < partitions_; ++p) {
    broker_->AddStream({.name = subjects_.LogStream(p),
                        .subjects = {subjects_.LogSubjects(p)},
                        .message_bytes_max = 1 << 20,
                        .duplicates_ms = 20'000});
  }
  broker_->AddStream({.name = subjects_.DeadLetterStream(),
                      .subjects = {subjects_.DeadLetters()},
                      .bytes_max = 1 << 20,
                      .discard_old = true,
                      .duplicates_ms = 20'000});
  broker_->AddStream({.name = subjects_.SnapshotStream(),
                      .subjects = {subjects_.Snapshots()},
                      .message_bytes_max = 1 << 20,
                      .messages_per_subject_max = 1});
  broker_->AddBucket(subjects_.ClusterBucket());
  broker_->AddBucket(subjects_.CourseBucket());
  const auto topic = TopicOf("");
  const auto key = envelope::TopicKey({topic->course, topic->version, topic->id});
  CHECK(key);
  broker_->Publish({.subject = fmt::format("$KV.{}.{}", subjects_.CourseBucket(), *key),
                    .data = envelope::EncodeTopic(*topic)});
  ChooseFaults();

  spy_ = broker_->Connect();
  spy_->SetConnectionHandler([this](bool connected) {
    spy_since_us_ = kNever;
    if (!connected) return;
    (void)spy_->Subscribe("lyceum.out.>", "",
                          [this](const wire::Arrived& message) { OnSpied(message); });
    // Its own echo says when the server has its subscription.
    const std::string inbox = spy_->NewInbox();
    (void)spy_->Subscribe(inbox, "",
                          [this](const wire::Arrived&) { spy_since_us_ = clock_.NowUs(); });
    (void)spy_->Publish({.subject = inbox});
    spy_->Flush();
  });

  auto count = static_cast<uint32_t>(dice_.Between(1, std::min(3u, partitions_)));
  if (shared_) count = std::max(2u, count);
  for (uint32_t i = 0; i < count; ++i) {
    Worker::Options worker;
    worker.shard.subjects = subjects_;
    worker.shard.worker = fmt::format("w{}", i);
    worker.shard.core = &SimulatedCore;
    worker.shard.fold_version = shard::kFirstFoldVersion;
    worker.shard.checkpoint_ms = dice_.OneIn(3) ? dice_.Between(20, 200) : 1'000;
    if (dice_.OneIn(2)) worker.shard.memory_bytes = 16 << 10;           // All that is clean leaves.
    if (options_.seed % 3 == 0) worker.shard.crowded_bytes = 24 << 10;  // Often nothing is read.
    if (dice_.OneIn(4)) worker.shard.refold_records_max = 4;
    if (options_.snapshots) {
      worker.shard.snapshot_ms = 200 + static_cast<int64_t>(options_.seed % 5) * 400;
      worker.shard.far_behind = options_.seed % 3 * 10;
    }
    const bool goes_on = dice_.OneIn(2);
    worker.shard.on_log_loss = goes_on ? shard::OnLogLoss::kContinue : shard::OnLogLoss::kHalt;
    for (uint32_t p = shared_ ? 0 : i; p < partitions_; p += shared_ ? 1 : count) {
      worker.partitions.push_back(static_cast<store::PartitionId>(p));
    }
    worker.seed = dice_.Next();
    worker.bug = options_.bug;
    Worker::Hooks hooks;
    hooks.fail = [this](const std::string& text) { Fail(text); };
    hooks.trace = [this](const std::string& line) { Trace(line); };
    hooks.written = [this](Worker* by, const store::CheckpointBatch& batch) {
      store::Checkpoint checkpoint;
      if (!DoorStore::CheckpointOf(batch, &checkpoint)) return;
      // What it covers, the server has; it tells the spy within some milliseconds.
      broker_->After(20'000, [this, by, partition = batch.partition(), checkpoint] {
        if (lost_.contains(partition) || spy_since_us_ == kNever) return;
        const auto missing_but = [&](const std::set<uint64_t>& records) {
          return ledger_.NotTaken(partition, checkpoint.sequence, spy_since_us_, records);
        };
        std::string missing = missing_but(BuriedOf(partition));
        if (!missing.empty()) missing = missing_but(NeverSentOf(partition));
        if (missing.empty()) return;
        Fail(
            fmt::format("{}: the checkpoint {} of partition {} covers message {}, which the "
                        "server does not have",
                        by->shard_options().worker, checkpoint.sequence, partition, missing));
      });
    };
    workers_.push_back(
        std::make_unique<Worker>(broker_.get(), &clock_, std::move(worker), &ledger_, hooks));
    workers_.back()->Start();
  }
  const auto tool_count = dice_.Between(1, 3);
  for (int64_t i = 0; i < tool_count; ++i) {
    tools_.push_back(std::make_unique<ToolWorker>(broker_.get(), &clock_, fmt::format("t{}", i),
                                                  dice_.Next(), &ledger_));
  }
  const auto users = dice_.Between(2, 6);
  for (int64_t i = 0; i < users; ++i) {
    const std::string user = fmt::format("u{}", i);
    const auto devices = dice_.OneIn(3) ? 2 : 1;
    const bool supervised = dice_.OneIn(3);
    if (supervised) ledger_.Supervise(user);
    for (int device = 0; device < devices; ++device) {
      Client::Options client;
      client.user = user;
      client.id = fmt::format("{}d{}", user, device);
      client.json = dice_.OneIn(3);
      client.opens = device == 0;
      client.supervised = supervised;
      client.events_max = static_cast<uint32_t>(dice_.Between(5, 30));
      client.seed = dice_.Next();
      client.unruly = dice_.OneIn(2);
      client.subjects = subjects_;
      client.acked = [this, user](const std::string& event, const Acked& acked) {
        acked_[user + "/" + event] = acked;
      };
      client.came = [](const envelope::ReceivedMessage&) {};
      client.fail = [this](const std::string& text) { Fail(text); };
      clients_.push_back(
          std::make_unique<Client>(broker_.get(), &clock_, std::move(client), &ledger_));
    }
  }
}

System::~System() = default;

void System::Fail(const std::string& text) {
  if (!failure_.empty()) return;
  failure_ = fmt::format("at {:.6f} s: {}", static_cast<double>(clock_.NowUs()) / 1e6, text);
  Trace("FAILURE " + text);
}

void System::Trace(const std::string& line) {
  if (!options_.trace) return;
  options_.trace(fmt::format("{:.6f} {}", static_cast<double>(clock_.NowUs()) / 1e6, line));
}

// With leases alone there may be none, or for a moment two: then the one with the later lease.
Worker* System::OwnerOf(uint32_t partition) {
  Worker* owner = nullptr;
  uint64_t epoch = 0;
  const auto id = static_cast<store::PartitionId>(partition);
  for (auto& worker : workers_) {
    if (!shared_ && worker->Owns(partition)) return worker.get();
    if (!shared_ || !worker->alive() || !worker->shard()->Owns(id)) continue;
    if (worker->shard()->EpochOf(id) <= epoch) continue;
    epoch = worker->shard()->EpochOf(id);
    owner = worker.get();
  }
  return owner;
}

// What is at the server now: its record was noted in the flight page before it left.
void System::OnSpied(const wire::Arrived& arrived) {
  const auto encoding = envelope::EncodingOf(arrived.content_type, arrived.data);
  const auto message = envelope::DecodeClientMessage(arrived.data, encoding);
  if (!message) return Fail("a message at the server cannot be read: " + message.error().text);
  const std::string& id = message->message.id;
  const std::string_view client = arrived.subject.substr(arrived.subject.rfind('.') + 1);
  ledger_.OnMessage(id, encoding, arrived.data);
  ledger_.OnTaken(id, client);
  const auto parts = PartsOf(id);
  if (!parts) return;
  if (parts->partition != subjects_.PartitionOf(message->user)) {
    return Fail(fmt::format("message {} of {} names another partition", id, message->user.value));
  }
  bool noted = second_owner_ != nullptr;
  uint64_t sent = 0;
  for (auto& worker : workers_) {
    if (!worker->Owns(parts->partition)) continue;
    const auto line = worker->flight().Get(static_cast<store::PartitionId>(parts->partition));
    noted = noted || line.lineage > parts->lineage ||
            (line.known && line.sent >= parts->sequence) ||
            clock_.NowUs() - worker->flight_lost_us() < 5 * kSecondUs;
    sent = std::max(sent, line.sent);
  }
  if (!noted) Fail(fmt::format("message {} has left, the flight page says {}", id, sent));
}

bool System::RunUntil(const std::function<bool()>& condition, int64_t us_max) {
  const int64_t end_us = clock_.NowUs() + us_max;
  while (failure_.empty()) {
    if (condition()) return true;
    Actor* next = nullptr;
    int64_t next_us = end_us;
    const auto look = [&](Actor* actor) {
      if (actor == nullptr || actor->NextUs() >= next_us) return;
      next_us = actor->NextUs();
      next = actor;
    };
    for (auto& worker : workers_) look(worker.get());
    look(second_owner_.get());
    for (auto& tool : tools_) look(tool.get());
    for (auto& client : clients_) look(client.get());
    const int64_t own_us = std::min(next_fault_us_, watch_us_);
    const int64_t event_us = std::max(broker_->NextEventUs(), clock_.NowUs());
    if (std::min({next_us, own_us, event_us}) >= end_us) {
      if (clock_.NowUs() < end_us) clock_.AdvanceToUs(end_us);
      return condition();
    }
    if (own_us <= next_us && own_us <= event_us) {
      if (own_us > clock_.NowUs()) clock_.AdvanceToUs(own_us);
      if (watch_us_ <= clock_.NowUs()) Watch();
      if (next_fault_us_ <= clock_.NowUs()) NextFault();
    } else if (next != nullptr && next_us <= event_us) {
      if (next_us > clock_.NowUs()) clock_.AdvanceToUs(next_us);
      next->Run();
    } else {
      broker_->Step();
      const auto touched = broker_->touched();
      if (touched == 0) continue;
      const auto tell = [&](Actor* actor) {
        if (actor != nullptr && actor->client() == touched) actor->OnTouched();
      };
      for (auto& worker : workers_) tell(worker.get());
      tell(second_owner_.get());
      for (auto& tool : tools_) tell(tool.get());
      for (auto& client : clients_) tell(client.get());
    }
  }
  return false;
}

void System::RunForUs(int64_t us) {
  (void)RunUntil([] { return false; }, us);
}

void System::Watch() {
  watch_us_ = clock_.NowUs() + 50'000;
  WatchLocks();
  if (shared_) WatchOwners();
  for (auto& worker : workers_) {
    if (!worker->alive()) continue;
    const uint64_t unconfirmed = worker->shard()->counters().unconfirmed_bytes;
    if (unconfirmed > (64u << 20)) Fail("what is unconfirmed has no bound");
    if (worker->shard()->counters().digests_differ > 0) {
      Fail("owner and standby make different things of a log");
    }
  }
}

// Two owners are for a moment, or where they cannot know of each other.
void System::WatchOwners() {
  constexpr int64_t kMomentUs = 2 * kSecondUs;
  const int64_t now = clock_.NowUs();
  for (uint32_t p = 0; p < partitions_; ++p) {
    const auto owners = std::count_if(workers_.begin(), workers_.end(), [&](auto& worker) {
      return worker->alive() && worker->shard()->Owns(static_cast<store::PartitionId>(p));
    });
    auto& since = two_owners_since_us_[p];
    if (owners < 2 || !broker_->running()) since = 0;
    if (owners >= 2 && since == 0) since = now;
    if (since != 0 && now - std::max(since, trouble_us_) > kMomentUs) {
      return Fail(fmt::format("partition {} has {} owners", p, owners));
    }
  }
}

// By the cluster bucket, in the first lineage.
// Those, and what an owner that has noted nothing finds too old to be sent.
std::set<uint64_t> System::NeverSentOf(uint32_t partition) const {
  std::set<uint64_t> records = BuriedOf(partition);
  // By the server's clock as it was at its latest: it may have been set back since.
  const int64_t old_ms =
      std::max(latest_server_ms_, broker_->server_unix_ms()) - shard::Options().resend_age_ms;
  for (const wire::MemoryRecord& record : broker_->Stored(subjects_.LogStream(partition))) {
    if (record.time_ms < old_ms) records.insert(record.sequence);
  }
  return records;
}

std::set<uint64_t> System::BuriedOf(uint32_t partition) const {
  const std::string prefix = fmt::format("$KV.{}.skip.{}.", subjects_.ClusterBucket(), partition);
  std::set<uint64_t> buried;
  for (const wire::MemoryRecord& record : broker_->Stored("KV_" + subjects_.ClusterBucket())) {
    if (!record.subject.starts_with(prefix)) continue;
    buried.insert(std::stoull(record.subject.substr(prefix.size())));
  }
  return buried;
}

// No session is locked past its call's time + 1 s of an owner that is fit: law 5.
void System::WatchLocks() {
  constexpr int64_t kGraceMs = 1'000;
  std::map<std::string, int64_t> locked;
  std::set<std::string> users;
  for (auto& client : clients_) users.insert(client->user());
  for (const std::string& user : users) {
    const uint32_t partition = subjects_.PartitionOf(UserId(user));
    Worker* owner = OwnerOf(partition);
    const auto id = static_cast<store::PartitionId>(partition);
    if (owner != nullptr && owner->alive() && !owner->shard()->Owns(id)) owner = nullptr;
    const int64_t now = clock_.NowUs();
    // Who takes a partition over gives its calls their time anew.
    if (std::exchange(last_owner_[partition], owner) != owner) {
      trouble_us_ = std::max(trouble_us_, now);
    }
    const bool fit = owner != nullptr && owner->alive() && broker_->running() &&
                     now - trouble_us_ > 0 &&
                     owner->shard()->Find(static_cast<store::PartitionId>(partition))->caught_up();
    if (!fit) continue;
    const shard::SessionEntry* entry = owner->shard()->Peek(UserId(user));
    std::optional<tutor::Session> stored;
    const tutor::Session* session = nullptr;
    if (entry != nullptr) {
      session = &*entry->session;
    } else {
      const auto row = owner->disk().GetSession(static_cast<store::PartitionId>(partition), user);
      if (row && row->has_value()) {
        auto decoded = envelope::DecodeSession(**row);
        if (decoded) stored = std::move(*decoded);
      }
      if (stored) session = &*stored;
    }
    if (session == nullptr) continue;
    std::string call;
    int64_t wait_ms = 0;
    if (const auto* lock = std::get_if<tutor::AwaitingToolResult>(&session->state)) {
      call = lock->call.id.value;
      wait_ms = lock->call.duration_ms;
    } else if (const auto* wait = std::get_if<tutor::AwaitingApproval>(&session->state)) {
      call = "draft " + wait->draft->call.id.value;
      wait_ms = int64_t{session->context.decide_s} * 1'000;
    } else {
      continue;
    }
    const auto known = locked_since_us_.find(call);
    const int64_t since =
        known == locked_since_us_.end() ? now : std::max(known->second, trouble_us_);
    locked[call] = since;
    const int64_t over_us = (wait_ms + kGraceMs) * 1'000;
    if (now - since > over_us + 1'500'000) {
      Fail(fmt::format("{} is locked by call {} ({} ms) for {} ms, and its owner is fit", user,
                       call, wait_ms, (now - since) / 1'000));
    }
  }
  locked_since_us_ = std::move(locked);
}

std::string System::Unsettled() {
  for (auto& client : clients_) {
    if (!client->settled()) return fmt::format("client {} has unacknowledged events", client->id());
  }
  for (auto& worker : workers_) {
    if (!worker->alive()) return worker->shard_options().worker + " is not there";
    for (const store::PartitionId id : worker->partitions()) {
      const shard::Partition& partition = *worker->shard()->Find(id);
      if (OwnerOf(id) == nullptr) return fmt::format("nobody owns partition {}", id);
      if (shared_ && partition.role() == shard::Partition::Role::kNone) continue;
      if (partition.phase() != shard::Partition::Phase::kReading) {
        return fmt::format("partition {} is not read: {}", id, partition.halted_because());
      }
      const uint64_t last = broker_->last_sequence(subjects_.LogStream(id));
      if (partition.position() != last) {
        return fmt::format("partition {} is at {} of {}", id, partition.position(), last);
      }
      if (partition.confirmed() != last) {
        return fmt::format("partition {} has {} of {} confirmed", id, partition.confirmed(), last);
      }
      if (const size_t waiting = partition.dead_letters_waiting(); waiting > 0) {
        return fmt::format("partition {} has {} dead letters to store", id, waiting);
      }
      if (partition.durable().sequence != last) {
        return fmt::format("partition {} has a checkpoint of {}, not {}", id,
                           partition.durable().sequence, last);
      }
    }
    const auto users = [&] {
      std::set<std::string> found;
      for (auto& client : clients_) found.insert(client->user());
      return found;
    }();
    for (const std::string& user : users) {
      if (OwnerOf(subjects_.PartitionOf(UserId(user))) != worker.get()) continue;
      const shard::SessionEntry* entry = worker->shard()->Peek(UserId(user));
      if (entry == nullptr) {
        const auto partition = static_cast<store::PartitionId>(subjects_.PartitionOf(UserId(user)));
        const auto row = worker->disk().GetSession(partition, user);
        if (!row || !row->has_value()) continue;
        const auto session = envelope::DecodeSession(**row);
        if (session && tutor::IsBusy(tutor::NameOf(session->state))) {
          return user + " is locked, in the store";
        }
        continue;
      }
      if (tutor::IsBusy(tutor::NameOf(entry->session->state))) {
        return user + " is locked";
      }
    }
  }
  return {};
}

Outcome System::Run() {
  const int64_t busy_us = dice_.Between(8, 25) * kSecondUs;
  next_fault_us_ = options_.faults ? 300'000 : kNever;
  RunForUs(busy_us);
  if (dice_.OneIn(12)) {
    Trace("silence");
    if (!dice_.OneIn(4)) next_fault_us_ = kNever;
    RunForUs(static_cast<int64_t>(17) * 60 * kSecondUs);
  }
  Mend();
  for (auto& client : clients_) client->Quiet();
  std::string why;
  const auto at_rest = [&] { return (why = Unsettled()).empty(); };
  // Each deadly record takes two starts, and a process that dies again and again is started slowly.
  int64_t rest_us_max = 180 * kSecondUs;
  for (const auto& client : clients_) rest_us_max += client->deadly() * 15 * kSecondUs;
  bool rests = false;
  for (const int64_t end_us = clock_.NowUs() + rest_us_max; !rests && clock_.NowUs() < end_us;) {
    RunForUs(8 * kSecondUs);
    for (auto& worker : workers_) worker->ResumeHalted();  // An operator looks at it.
    rests = RunUntil(at_rest, 8 * kSecondUs) || !failure_.empty();
  }
  if (!rests) Fail("it does not come to rest: " + why);
  // Everybody asks for what is missing, until nothing is.
  for (int round = 0; round < 20 && failure_.empty(); ++round) {
    RunForUs(300'000);
    for (auto& client : clients_) {
      client->AskAgain();
    }
    RunForUs(1'500'000);
    if (!RunUntil(at_rest, 60 * kSecondUs)) Fail("it does not come to rest again: " + why);
    bool whole = true;
    for (auto& client : clients_) whole = whole && !client->has_gap();
    if (whole && round > 0) break;
  }
  if (failure_.empty()) CheckMemory();
  if (failure_.empty()) {
    for (uint32_t p = 0; p < partitions_; ++p) final_owner_[p] = OwnerOf(p);
    for (auto& worker : workers_) worker->BeginStop();
    const auto stopped = [&] {
      return std::all_of(workers_.begin(), workers_.end(),
                         [](const auto& worker) { return worker->stopped(); });
    };
    if (!RunUntil(stopped, 10 * kSecondUs)) Fail("the workers do not stop");
    RunForUs(100'000);
  }
  if (failure_.empty()) CheckAtRest();
  Outcome outcome;
  outcome.failure = failure_;
  outcome.events = broker_->counts().events;
  for (uint32_t p = 0; p < partitions_; ++p) {
    outcome.records += broker_->last_sequence(subjects_.LogStream(p));
  }
  outcome.messages = ledger_.messages();
  for (auto& worker : workers_) outcome.crashes += worker->crashes();
  outcome.lineages = lineages_;
  for (const auto& worker : workers_) outcome.restores += worker->restores();
  outcome.buried = buried_count_;
  outcome.virtual_ms = clock_.SteadyMs();
  outcome.trace_hash = broker_->trace_hash();
  return outcome;
}

Outcome Simulate(const Options& options) { return System(options).Run(); }

}  // namespace lyceum::simulation
