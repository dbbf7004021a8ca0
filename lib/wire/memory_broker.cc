#include "wire/memory_broker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/token.h"
#include "wire/memory_broker_impl.h"

namespace lyceum::wire {

using memory::Body;
using memory::BodyPtr;
using memory::Delivery;
using memory::Event;
using memory::Link;
using memory::Operation;
using memory::Sub;

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
    case Event::kDeliver:
      OnDeliver(deliveries.Remove(event.subject));
      break;
    case Event::kDrain:
      OnDrain(event.subject);
      break;
    case Event::kRoute: {
      const Delivery delivery = deliveries.Remove(event.subject);
      if (!running || event.detail != server_epoch) break;
      Route(delivery.body, nullptr, true);
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
  return true;
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

// ---- Messages

std::string MemoryBroker::Impl::Mapped(std::string_view subject) const {
  if (options.partitions == 0 || !subject.starts_with(options.prefix)) return {};
  const auto partition = [&](std::string_view user) {
    return std::to_string(PartitionOf(user, options.partitions));
  };
  if (subject.starts_with(in_prefix)) {
    const std::string_view rest = subject.substr(in_prefix.size());
    const size_t dot = rest.find('.');
    if (dot == std::string_view::npos) return {};
    const std::string_view user = rest.substr(dot + 1);
    if (user.find('.') != std::string_view::npos) return {};
    return options.prefix + ".p." + partition(user) + "." + std::string(rest);
  }
  if (subject.starts_with(query_prefix)) {
    const std::string_view user = subject.substr(query_prefix.size());
    if (user.find('.') != std::string_view::npos) return {};
    return options.prefix + ".q." + partition(user) + "." + std::string(user);
  }
  return {};
}

BodyPtr MemoryBroker::Impl::MakeBody(const Outbound& message, std::string_view reply) const {
  const std::string mapped = Mapped(message.subject);
  return std::make_shared<const Body>(Body::Fields{
      mapped.empty() ? message.subject : std::string_view(mapped), reply, message.content_type,
      message.message_id, message.trace, message.expected_last, message.data});
}

bool MemoryBroker::Impl::Route(const BodyPtr& body, const Link* only, bool store) {
  matched.clear();
  interest.Match(body->subject(), &matched);
  bool any = false;
  const memory::Stream* stored = nullptr;
  std::vector<std::pair<std::string_view, std::vector<Sub*>>> groups;
  for (Sub* sub : matched) {
    if (sub->stream != nullptr) {
      if (!store || !jetstream || sub->stream == stored) continue;
      stored = sub->stream;
      Store(*sub->stream, body);
      any = true;
      continue;
    }
    if (only != nullptr && sub->link.get() != only) continue;
    any = true;
    if (sub->queue.empty()) {
      Deliver(sub, body, {}, false, true);
      continue;
    }
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const auto& known) { return known.first == sub->queue; });
    if (group == groups.end()) group = groups.insert(group, {sub->queue, {}});
    group->second.push_back(sub);
  }
  for (auto& [name, members] : groups) {
    Deliver(members[Below(members.size())], body, {}, false, true);
  }
  return any;
}

void MemoryBroker::Impl::Deliver(Sub* sub, BodyPtr body, std::string reply, bool own_reply,
                                 bool core) {
  Link& link = *sub->link;
  if (link.cut) {
    ++counts.dropped;
    return;
  }
  int64_t delay_us = Sample(options.network);
  int copies = 1;
  if (core && link.client != nullptr && link.client->faults &&
      memory::Wants(link.client->faults->subjects, body->subject())) {
    const LinkFaults& faults = *link.client->faults;
    if (Chance(faults.drop_per_million)) {
      ++counts.dropped;
      Trace("fault-drop", link.client_id, sub->id, body->subject());
      return;
    }
    if (Chance(faults.duplicate_per_million)) copies = 2;
    if (Chance(faults.delay_per_million)) delay_us += Below(faults.delay_us + 1);
  }
  sub->lane_us = std::max(sub->lane_us, now_us() + delay_us);
  const size_t bytes = body->subject().size() + body->payload_bytes();
  for (; copies > 0; --copies) {
    link.pending_bytes += bytes;
    const bool last = copies == 1;
    Push(Event::kDeliver, sub->lane_us,
         deliveries.Put({sub->shared_from_this(), last ? std::move(body) : body,
                         last ? std::move(reply) : reply, own_reply}));
  }
  if (link.pending_bytes > options.pending_bytes_max && link.client != nullptr &&
      link.client->paused) {
    ++counts.slow_cuts;
    Trace("slow-consumer", link.client_id, link.pending_bytes, "");
    Disconnect(*link.client, {.server_notices_us = 0});
  }
}

void MemoryBroker::Impl::Reply(std::string_view subject, std::string_view data, int64_t time_us) {
  if (subject.empty()) return;
  Delivery delivery;
  delivery.body = std::make_shared<const Body>(Body::Fields{subject, {}, {}, {}, {}, {}, data});
  Push(Event::kRoute, time_us, deliveries.Put(std::move(delivery)), server_epoch);
}

void MemoryBroker::Impl::Published(Link* from, const BodyPtr& body) {
  ++counts.published;
  const std::string_view subject = body->subject();
  Trace("publish", from == nullptr ? 0 : from->client_id, 0, subject, body->bytes());
  if (jetstream && subject.starts_with("$JS.")) {
    if (subject.starts_with("$JS.API.")) return OnApi(body);
    if (subject.starts_with("$JS.FC.")) return OnFlowAnswer(subject);
    if (subject.starts_with("$JS.ACK.")) return;
  }
  if (Route(body, nullptr, true) || body->reply().empty() || from == nullptr) return;
  auto none = std::make_shared<Body>(Body::Fields{body->reply(), {}, {}, {}, {}, {}, {}});
  none->status = 503;
  Route(std::move(none), from, false);
}

void MemoryBroker::Impl::Process(const std::shared_ptr<Link>& link, const Operation& operation) {
  switch (operation.kind) {
    case Operation::kPublish:
      Published(link.get(), operation.body);
      return;
    case Operation::kSubscribe:
      Trace("subscribe", link->client_id, operation.sub->id, operation.sub->subject);
      interest.Add(operation.sub->subject, operation.sub.get());
      link->subs.emplace(operation.sub->id, operation.sub);
      InterestChanged(operation.sub->subject);
      return;
    case Operation::kUnsubscribe:
      Trace("unsubscribe", link->client_id, operation.sub->id, operation.sub->subject);
      if (link->subs.erase(operation.sub->id) == 0) return;
      interest.Remove(operation.sub->subject, operation.sub.get());
      InterestChanged(operation.sub->subject);
      return;
  }
}

// ---- The network

void MemoryBroker::Impl::Send(MemoryWire::State& client) {
  if (client.flushed == 0 || client.blocked) return;
  const auto end = client.out.begin() + static_cast<ptrdiff_t>(client.flushed);
  std::vector<Operation> batch(std::make_move_iterator(client.out.begin()),
                               std::make_move_iterator(end));
  client.out.erase(client.out.begin(), end);
  client.flushed = 0;
  for (const Operation& operation : batch) client.out_bytes -= operation.bytes();
  Link& link = *client.link;
  if (link.cut) {
    counts.lost += batch.size();
    return;
  }
  const auto send = [&](std::vector<Operation> part) {
    link.lane_us = std::max(link.lane_us, now_us() + Sample(options.network));
    link.on_the_way.push_back(std::move(part));
    Push(Event::kArrive, link.lane_us, link.number);
  };
  // What is written at once may still arrive in two parts, and others come in between.
  if (batch.size() > 1 && Below(8) == 0) {
    const auto middle = batch.begin() + static_cast<ptrdiff_t>(1 + Below(batch.size() - 1));
    send({std::make_move_iterator(batch.begin()), std::make_move_iterator(middle)});
    batch.erase(batch.begin(), middle);
  }
  send(std::move(batch));
}

void MemoryBroker::Impl::CutLink(const std::shared_ptr<Link>& link) {
  link->cut = true;
  const int64_t longest_us = options.network.base_us + options.network.spread_us;
  link->deliver_until_us = now_us() + static_cast<int64_t>(Below(longest_us + 1));
  size_t operations = 0;
  for (const auto& batch : link->on_the_way) operations += batch.size();
  size_t kept = Below(operations + 1);
  counts.lost += operations - kept;
  for (auto& batch : link->on_the_way) {
    const size_t here = std::min(kept, batch.size());
    batch.resize(here);
    kept -= here;
  }
}

void MemoryBroker::Impl::Disconnect(MemoryWire::State& client, const Cut& cut) {
  const std::shared_ptr<Link> link = client.link;
  if (link == nullptr || link->cut) return;
  Trace("disconnect", client.id, link->number, "");
  CutLink(link);
  link->reconnect_us = cut.reconnect_us;
  const auto notices = [&](int64_t us) { return us >= 0 ? us : Sample(options.notice); };
  Push(Event::kClientLost, now_us() + notices(cut.client_notices_us), link->number);
  // The server reads what has come before it sees the end.
  Push(Event::kServerLost, std::max(link->lane_us, now_us() + notices(cut.server_notices_us)),
       link->number);
}

void MemoryBroker::Impl::Unregister(Link& link) {
  Trace("gone", link.client_id, link.number, "");
  const auto subs = std::move(link.subs);
  link.subs.clear();
  link.registered = false;
  for (const auto& [id, sub] : subs) interest.Remove(sub->subject, sub.get());
  for (const auto& [id, sub] : subs) InterestChanged(sub->subject);
  if (link.client == nullptr) links.erase(link.number);
}

void MemoryBroker::Impl::StopServer() {
  if (!running) return;
  Trace("stop", 0, server_epoch, "");
  const auto known = links;
  for (const auto& [number, link] : known) {
    if (!link->registered) continue;
    if (!link->cut) {
      CutLink(link);
      Push(Event::kClientLost, now_us() + Sample(options.notice), number);
    }
    for (const auto& batch : link->on_the_way) {
      for (const Operation& operation : batch) Process(link, operation);
    }
    link->on_the_way.clear();
  }
  for (const auto& [number, link] : known) {
    if (link->registered) Unregister(*link);
  }
  for (const auto& [name, stream] : streams) RemoveConsumers(*stream);
  running = false;
  jetstream = false;
  ++server_epoch;
}

void MemoryBroker::Impl::StartServer(int64_t jetstream_us) {
  if (running) return;
  Trace("start", 0, server_epoch, "");
  running = true;
  if (jetstream_us > 0) {
    Push(Event::kJetStream, now_us() + jetstream_us, 0, server_epoch);
  } else {
    jetstream = true;
  }
  const std::vector<ClientId> back = std::move(waiting);
  waiting.clear();
  for (const ClientId id : back) Push(Event::kConnect, now_us() + Sample(options.reconnect), id);
}

MemoryWire::State& MemoryBroker::Impl::ClientOf(ClientId id) {
  CHECK(id < clients.size() && clients[id] != nullptr);  // It is alive.
  return *clients[id];
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
