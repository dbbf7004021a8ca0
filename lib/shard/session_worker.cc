#include "shard/session_worker.h"

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/watchdog.h"
#include "shard/shard.h"
#include "store/rocks_store.h"
#include "store/set_aside.h"
#include "wire/event_loop.h"
#include "wire/nats_wire.h"

namespace lyceum::shard {
namespace {

constexpr int64_t kPublishStatusMs = 100;
constexpr int64_t kConnectComplaintMs = 5'000;
constexpr int64_t kTurnMsMax = 100;  // A loop turns at least so often.
// A shard that makes no turn for so many looks is stuck: at a disk that does not answer, say.
constexpr std::chrono::milliseconds kLookEvery{100};
constexpr int kLooksMax = 10;
constexpr int kLooksMaxAlone = 100;

// What a process holds beside sessions and the store's caches: code, threads, the wire's buffers, a
// checkpoint on its way.
constexpr size_t kProgramBytes = 72 << 20;

struct MemoryShares {
  size_t block_cache = 0, write_buffers = 0, sessions = 0;
};

MemoryShares ShareMemory(size_t bytes) {
  MemoryShares shares{.block_cache = bytes / 8, .write_buffers = bytes / 8};
  const size_t others = shares.block_cache + shares.write_buffers + kProgramBytes;
  // The allocator needs half as much again as it hands out, where much comes and goes.
  shares.sessions = std::max(bytes / 8, bytes > others ? (bytes - others) / 3 * 2 : 0);
  return shares;
}

}  // namespace

struct SessionWorker::Impl {
  // One shard and all that only its thread touches, but for what the mutex guards.
  struct Runner {
    wire::EventLoop loop;
    SystemClock clock;
    SeededRandom random;
    std::unique_ptr<wire::NatsWire> wire;
    std::unique_ptr<Shard> shard;
    std::optional<StreamDepth> dead_letters;        // Of the first,
    std::optional<wire::ServiceResponder> service;  // as this.
    std::atomic<bool> stop{false};
    std::atomic<int64_t> stop_by_ms{INT64_MAX};  // Then also where not all is in a checkpoint.
    std::atomic<bool> alone{true};               // No other worker is alive.
    size_t number = 0;
    Watchdog* watchdog = nullptr;
    // The thread's, until it is joined.
    bool orderly = false;
    bool interrupted = false;
    int64_t published_ms = INT64_MIN / 2;
    int64_t complained_ms = 0;

    mutable std::mutex mutex;
    std::vector<PartitionStatus> status;
    std::optional<Error> failure;
    dispatch::DispatchTable::Counters calls;
    ShardState state;
    ToolQueues queues;
    uint64_t async_errors = 0;
    std::string last_async_error;

    std::thread thread;  // Of the first: none.

    // Until it has stopped, or the deadline, or interrupted.
    void Run(Deadline until);
    void Publish();
  };

  std::unique_ptr<store::RocksStore> store;
  std::unique_ptr<store::FlightPage> flight;
  std::vector<std::unique_ptr<Runner>> runners;
  std::unique_ptr<Watchdog> watchdog;

  void OnStuck(size_t number, int looks);
  void Announce(wire::Service service, const envelope::Subjects& subjects);
  wire::EndpointFigures QueryFigures() const;
};

void SessionWorker::Impl::Announce(wire::Service service, const envelope::Subjects& subjects) {
  std::string queries = subjects.QueryOf(UserId("_"));
  queries.back() = '*';
  service.endpoints = {{.name = "query", .subject = std::move(queries), .queue_group = ""}};
  Runner& first = *runners.front();
  first.service.emplace(first.wire.get(), &first.clock, std::move(service),
                        [this] { return std::vector<wire::EndpointFigures>{QueryFigures()}; });
}

wire::EndpointFigures SessionWorker::Impl::QueryFigures() const {
  wire::EndpointFigures figures;
  for (const auto& runner : runners) {
    const Counters& counters = runner->shard->counters();
    figures.requests += counters.queries;
    figures.errors += counters.query_errors;
    figures.processing_ns += static_cast<int64_t>(counters.query_us) * 1'000;
  }
  return figures;
}

// Its partitions go to another worker, where there is one; alone it is given more time. What it may be stuck
// in is the writing of the log: the alarm ends the process then.
void SessionWorker::Impl::OnStuck(size_t number, int looks) {
  if (looks < (runners[number]->alone ? kLooksMaxAlone : kLooksMax)) return;
  alarm(1);
  LogError("a shard makes no turn: the worker ends, so that another goes on",
           {{"shard", number}, {"ms", looks * kLookEvery.count()}});
  std::abort();
}

void SessionWorker::Impl::Runner::Publish() {
  alone = !shard->HasPeers();
  std::vector<PartitionStatus> now = shard->status();
  const auto error = wire->connect_error();
  const std::lock_guard lock(mutex);
  status = std::move(now);
  state = {.connected = wire->connected(),
           .connect_error = error ? error->text : "",
           .turned_ms = clock.SteadyMs()};
  queues = QueuesOf(shard->dispatcher());
  failure = shard->failure();
  calls = shard->dispatch_counters();
  async_errors = wire->async_errors();
  last_async_error = wire->last_async_error();
}

void SessionWorker::Impl::Runner::Run(Deadline until) {
  watchdog->Turned(number);
  while (!interrupted) {
    const int64_t now = clock.SteadyMs();
    const int64_t left_ms = LeftMs(until);
    if (left_ms <= 0) break;
    if (stop && now >= stop_by_ms) break;
    const int64_t next = std::min({shard->NextMs(), wire->NextDeadlineMs(), stop_by_ms.load()});
    loop.RunOnce(std::clamp<int64_t>(next - now, 0, std::min(left_ms, kTurnMsMax)));
    wire->Tick();
    if (stop) shard->BeginStop();
    shard->Turn();
    watchdog->Turned(number);
    const int64_t then = clock.SteadyMs();
    if (then - published_ms >= kPublishStatusMs) {
      published_ms = then;
      Publish();
      if (dead_letters) dead_letters->Tick(*wire, then);
      if (service) service->Tick();
    }
    if (!wire->connected() && then - complained_ms >= kConnectComplaintMs) {
      complained_ms = then;
      const auto error = wire->connect_error();
      LogWarn("not connected to NATS", {{"text", error ? error->text : "connecting"}});
    }
    if (shard->stopped()) {
      orderly = true;
      break;
    }
  }
  watchdog->Leave(number);
  Publish();
}

SessionWorker::SessionWorker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

// What is damaged is nobody's: the log and the snapshots have all of it.
Result<std::unique_ptr<SessionWorker>> SessionWorker::Start(const Options& options) {
  auto started = store::IsMarkedDamaged(options.data_dir)
                     ? Result<std::unique_ptr<SessionWorker>>(Fatal("it was marked as damaged"))
                     : StartOnce(options);
  if (started || started.error().fault != Fault::kFatal) return started;
  const auto aside = store::SetAside(options.data_dir);
  if (!aside) return aside.error();
  LogError("the store is damaged: it is set aside and made anew",
           {{"text", started.error().text}, {"aside", *aside}});
  return StartOnce(options);
}

Result<std::unique_ptr<SessionWorker>> SessionWorker::StartOnce(Options options) {
  auto impl = std::make_unique<Impl>();
  store::RocksStore::Options store;
  store.path = options.data_dir;
  const MemoryShares memory = ShareMemory(options.memory_bytes);
  store.block_cache_bytes = memory.block_cache;
  store.write_buffer_bytes = memory.write_buffers;
  auto opened = store::RocksStore::Open(store);
  if (!opened) return opened.error();
  impl->store = std::move(*opened);
  const std::filesystem::path page = std::filesystem::path(options.data_dir) / "flight";
  auto flight = store::FlightPage::Open(page.string(), options.shard.subjects.partitions());
  if (!flight) return flight.error();
  impl->flight = std::move(*flight);

  const size_t count = std::clamp<size_t>(options.shards, 1, options.partitions.size());
  options.shard.memory_bytes = memory.sessions / count;
  options.shard.shards = static_cast<uint32_t>(count);
  const auto topics = std::make_shared<TopicPool>();
  const SystemClock clock;
  SeededRandom random;
  options.shard.boot = MakeBoot(clock.UnixMs(), random.Next());
  for (size_t i = 0; i < count; ++i) {
    auto runner = std::make_unique<Impl::Runner>();
    auto wire = wire::NatsWire::Create(&runner->loop, &runner->clock, options.nats);
    if (!wire) return wire.error();
    runner->wire = std::move(*wire);
    std::vector<store::PartitionId> share;
    for (size_t p = i; p < options.partitions.size(); p += count) {
      share.push_back(options.partitions[p]);
    }
    options.shard.shard = static_cast<uint32_t>(i);
    runner->shard = std::make_unique<Shard>(Doors{.wire = runner->wire.get(),
                                                  .store = impl->store.get(),
                                                  .flight = impl->flight.get(),
                                                  .clock = &runner->clock,
                                                  .random = &runner->random,
                                                  .executor = &runner->loop,
                                                  .topics = topics},
                                            options.shard, std::move(share));
    if (Result<void> started = runner->shard->Start(); !started) return started.error();
    impl->runners.push_back(std::move(runner));
  }
  Impl* const all = impl.get();
  impl->watchdog =
      std::make_unique<Watchdog>(kLookEvery, kLooksMax, count,
                                 [all](size_t number, int looks) { all->OnStuck(number, looks); });
  impl->runners.front()->dead_letters.emplace(options.shard.subjects.DeadLetterStream());
  if (options.service) impl->Announce(*std::move(options.service), options.shard.subjects);
  for (size_t i = 0; i < impl->runners.size(); ++i) {
    Impl::Runner* runner = impl->runners[i].get();
    runner->number = i;
    runner->watchdog = impl->watchdog.get();
    runner->Publish();
    runner->complained_ms = runner->clock.SteadyMs();
    if (i == 0) continue;
    runner->thread = std::thread([runner] { runner->Run(Deadline::max()); });
    pthread_setname_np(runner->thread.native_handle(), fmt::format("shard-{}", i).c_str());
  }
  return std::unique_ptr<SessionWorker>(new SessionWorker(std::move(impl)));
}

bool SessionWorker::Serve(int stop_fd, Deadline deadline) {
  Impl::Runner& first = *impl_->runners.front();
  CHECK(first.loop.Add(stop_fd, EPOLLIN, [&first](uint32_t) { first.interrupted = true; }));
  first.Run(deadline);
  first.loop.Remove(stop_fd);
  return std::exchange(first.interrupted, false);
}

bool SessionWorker::Stop(Deadline deadline) {
  for (auto& runner : impl_->runners) {
    runner->stop_by_ms = runner->clock.SteadyMs() + LeftMs(deadline);
    runner->stop = true;
    runner->loop.Wake();
  }
  impl_->runners.front()->Run(Deadline::max());
  bool orderly = true;
  for (auto& runner : impl_->runners) {
    if (runner->thread.joinable()) runner->thread.join();
    orderly = orderly && runner->orderly;
  }
  return orderly;
}

SessionWorker::~SessionWorker() {
  if (impl_ == nullptr) return;
  Stop(Steady::now());
  // The store calls back through the loops: it goes before them.
  for (auto& runner : impl_->runners) runner->shard.reset();
  impl_->store.reset();
  impl_->runners.clear();
}

std::optional<Error> SessionWorker::failure() const {
  if (auto damage = impl_->store->damage()) return damage;
  for (const auto& runner : impl_->runners) {
    const std::lock_guard lock(runner->mutex);
    if (runner->failure) return runner->failure;
  }
  return std::nullopt;
}

std::vector<PartitionStatus> SessionWorker::partitions() const {
  std::vector<PartitionStatus> all;
  for (const auto& runner : impl_->runners) {
    const std::lock_guard lock(runner->mutex);
    all.insert(all.end(), runner->status.begin(), runner->status.end());
  }
  return all;
}

SessionWorker::Totals SessionWorker::totals() const {
  Totals totals;
  for (const auto& runner : impl_->runners) {
    const Counters& counters = runner->shard->counters();
    totals.records += counters.records;
    totals.refused += counters.refused;
    totals.messages += counters.messages;
    totals.sent_again += counters.sent_again;
    totals.missing_records += counters.missing_records;
    totals.checkpoints += counters.checkpoints;
    totals.checkpoint_failures += counters.checkpoint_failures;
    totals.checkpoint_bytes += counters.checkpoint_bytes;
    totals.timers_fired += counters.timers_fired;
    totals.takeovers += counters.takeovers;
    totals.handovers += counters.handovers;
    totals.digests_differ += counters.digests_differ;
    totals.snapshots += counters.snapshots;
    totals.snapshot_failures += counters.snapshot_failures;
    totals.snapshot_bytes += counters.snapshot_bytes;
    totals.restores += counters.restores;
    totals.dead_letters_lost += counters.dead_letters_lost;
    totals.reader_breaks += counters.reader_breaks;
    totals.session_loads += counters.session_loads;
    totals.sessions += counters.sessions;
    totals.memory_bytes += counters.memory_bytes;
    totals.unconfirmed_bytes += counters.unconfirmed_bytes;
    const int64_t offset = counters.clock_offset_ms;
    if (std::abs(offset) > std::abs(totals.clock_offset_ms)) totals.clock_offset_ms = offset;
    const std::lock_guard lock(runner->mutex);
    totals.calls_dispatched += runner->calls.dispatched;
    totals.calls_busy += runner->calls.busy;
    totals.calls_lost += runner->calls.lost;
    totals.calls_failed += runner->calls.failed;
    totals.async_errors += runner->async_errors;
  }
  return totals;
}

WorkerFigures SessionWorker::figures() const {
  WorkerFigures figures;
  for (const auto& runner : impl_->runners) {
    figures.AddMeasures(*runner->shard);
    const std::lock_guard lock(runner->mutex);
    figures.AddState(runner->state, runner->queues, runner->calls);
  }
  figures.dead_letters = impl_->runners.front()->dead_letters->depth();
  return figures;
}

std::string SessionWorker::last_async_error() const {
  for (const auto& runner : impl_->runners) {
    const std::lock_guard lock(runner->mutex);
    if (!runner->last_async_error.empty()) return runner->last_async_error;
  }
  return {};
}

Result<std::vector<store::PartitionId>> ParsePartitions(const std::string& text, uint32_t count) {
  const Error wrong = Reject(fmt::format("takes partitions below {}, as in 0-7,12", count));
  const auto number = [&](std::string_view part, uint32_t* value) {
    const auto [end, code] = std::from_chars(part.data(), part.data() + part.size(), *value);
    return code == std::errc() && end == part.data() + part.size() && *value < count;
  };
  std::set<store::PartitionId> partitions;
  std::string_view rest = text;
  while (true) {
    const size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    const size_t dash = item.find('-');
    uint32_t first = 0;
    uint32_t last = 0;
    if (!number(item.substr(0, dash), &first)) return wrong;
    last = first;
    if (dash != std::string_view::npos && !number(item.substr(dash + 1), &last)) return wrong;
    if (last < first) return wrong;
    for (uint32_t partition = first; partition <= last; ++partition) {
      partitions.insert(static_cast<store::PartitionId>(partition));
    }
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  return std::vector<store::PartitionId>(partitions.begin(), partitions.end());
}

}  // namespace lyceum::shard
