// Push consumers without acks, as nats-server 2.9.10 drives them.
//
//   delivery       subject of the record, reply
//                  $JS.ACK.<stream>.<consumer>.1.<stream seq>.<consumer seq>.<ns>.<pending>
//   heartbeat      status 100, Nats-Last-Consumer, Nats-Last-Stream; with a flow control request
//                  open also Nats-Consumer-Stalled, its subject
//   flow control   status 100 and a reply: asked for when more than half of the window is out;
//                  more than the window stops the consumer until it is answered
#include <algorithm>
#include <charconv>

#include "wire/memory_broker.h"
#include "wire/memory_broker_impl.h"

namespace lyceum::wire {

using memory::Body;
using memory::BodyPtr;
using memory::Consumer;
using memory::Event;
using memory::Record;
using memory::Stream;

namespace {

constexpr uint64_t kDeliveriesMax = 16;  // Of one event; others come in between.

void AppendNumber(std::string* text, uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  text->push_back('.');
  text->append(digits, end);
}

BodyPtr Status(std::string_view subject, std::vector<std::pair<std::string, std::string>> headers) {
  auto body = std::make_shared<Body>(Body::Fields{subject, {}, {}, {}, {}, {}, {}});
  body->status = 100;
  body->status_headers = std::move(headers);
  return body;
}

}  // namespace

bool MemoryBroker::Impl::WantsRecord(const Consumer& consumer, const Record& record) {
  return consumer.filter.empty() || memory::Wants(consumer.filter, record.body->subject());
}

Consumer* MemoryBroker::Impl::AddConsumer(std::shared_ptr<Consumer> consumer) {
  Consumer& added = *consumer;
  added.id = ++last_consumer;
  Stream& stream = *added.stream;
  if (added.filter.empty() && added.next <= stream.first) {
    added.pending = stream.count;
  } else {
    for (uint64_t sequence = std::max(added.next, stream.first); sequence <= stream.last;
         ++sequence) {
      const Record* record = stream.Find(sequence);
      if (record != nullptr && WantsRecord(added, *record)) ++added.pending;
    }
  }
  added.bytes_max = options.flow_bytes;
  added.active = interest.Exactly(added.deliver_subject) != nullptr;
  added.inactive_since_us = now_us();
  added.last_sent_us = now_us();
  stream.consumers.emplace(added.name, consumer);
  by_deliver_subject.emplace(added.deliver_subject, &added);
  consumers.emplace(added.id, std::move(consumer));
  if (added.active) {
    ScheduleConsumer(added);
  } else {
    Push(Event::kExpire, now_us() + added.threshold_us, 0, added.id);
  }
  if (added.heartbeat_us > 0) {
    Push(Event::kHeartbeat, now_us() + added.heartbeat_us, 0, added.id);
  }
  return &added;
}

void MemoryBroker::Impl::RemoveConsumer(Consumer& consumer) {
  Trace("consumer-gone", 0, consumer.id, consumer.name);
  const auto [begin, end] = by_deliver_subject.equal_range(consumer.deliver_subject);
  for (auto it = begin; it != end; ++it) {
    if (it->second != &consumer) continue;
    by_deliver_subject.erase(it);
    break;
  }
  const uint64_t id = consumer.id;
  const std::string name = consumer.name;
  consumer.stream->consumers.erase(name);
  consumers.erase(id);
}

void MemoryBroker::Impl::RemoveConsumers(Stream& stream) {
  while (!stream.consumers.empty()) RemoveConsumer(*stream.consumers.begin()->second);
}

void MemoryBroker::Impl::ScheduleConsumer(Consumer& consumer) {
  if (consumer.scheduled || !consumer.active || consumer.stream->stalled) return;
  if (consumer.pending == 0) return;
  consumer.scheduled = true;
  Push(Event::kConsume, now_us() + Sample(options.jetstream), 0, consumer.id);
}

void MemoryBroker::Impl::OnConsume(Consumer& consumer) {
  consumer.scheduled = false;
  Stream& stream = *consumer.stream;
  for (uint64_t left = 1 + Below(kDeliveriesMax); left > 0; --left) {
    if (!consumer.active || stream.stalled || consumer.pending == 0) return;
    if (consumer.flow &&
        (consumer.bytes > consumer.bytes_max ||
         (options.flow_messages_max > 0 && consumer.messages >= options.flow_messages_max))) {
      return;
    }
    consumer.next = std::max(consumer.next, stream.first);
    const Record* record = nullptr;
    while (consumer.next <= stream.last) {
      record = stream.Find(consumer.next);
      if (record != nullptr && WantsRecord(consumer, *record)) break;
      record = nullptr;
      ++consumer.next;
    }
    if (record == nullptr) return;
    DeliverRecord(consumer, *record, consumer.next);
  }
  ScheduleConsumer(consumer);
}

void MemoryBroker::Impl::DeliverRecord(Consumer& consumer, const Record& record,
                                       uint64_t sequence) {
  const BodyPtr body = record.body;
  ++consumer.delivered;
  consumer.next = sequence + 1;
  --consumer.pending;
  std::string reply;
  reply.reserve(96);
  reply.append("$JS.ACK.").append(consumer.stream->config.name).push_back('.');
  reply.append(consumer.name).append(".1");
  AppendNumber(&reply, sequence);
  AppendNumber(&reply, consumer.delivered);
  AppendNumber(&reply, static_cast<uint64_t>(record.time_ns));
  AppendNumber(&reply, consumer.pending);
  const auto bytes = static_cast<int64_t>(consumer.deliver_subject.size() + body->subject().size() +
                                          reply.size() + body->payload_bytes());
  if (consumer.skip > 0) {
    --consumer.skip;
  } else {
    ToConsumer(consumer, body, std::move(reply));
  }
  if (!consumer.flow) return;
  consumer.bytes += bytes;
  ++consumer.messages;
  if (!consumer.asked.empty()) return;
  if (consumer.bytes <= consumer.bytes_max / 2 &&
      (options.flow_messages_max == 0 || consumer.messages <= options.flow_messages_max / 2)) {
    return;
  }
  consumer.asked = "$JS.FC." + consumer.stream->config.name + "." + consumer.name;
  AppendNumber(&consumer.asked, Below(1'000'000'000));
  consumer.asked_bytes = consumer.bytes;
  consumer.asked_messages = consumer.messages;
  ToConsumer(consumer, Status(consumer.deliver_subject, {}), consumer.asked);
}

void MemoryBroker::Impl::ToConsumer(Consumer& consumer, BodyPtr body, std::string reply) {
  consumer.last_sent_us = now_us();
  const std::vector<memory::Sub*>* subs = interest.Exactly(consumer.deliver_subject);
  if (subs == nullptr) return;
  for (memory::Sub* sub : *subs) {
    if (sub->stream == nullptr) Deliver(sub, body, reply, true, false);
  }
}

void MemoryBroker::Impl::OnFlowAnswer(std::string_view subject) {
  // $JS.FC.<stream>.<consumer>.<number>
  std::string_view rest = subject.substr(sizeof("$JS.FC.") - 1);
  bool last = false;
  const std::string_view name = memory::FirstToken(rest, &rest, &last);
  const auto stream = streams.find(name);
  if (stream == streams.end()) return;
  const auto found =
      stream->second->consumers.find(std::string(memory::FirstToken(rest, &rest, &last)));
  if (found == stream->second->consumers.end()) return;
  Consumer& consumer = *found->second;
  if (consumer.asked != subject) return;
  consumer.bytes_max = std::min(consumer.bytes_max * 2, options.flow_bytes_max);
  consumer.bytes -= consumer.asked_bytes;
  consumer.messages -= consumer.asked_messages;
  consumer.asked.clear();
  consumer.asked_bytes = 0;
  consumer.asked_messages = 0;
  ScheduleConsumer(consumer);
}

void MemoryBroker::Impl::OnHeartbeat(Consumer& consumer) {
  const int64_t due_us = consumer.last_sent_us + consumer.heartbeat_us;
  if (now_us() >= due_us && consumer.active) {
    std::vector<std::pair<std::string, std::string>> headers = {
        {"Nats-Last-Consumer", std::to_string(consumer.delivered)},
        {"Nats-Last-Stream", std::to_string(consumer.next - 1)}};
    if (!consumer.asked.empty()) headers.emplace_back("Nats-Consumer-Stalled", consumer.asked);
    ToConsumer(consumer, Status(consumer.deliver_subject, std::move(headers)), {});
  }
  const bool waits = consumer.active && now_us() < due_us;
  Push(Event::kHeartbeat, waits ? due_us : now_us() + consumer.heartbeat_us, 0, consumer.id);
}

void MemoryBroker::Impl::OnExpire(Consumer& consumer) {
  if (consumer.active || now_us() - consumer.inactive_since_us < consumer.threshold_us) return;
  RemoveConsumer(consumer);
}

void MemoryBroker::Impl::InterestChanged(std::string_view subject) {
  const auto [begin, end] = by_deliver_subject.equal_range(std::string(subject));
  if (begin == end) return;
  const bool active = interest.Exactly(subject) != nullptr;
  for (auto it = begin; it != end; ++it) {
    Consumer& consumer = *it->second;
    if (consumer.active == active) continue;
    consumer.active = active;
    if (active) {
      ScheduleConsumer(consumer);
    } else {
      consumer.inactive_since_us = now_us();
      Push(Event::kExpire, now_us() + consumer.threshold_us, 0, consumer.id);
    }
  }
}

}  // namespace lyceum::wire
