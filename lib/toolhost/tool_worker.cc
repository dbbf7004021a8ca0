#include "toolhost/tool_worker.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/watchdog.h"
#include "wire/nats_wire.h"

namespace lyceum::toolhost {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kTurnMsMax = 500;
constexpr milliseconds kWatchdogTick{1000};
constexpr int64_t kConnectComplaintMs = 5'000;
constexpr std::chrono::seconds kStartMax{10};

}  // namespace

struct ToolWorker::Impl {
  Impl(Toolbox box, Options given)
      : toolbox(std::move(box)),
        options(std::move(given)),
        loop(options.loop != nullptr ? options.loop : std::make_shared<wire::EventLoop>()) {}

  void Run();
  void Publish(const ToolHost& host);

  Toolbox toolbox;
  const Options options;
  const std::shared_ptr<wire::EventLoop> loop;
  SystemClock clock;
  std::unique_ptr<wire::NatsWire> wire;  // Of the thread, once it runs.

  std::atomic<bool> draining{false};
  std::atomic<bool> stopping{false};

  mutable std::mutex mutex;
  std::condition_variable changed;
  // From here on guarded by mutex. What the loop tells.
  Counters counters;
  bool connected = false;
  int64_t turned_ms = clock.SteadyMs();
  uint64_t async_errors = 0;
  std::string last_async_error;
  bool joined = false;
  bool drained = false;
  std::optional<Error> connect_error;

  std::thread thread;
};

void ToolWorker::Impl::Publish(const ToolHost& host) {
  Counters now = host.counters();
  const bool has_drained = host.drained();
  const bool has_joined = host.joined();
  const std::lock_guard lock(mutex);
  counters = now;
  connected = wire->connected();
  turned_ms = clock.SteadyMs();
  connect_error = wire->connect_error();
  if (wire->async_errors() != async_errors) {
    async_errors = wire->async_errors();
    last_async_error = wire->last_async_error();
  }
  const bool news = (has_joined && !joined) || (has_drained && !drained) || connect_error;
  joined = joined || has_joined;
  drained = has_drained;
  if (news) changed.notify_all();
}

void ToolWorker::Impl::Run() {
  // The signals of the program are for its other threads, and OpenSSL writes to closed sockets.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pthread_setname_np(pthread_self(), "tool-host");

  ToolHost host({.wire = wire.get(),
                 .clock = &clock,
                 .executor = loop.get(),
                 .functions = options.functions.get()},
                std::move(toolbox), options.host);
  std::optional<wire::ServiceResponder> responder;
  if (options.service) {
    wire::Service service = *options.service;
    service.endpoints = host.endpoints();
    responder.emplace(wire.get(), &clock, std::move(service),
                      [&host] { return host.endpoint_figures(); });
  }
  const int looks = std::max(1, static_cast<int>(options.stuck_after / kWatchdogTick));
  Watchdog watchdog(std::min(kWatchdogTick, options.stuck_after), looks, 1, [&](size_t, int seen) {
    if (seen > looks) return;
    LogError("the loop makes no turn: a tool keeps it that should run in a thread of its own",
             {{"ms", options.stuck_after.count()}});
    if (options.stuck) return options.stuck();
    std::abort();
  });
  wire::HttpClient* const http = options.http.get();
  const int64_t turn_ms_max = std::min<int64_t>(kTurnMsMax, options.stuck_after.count() / 2);
  int64_t complained_ms = clock.SteadyMs();
  bool stopped = false;
  watchdog.Turned();
  while (true) {
    const int64_t now = clock.SteadyMs();
    const int64_t next = std::min(host.NextMs(), wire->NextDeadlineMs());
    const int64_t wait_ms_max =
        http == nullptr ? turn_ms_max : std::min(turn_ms_max, http->WaitMs());
    loop->RunOnce(std::clamp<int64_t>(next - now, 0, wait_ms_max));
    wire->Tick();
    if (http != nullptr) http->Turn();
    if (draining) host.Drain();
    if (stopping && !std::exchange(stopped, true)) host.Stop();
    host.Turn();
    if (responder) responder->Tick();
    watchdog.Turned();
    Publish(host);
    wire->Flush();
    if (stopped && host.jobs() == 0) break;
    const int64_t then = clock.SteadyMs();
    if (!wire->connected() && then - complained_ms >= kConnectComplaintMs) {
      complained_ms = then;
      const auto error = wire->connect_error();
      LogWarn("not connected to NATS", {{"text", error ? error->text : "connecting"}});
    }
  }
}

ToolWorker::ToolWorker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<ToolWorker>> ToolWorker::Start(const wire::ConnectOptions& nats,
                                                      Toolbox toolbox, Options options) {
  if (auto good = ToolHost::Check(toolbox, options.host); !good) return good.error();
  auto impl = std::make_unique<Impl>(std::move(toolbox), std::move(options));
  auto wire = wire::NatsWire::Create(impl->loop.get(), &impl->clock, nats);
  if (!wire) return wire.error();
  impl->wire = *std::move(wire);
  Impl* raw = impl.get();
  std::unique_ptr<ToolWorker> worker(new ToolWorker(std::move(impl)));
  raw->thread = std::thread([raw] { raw->Run(); });
  std::unique_lock lock(raw->mutex);
  const Deadline deadline = In(kStartMax);
  const auto ready = [&] { return raw->joined || raw->connect_error; };
  if (!raw->changed.wait_until(lock, deadline, ready)) return Retry("NATS does not answer in time");
  if (!raw->joined) return *raw->connect_error;
  lock.unlock();
  return worker;
}

ToolWorker::~ToolWorker() {
  if (!impl_->thread.joinable()) return;
  impl_->stopping = true;
  impl_->loop->Wake();
  impl_->thread.join();
}

bool ToolWorker::Drain(Deadline deadline) {
  impl_->draining = true;
  impl_->loop->Wake();
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_until(lock, deadline, [&] { return impl_->drained; });
}

ToolWorker::Counters ToolWorker::counters() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->counters;
}

ToolWorker::State ToolWorker::state() const {
  const std::lock_guard lock(impl_->mutex);
  return {.connected = impl_->connected,
          .connect_error = impl_->connect_error ? impl_->connect_error->text : "",
          .draining = impl_->draining,
          .turned_ms = impl_->turned_ms};
}

uint64_t ToolWorker::async_errors() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->async_errors;
}

std::string ToolWorker::last_async_error() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->last_async_error;
}

}  // namespace lyceum::toolhost
