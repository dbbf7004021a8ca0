#include <charconv>

#include "base/check.h"
#include "wire/memory_broker.h"
#include "wire/memory_broker_impl.h"
#include "wire/outbound_check.h"

namespace lyceum::wire {

using memory::Event;
using memory::Link;
using memory::Operation;
using memory::Sub;

namespace {

constexpr size_t kRequestsMax = 1 << 16;
constexpr size_t kUnwrittenBytesMax = 256 << 20;

Error NotConnected() { return Retry("not connected to NATS"); }

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
  if (auto checked = CheckSubscription(subject, queue); !checked) return checked.error();
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
  if (auto checked = CheckOutbound(message, payload_bytes_max()); !checked) return checked;
  return Send(message, message.reply);
}

Result<void> MemoryWire::Send(const Outbound& message, std::string_view reply) {
  if (!state_->connected) return NotConnected();
  if (state_->out_bytes > kUnwrittenBytesMax) {
    return Retry("the NATS server does not read what is sent to it");
  }
  Append(*state_, {Operation::kPublish, broker_->MakeBody(message, reply), nullptr});
  return {};
}

void MemoryWire::Request(const Outbound& message, std::chrono::milliseconds timeout,
                         AnswerHandler done) {
  Outbound sent = message;
  sent.reply = {};
  const uint64_t number = ++state_->last_request;
  auto published = CheckOutbound(sent, payload_bytes_max());
  if (published && state_->requests.size() >= kRequestsMax) {
    published = Retry("too many requests are without an answer");
  }
  if (published) published = Send(sent, state_->reply_prefix + std::to_string(number));
  State::Open open{std::move(done), std::string(message.subject), std::nullopt};
  if (!published) open.error = published.error();
  const int64_t wait_us =
      published ? std::max<int64_t>(timeout / std::chrono::microseconds(1), 0) : 0;
  state_->requests.emplace(number, std::move(open));
  ++broker_->open_requests;
  broker_->Push(Event::kTimeout, broker_->now_us() + wait_us, state_->id, number);
}

void MemoryWire::Flush() { broker_->Flush(*state_); }

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
  touched = id;
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
  DropReads(*link);
  if (!link->registered) links.erase(found);
  Trace("lost", client->id, number, "");
  touched = client->id;
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
  touched = id;
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
      Push(Event::kServerLost, std::max(link->up_us, now_us() + Sample(options.notice)),
           link->number);
    }
    link->client = nullptr;
    DropReads(*link);
    if (!link->registered) links.erase(link->number);
  }
  client.link.reset();
  counts.lost += client.out.size();
  client.out.clear();
  clients[client.id] = nullptr;
}

}  // namespace lyceum::wire
