// Who gets a message, the way there and back, and what goes wrong with them.
#include <algorithm>

#include "base/check.h"
#include "base/token.h"
#include "wire/memory_broker.h"
#include "wire/memory_broker_impl.h"

namespace lyceum::wire {

using memory::Body;
using memory::BodyPtr;
using memory::Event;
using memory::Link;
using memory::Operation;
using memory::Sub;

namespace {

constexpr size_t kReadMax = 64;  // Messages.

size_t BytesOf(const Body& body) { return body.subject().size() + body.payload_bytes(); }

}  // namespace

// ---- Who gets a message

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
    if (Chance(faults.delay_per_million)) {
      delay_us += static_cast<int64_t>(Below(static_cast<uint64_t>(faults.delay_us) + 1));
    }
  }
  link.down_us = std::max(link.down_us, now_us() + delay_us);
  for (; copies > 0; --copies) {
    link.pending_bytes += BytesOf(*body);
    // What comes at about the same time comes with one read, or does not.
    const bool joins = !link.reads.empty() &&
                       link.reads.back().time_us >= now_us() + options.network.base_us &&
                       link.down_us - link.reads.back().time_us <= options.network.spread_us &&
                       link.reads.back().deliveries.size() < kReadMax && Below(8) != 0;
    if (joins) {
      link.down_us = link.reads.back().time_us;
    } else {
      link.reads.push_back({link.down_us, {}});
      Push(Event::kRead, link.down_us, link.number);
    }
    link.reads.back().deliveries.push_back({sub->shared_from_this(), body, reply, own_reply});
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
  auto body = std::make_shared<const Body>(Body::Fields{subject, {}, {}, {}, {}, {}, data});
  Push(Event::kRoute, time_us, routed.Put(std::move(body)), server_epoch);
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

void MemoryBroker::Impl::Flush(MemoryWire::State& client) {
  if (!client.connected) return;
  client.flushed = client.out.size();
  Send(client);
}

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
    link.up_us = std::max(link.up_us, now_us() + Sample(options.network));
    link.on_the_way.push_back(std::move(part));
    Push(Event::kArrive, link.up_us, link.number);
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
  Push(Event::kServerLost, std::max(link->up_us, now_us() + notices(cut.server_notices_us)),
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

void MemoryBroker::Impl::DropReads(Link& link) {
  for (std::deque<memory::Read>* reads : {&link.reads, &link.held}) {
    for (const memory::Read& read : *reads) counts.dropped += read.deliveries.size();
    reads->clear();
  }
  link.pending_bytes = 0;
}

void MemoryBroker::Impl::OnRead(uint32_t number) {
  const auto found = links.find(number);
  if (found == links.end() || found->second->reads.empty()) return;
  const std::shared_ptr<Link> link = found->second;
  memory::Read read = std::move(link->reads.front());
  link->reads.pop_front();
  if (link->client != nullptr && (link->client->paused || !link->held.empty())) {
    link->held.push_back(std::move(read));
  } else {
    HandOut(link, std::move(read));
  }
}

void MemoryBroker::Impl::OnDrain(uint32_t number) {
  const auto found = links.find(number);
  if (found == links.end()) return;
  const std::shared_ptr<Link> link = found->second;
  link->draining = false;
  if (link->client == nullptr || link->client->paused || link->held.empty()) return;
  memory::Read read = std::move(link->held.front());
  link->held.pop_front();
  if (!link->held.empty()) {
    link->draining = true;
    Push(Event::kDrain, now_us(), number);
  }
  HandOut(link, std::move(read));
}

// Subscription by subscription: in order within each, in no order between two.
void MemoryBroker::Impl::HandOut(const std::shared_ptr<Link>& link, memory::Read read) {
  const auto hand = [&](const memory::Delivery& delivery) {
    if (link->client == nullptr) return void(++counts.dropped);  // All that is left is dropped.
    link->pending_bytes -= BytesOf(*delivery.body);
    if (now_us() <= link->deliver_until_us && delivery.sub->open) return Handle(delivery);
    ++counts.dropped;
    Trace("drop", link->client_id, delivery.sub->id, delivery.body->subject());
  };
  const auto same = [&](size_t i) { return read.deliveries[i].sub == read.deliveries.front().sub; };
  size_t alike = 0;
  while (alike < read.deliveries.size() && same(alike)) ++alike;
  if (alike == read.deliveries.size()) {
    for (const memory::Delivery& delivery : read.deliveries) hand(delivery);
    return;
  }
  std::vector<const Sub*> subs;
  for (const memory::Delivery& delivery : read.deliveries) {
    if (std::find(subs.begin(), subs.end(), delivery.sub.get()) == subs.end()) {
      subs.push_back(delivery.sub.get());
    }
  }
  for (size_t i = subs.size() - 1; i > 0; --i) std::swap(subs[i], subs[Below(i + 1)]);
  for (const Sub* sub : subs) {
    for (const memory::Delivery& delivery : read.deliveries) {
      if (delivery.sub.get() == sub) hand(delivery);
    }
  }
}

void MemoryBroker::Impl::Handle(const memory::Delivery& delivery) {
  const Body& body = *delivery.body;
  const ClientId client = delivery.sub->link->client_id;
  touched = client;
  ++counts.delivered;
  Trace("deliver", client, delivery.sub->id, body.subject(), body.bytes());
  if (delivery.own_reply) Trace("reply", client, delivery.sub->id, delivery.reply);
  const memory::BodyHeaders headers(body);
  Arrived arrived;
  arrived.subject = body.subject();
  arrived.reply = delivery.own_reply ? std::string_view(delivery.reply) : body.reply();
  arrived.data = body.data();
  arrived.content_type = body[Body::kContentType];
  arrived.status = body.status;
  if (body.header_bytes() > 0 || !body.status_headers.empty()) arrived.headers = &headers;
  delivery.sub->handler(arrived);
}

}  // namespace lyceum::wire
