#include "wire/memory_broker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "wire/memory_broker_impl.h"

namespace lyceum::wire {

using memory::Body;
using memory::BodyPtr;
using memory::Event;
using memory::Link;
using memory::Operation;

namespace {

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9fb21c651e98df25u;
  return hash ^ (hash >> 29);
}

uint64_t Mix(uint64_t hash, std::string_view bytes) {
  hash = Mix(hash, bytes.size());
  while (bytes.size() >= sizeof(uint64_t)) {
    uint64_t chunk = 0;
    std::memcpy(&chunk, bytes.data(), sizeof(chunk));
    hash = Mix(hash, chunk);
    bytes.remove_prefix(sizeof(chunk));
  }
  uint64_t rest = 0;
  std::memcpy(&rest, bytes.data(), bytes.size());
  return Mix(hash, rest);
}

}  // namespace

std::string Body::HeaderBlock() const {
  std::string block = "NATS/1.0\r\n";
  for (const auto& [field, name] : kHeaders) {
    const std::string_view value = (*this)[field];
    if (!value.empty()) block.append(name).append(": ").append(value).append("\r\n");
  }
  return block + "\r\n";
}

MemoryBroker::Impl::Impl(ManualClock* clock_in, Options options_in)
    : clock(clock_in),
      options(std::move(options_in)),
      random(options.seed),
      in_prefix(options.prefix + ".in."),
      query_prefix(options.prefix + ".query.") {
  clients.emplace_back();  // Id 0 is nobody.
}

MemoryBroker::Impl::~Impl() {
  // A subscription and its link hold each other.
  for (const auto& [number, link] : links) {
    link->subs.clear();
    link->reads.clear();
    link->held.clear();
    link->on_the_way.clear();
  }
}

// ---- The queue

void MemoryBroker::Impl::Push(Event::Kind kind, int64_t time_us, uint32_t subject,
                              uint64_t detail) {
  CHECK(events.size() < options.events_max);
  events.push_back({time_us, ++order, kind, subject, detail});
  std::push_heap(events.begin(), events.end(), std::greater<>());
  if (memory::IsWork(kind)) ++work;
}

bool MemoryBroker::Impl::Step() {
  if (events.empty()) return false;
  std::pop_heap(events.begin(), events.end(), std::greater<>());
  const Event event = events.back();
  events.pop_back();
  if (memory::IsWork(event.kind)) --work;
  if (event.time_us > now_us()) clock->AdvanceToUs(event.time_us);
  ++counts.events;
  touched = 0;
  Run(event);
  return true;
}

void MemoryBroker::Impl::Run(const Event& event) {
  const auto consumer = [&](auto then) {
    const auto found = consumers.find(event.detail);
    if (found == consumers.end()) return;
    const std::shared_ptr<memory::Consumer> kept = found->second;
    then(*kept);
  };
  switch (event.kind) {
    case Event::kArrive: {
      const auto found = links.find(event.subject);
      if (found == links.end() || found->second->on_the_way.empty()) break;
      const std::shared_ptr<Link> link = found->second;
      const std::vector<Operation> arrived = std::move(link->on_the_way.front());
      link->on_the_way.pop_front();
      for (const Operation& operation : arrived) Process(link, operation);
      break;
    }
    case Event::kRead:
      OnRead(event.subject);
      break;
    case Event::kDrain:
      OnDrain(event.subject);
      break;
    case Event::kRoute: {
      const BodyPtr body = routed.Remove(event.subject);
      if (running && event.detail == server_epoch) Route(body, nullptr, true);
      break;
    }
    case Event::kConsume:
      consumer([&](memory::Consumer& c) { OnConsume(c); });
      break;
    case Event::kHeartbeat:
      consumer([&](memory::Consumer& c) { OnHeartbeat(c); });
      break;
    case Event::kExpire:
      consumer([&](memory::Consumer& c) { OnExpire(c); });
      break;
    case Event::kConnect:
      OnConnect(event.subject);
      break;
    case Event::kClientLost:
      OnClientLost(event.subject);
      break;
    case Event::kServerLost: {
      const auto found = links.find(event.subject);
      if (found == links.end()) break;
      const std::shared_ptr<Link> link = found->second;
      Unregister(*link);
      break;
    }
    case Event::kTimeout:
      OnTimeout(event.subject, event.detail);
      break;
    case Event::kCall:
      calls.Remove(event.subject)();
      break;
    case Event::kJetStream:
      if (running && event.detail == server_epoch) jetstream = true;
      break;
  }
}

int64_t MemoryBroker::Impl::Sample(const Latency& latency) {
  int64_t us = latency.base_us;
  if (latency.spread_us > 0) us += static_cast<int64_t>(Below(latency.spread_us + 1));
  if (Chance(latency.rare_per_million)) us += static_cast<int64_t>(Below(latency.rare_us + 1));
  return us;
}

int64_t MemoryBroker::Impl::ServerNs() const {
  return (clock->NowUs() + (ManualClock::kStartUnixMs + server_offset_ms) * 1000) * 1000;
}

void MemoryBroker::Impl::Trace(const char* what, uint64_t who, uint64_t number,
                               std::string_view label, std::string_view bytes) {
  hash = Mix(hash, static_cast<uint64_t>(now_us()));
  hash = Mix(hash, (who << 32) ^ number);
  hash = Mix(Mix(hash, std::string_view(what)), label);
  if (!bytes.empty()) hash = Mix(hash, bytes);
  if (trace) {
    trace(fmt::format("{} {} {} {} {} {}", now_us(), what, who, number, label, bytes.size()));
  }
}

// ---- The door

MemoryBroker::MemoryBroker(ManualClock* clock, Options options)
    : impl_(std::make_unique<Impl>(clock, std::move(options))) {}
MemoryBroker::~MemoryBroker() = default;

std::unique_ptr<MemoryWire> MemoryBroker::Connect() {
  auto state = std::make_shared<MemoryWire::State>();
  state->id = static_cast<ClientId>(impl_->clients.size());
  impl_->clients.push_back(state);
  impl_->Push(Event::kConnect, impl_->now_us() + impl_->Sample(impl_->options.connect), state->id);
  return std::make_unique<MemoryWire>(impl_.get(), std::move(state));
}

bool MemoryBroker::Step() { return impl_->Step(); }

MemoryBroker::ClientId MemoryBroker::touched() const { return impl_->touched; }

void MemoryBroker::FlushAll() {
  for (const auto& client : impl_->clients) {
    if (client != nullptr) impl_->Flush(*client);
  }
}

int64_t MemoryBroker::NextEventUs() const {
  return impl_->events.empty() ? kNever : impl_->events.front().time_us;
}

int64_t MemoryBroker::NextEventMs() const {
  const int64_t us = NextEventUs();
  return us == kNever ? kNever : (us + 999) / 1000;
}

bool MemoryBroker::RunUntilIdle(Bounds bounds) {
  const int64_t end_us = impl_->now_us() + bounds.time_us_max;
  for (uint64_t steps = 0; impl_->work > 0 || impl_->open_requests > 0; ++steps) {
    if (steps >= bounds.steps_max || NextEventUs() > end_us) return false;
    impl_->Step();
  }
  return true;
}

void MemoryBroker::RunForUs(int64_t us) {
  const int64_t end_us = impl_->now_us() + us;
  while (NextEventUs() <= end_us) impl_->Step();
  if (impl_->now_us() < end_us) impl_->clock->AdvanceToUs(end_us);
}

bool MemoryBroker::RunUntil(const std::function<bool()>& condition, int64_t us_max) {
  const int64_t end_us = impl_->now_us() + us_max;
  while (!condition()) {
    if (NextEventUs() > end_us) {
      if (impl_->now_us() < end_us) impl_->clock->AdvanceToUs(end_us);
      return condition();
    }
    impl_->Step();
  }
  return true;
}

void MemoryBroker::After(int64_t us, std::function<void()> call) {
  impl_->Push(Event::kCall, impl_->now_us() + std::max<int64_t>(us, 0),
              impl_->calls.Put(std::move(call)));
}

void MemoryBroker::SetServerOffsetMs(int64_t ms) { impl_->server_offset_ms = ms; }
int64_t MemoryBroker::server_unix_ms() const { return impl_->ServerNs() / 1'000'000; }

void MemoryBroker::Publish(const Outbound& message) {
  if (impl_->running) impl_->Published(nullptr, impl_->MakeBody(message, message.reply));
}

void MemoryBroker::StopServer() { impl_->StopServer(); }
void MemoryBroker::StartServer() { impl_->StartServer(0); }
void MemoryBroker::RestartServer(int64_t down_us, int64_t jetstream_us) {
  impl_->StopServer();
  After(down_us, [impl = impl_.get(), jetstream_us] { impl->StartServer(jetstream_us); });
}
bool MemoryBroker::running() const { return impl_->running; }

void MemoryBroker::Disconnect(ClientId client, const Cut& cut) {
  impl_->Disconnect(impl_->ClientOf(client), cut);
}
void MemoryBroker::SetFaults(ClientId client, LinkFaults faults) {
  impl_->ClientOf(client).faults = std::move(faults);
}
void MemoryBroker::PauseReading(ClientId client, bool paused) {
  MemoryWire::State& state = impl_->ClientOf(client);
  state.paused = paused;
  if (paused || state.link == nullptr || state.link->held.empty() || state.link->draining) return;
  state.link->draining = true;
  impl_->Push(Event::kDrain, impl_->now_us(), state.link->number);
}
void MemoryBroker::BlockWrites(ClientId client, bool blocked) {
  MemoryWire::State& state = impl_->ClientOf(client);
  state.blocked = blocked;
  impl_->Send(state);
}

uint64_t MemoryBroker::trace_hash() const { return impl_->hash; }
void MemoryBroker::SetTrace(std::function<void(std::string_view line)> trace) {
  impl_->trace = std::move(trace);
}
const MemoryBroker::Counts& MemoryBroker::counts() const { return impl_->counts; }

}  // namespace lyceum::wire
