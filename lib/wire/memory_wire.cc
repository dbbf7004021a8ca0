#include <charconv>

#include "base/check.h"
#include "wire/handles.h"
#include "wire/memory_broker.h"
#include "wire/memory_broker_impl.h"

namespace lyceum::wire {

using memory::Body;
using memory::Delivery;
using memory::Event;
using memory::Link;
using memory::Operation;
using memory::Sub;

namespace {

Error NotConnected() { return Retry("not connected to the NATS server"); }

Result<void> Check(const Outbound& message, std::string_view reply, size_t payload_bytes_max) {
  if (!IsSubject(message.subject)) return Reject("not a subject that can be published to");
  if (!reply.empty() && !IsSubject(reply)) return Reject("not a reply subject");
  size_t headers = 0;
  const auto count = [&](Body::Field field, std::string_view value) {
    if (!value.empty())
      headers += Body::kHeaders[field - Body::kContentType].second.size() + value.size() + 4;
    return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
  };
  if (!count(Body::kContentType, message.content_type) ||
      !count(Body::kMessageId, message.message_id) || !count(Body::kTrace, message.trace) ||
      !count(Body::kExpectedLast, message.expected_last)) {
    return Reject("the value of a header breaks its line");
  }
  if (headers > 0) headers += sizeof("NATS/1.0\r\n\r\n") - 1;
  const size_t bytes = headers + message.data.size();
  if (bytes > payload_bytes_max) {
    return Reject("a message of " + std::to_string(bytes) +
                  " bytes is over the server's limit of " + std::to_string(payload_bytes_max));
  }
  return {};
}

void Append(MemoryWire::State& client, Operation operation) {
  client.out_bytes += operation.bytes();
  client.out.push_back(std::move(operation));
}

}  // namespace

// ---- What a client does

MemoryWire::MemoryWire(MemoryBroker::Impl* broker, std::shared_ptr<State> state)
    : broker_(broker), state_(std::move(state)) {}
MemoryWire::~MemoryWire() { broker_->Destroy(*state_); }

MemoryBroker::ClientId MemoryWire::client() const { return state_->id; }

Result<Wire::SubscriptionId> MemoryWire::Subscribe(std::string_view subject, std::string_view queue,
                                                   Handler handler) {
  if (!IsSubjectPattern(subject)) return Reject("not a subject that can be subscribed to");
  if (!queue.empty() && !IsSubject(queue)) return Reject("not the name of a queue group");
  if (!state_->connected) return NotConnected();
  auto sub = std::make_shared<Sub>();
  sub->id = ++broker_->last_sub;
  sub->subject = subject;
  sub->queue = queue;
  sub->handler = std::move(handler);
  sub->link = state_->link;
  state_->subs.emplace(sub->id, sub);
  const SubscriptionId id = sub->id;
  Append(*state_, {Operation::kSubscribe, nullptr, std::move(sub)});
  return id;
}

void MemoryWire::Unsubscribe(SubscriptionId id) {
  const auto found = state_->subs.find(id);
  if (found == state_->subs.end()) return;
  memory::SubPtr sub = std::move(found->second);
  state_->subs.erase(found);
  sub->open = false;
  Append(*state_, {Operation::kUnsubscribe, nullptr, std::move(sub)});
}

Result<void> MemoryWire::Publish(const Outbound& message) {
  auto checked = Check(message, message.reply, broker_->options.payload_bytes_max);
  if (!checked) return checked;
  if (!state_->connected) return NotConnected();
  Append(*state_, {Operation::kPublish, broker_->MakeBody(message, message.reply), nullptr});
  return {};
}

void MemoryWire::Request(const Outbound& message, std::chrono::milliseconds timeout,
                         AnswerHandler done) {
  const uint64_t number = ++state_->last_request;
  State::Open open{std::move(done), std::string(message.subject), std::nullopt};
  int64_t wait_us = std::max<int64_t>(timeout / std::chrono::microseconds(1), 0);
  auto checked = Check(message, {}, broker_->options.payload_bytes_max);
  if (!checked || !state_->connected) {
    open.error = !checked ? checked.error() : NotConnected();
    wait_us = 0;
  } else {
    const std::string reply = state_->reply_prefix + std::to_string(number);
    Append(*state_, {Operation::kPublish, broker_->MakeBody(message, reply), nullptr});
  }
  state_->requests.emplace(number, std::move(open));
  ++broker_->open_requests;
  broker_->Push(Event::kTimeout, broker_->now_us() + wait_us, state_->id, number);
}

void MemoryWire::Flush() {
  if (!state_->connected) return;
  state_->flushed = state_->out.size();
  broker_->Send(*state_);
}

void MemoryWire::SetConnectionHandler(ConnectionHandler handler) {
  state_->connection_handler = std::move(handler);
}
bool MemoryWire::connected() const { return state_->connected; }
uint64_t MemoryWire::connection_number() const { return state_->connection_number; }
std::string MemoryWire::NewInbox() {
  return "_INBOX.c" + std::to_string(state_->id) + "." + std::to_string(++state_->inboxes);
}
size_t MemoryWire::payload_bytes_max() const { return broker_->options.payload_bytes_max; }
size_t MemoryWire::unwritten_bytes() const { return state_->out_bytes; }

// ---- What happens to a client

void MemoryBroker::Impl::OnConnect(ClientId id) {
  const std::shared_ptr<MemoryWire::State> client = clients[id];
  if (client == nullptr) return;
  if (!running) {
    waiting.push_back(id);
    return;
  }
  auto link = std::make_shared<Link>();
  link->client = client.get();
  link->client_id = id;
  link->number = ++last_link;
  links.emplace(link->number, link);
  client->link = link;
  client->connected = true;
  ++client->connection_number;
  Trace("connect", id, client->connection_number, "");
  client->reply_prefix =
      "_INBOX.c" + std::to_string(id) + ".r" + std::to_string(client->connection_number) + ".";
  auto replies = std::make_shared<Sub>();
  replies->id = ++last_sub;
  replies->subject = client->reply_prefix + "*";
  replies->link = std::move(link);
  replies->handler = [this, state = client.get()](const Arrived& arrived) {
    OnAnswer(*state, arrived);
  };
  client->subs.emplace(replies->id, replies);
  Append(*client, {Operation::kSubscribe, nullptr, std::move(replies)});
  if (const auto handler = client->connection_handler) handler(true);
}

void MemoryBroker::Impl::OnClientLost(uint32_t number) {
  const auto found = links.find(number);
  if (found == links.end() || found->second->client == nullptr) return;
  const std::shared_ptr<Link> link = found->second;
  const std::shared_ptr<MemoryWire::State> client = clients[link->client_id];
  link->client = nullptr;
  link->held.clear();
  if (!link->registered) links.erase(found);
  Trace("lost", client->id, number, "");
  client->link.reset();
  client->connected = false;
  for (const auto& [id, sub] : client->subs) sub->open = false;
  client->subs.clear();
  counts.lost += client->out.size();
  client->out.clear();
  client->flushed = 0;
  client->out_bytes = 0;
  const int64_t wait_us = link->reconnect_us >= 0 ? link->reconnect_us : Sample(options.reconnect);
  Push(Event::kConnect, now_us() + wait_us, client->id);
  // Those asked meanwhile, by a handler, have their own error.
  const auto last = client->last_request;
  while (client->alive && !client->requests.empty() && client->requests.begin()->first <= last) {
    MemoryWire::State::Open open = std::move(client->requests.begin()->second);
    client->requests.erase(client->requests.begin());
    --open_requests;
    open.done(open.error ? *open.error : Retry("the connection is gone"));
  }
  if (!client->alive) return;
  if (const auto handler = client->connection_handler) handler(false);
}

void MemoryBroker::Impl::OnDeliver(Delivery delivery) {
  Link& link = *delivery.sub->link;
  if (now_us() > link.deliver_until_us || link.client == nullptr || !delivery.sub->open) {
    link.pending_bytes -= delivery.body->subject().size() + delivery.body->payload_bytes();
    ++counts.dropped;
    Trace("drop", link.client_id, delivery.sub->id, delivery.body->subject());
    return;
  }
  if (link.client->paused || !link.held.empty()) {
    link.held.push_back(std::move(delivery));
    return;
  }
  Handle(delivery);
}

void MemoryBroker::Impl::OnDrain(uint32_t number) {
  const auto found = links.find(number);
  if (found == links.end()) return;
  const std::shared_ptr<Link> link = found->second;
  link->draining = false;
  if (link->client == nullptr || link->client->paused || link->held.empty()) return;
  Delivery delivery = std::move(link->held.front());
  link->held.pop_front();
  if (!link->held.empty()) {
    link->draining = true;
    Push(Event::kDrain, now_us(), number);
  }
  if (delivery.sub->open) return Handle(delivery);
  link->pending_bytes -= delivery.body->subject().size() + delivery.body->payload_bytes();
  ++counts.dropped;
}

void MemoryBroker::Impl::Handle(Delivery& delivery) {
  const Body& body = *delivery.body;
  Link& link = *delivery.sub->link;
  link.pending_bytes -= body.subject().size() + body.payload_bytes();
  ++counts.delivered;
  Trace("deliver", link.client_id, delivery.sub->id, body.subject(), body.bytes());
  if (delivery.own_reply) Trace("reply", link.client_id, delivery.sub->id, delivery.reply);
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

void MemoryBroker::Impl::OnAnswer(MemoryWire::State& client, const Arrived& arrived) {
  const std::string_view text = arrived.subject.substr(client.reply_prefix.size());
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  const auto found = client.requests.find(number);
  if (found == client.requests.end()) return;  // Too late, or again.
  MemoryWire::State::Open open = std::move(found->second);
  client.requests.erase(found);
  --open_requests;
  if (arrived.status == 503) return open.done(Reject("nobody is subscribed to " + open.subject));
  open.done(Answer{std::string(arrived.data), std::string(arrived.content_type)});
}

void MemoryBroker::Impl::OnTimeout(ClientId id, uint64_t request) {
  const std::shared_ptr<MemoryWire::State> client = clients[id];
  if (client == nullptr) return;
  const auto found = client->requests.find(request);
  if (found == client->requests.end()) return;
  MemoryWire::State::Open open = std::move(found->second);
  client->requests.erase(found);
  --open_requests;
  Trace("timeout", id, request, open.subject);
  open.done(open.error ? *open.error : Retry("no answer from " + open.subject + " in time"));
}

void MemoryBroker::Impl::Destroy(MemoryWire::State& client) {
  Trace("destroy", client.id, client.connection_number, "");
  client.alive = false;
  open_requests -= client.requests.size();
  client.requests.clear();
  for (const auto& [id, sub] : client.subs) sub->open = false;
  client.subs.clear();
  client.connection_handler = nullptr;
  if (const std::shared_ptr<Link> link = std::move(client.link); link != nullptr) {
    if (!link->cut) {
      CutLink(link);
      Push(Event::kServerLost, std::max(link->lane_us, now_us() + Sample(options.notice)),
           link->number);
    }
    link->client = nullptr;
    link->held.clear();
    if (!link->registered) links.erase(link->number);
  }
  client.link.reset();
  counts.lost += client.out.size();
  client.out.clear();
  clients[client.id] = nullptr;
}

}  // namespace lyceum::wire
