// Streams of the in-memory twin: what a message goes through before it is stored, as nats-server
// 2.9.10 does it: a known message id is acked again; then the expected sequence, the size and the
// room are looked at.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "wire/memory_broker.h"
#include "wire/memory_broker_impl.h"

namespace lyceum::wire {

using memory::Body;
using memory::BodyPtr;
using memory::Record;
using memory::Stream;

namespace {

constexpr int64_t kNsPerMs = 1'000'000;

// In a file of the server.
int64_t StoredBytes(const Body& body) {
  const size_t headers = body.header_bytes();
  return static_cast<int64_t>(22 + body.subject().size() + (headers == 0 ? 0 : 4 + headers) +
                              body.data().size() + 8);
}

std::string Refusal(const Stream& stream, int code, int err_code, std::string_view description) {
  return fmt::format(
      R"({{"error":{{"code":{},"err_code":{},"description":"{}"}},"stream":"{}","seq":0}})", code,
      err_code, description, stream.config.name);
}

std::string Ack(const Stream& stream, uint64_t sequence, bool duplicate) {
  std::string ack = R"({"stream":")";
  ack.append(stream.config.name).append(R"(", "seq":)").append(std::to_string(sequence));
  return ack.append(duplicate ? R"(,"duplicate": true})" : "}");
}

}  // namespace

Stream& MemoryBroker::Impl::StreamOf(const std::string& name) {
  const auto found = streams.find(name);
  CHECK(found != streams.end());  // AddStream was called.
  return *found->second;
}

void MemoryBroker::Impl::Add(MemoryStream config) {
  CHECK(!streams.contains(config.name));
  auto stream = std::make_unique<Stream>();
  stream->created_ns = ServerNs();
  for (const std::string& subject : config.subjects) {
    auto sub = std::make_shared<memory::Sub>();
    sub->id = ++last_sub;
    sub->subject = subject;
    sub->stream = stream.get();
    interest.Add(subject, sub.get());
    stream->interest.push_back(std::move(sub));
  }
  stream->config = std::move(config);
  streams.emplace(stream->config.name, std::move(stream));
}

void MemoryBroker::Impl::Store(Stream& stream, const BodyPtr& body) {
  const std::string answer = StoreAnswer(stream, body);
  if (body->reply().empty()) return;
  stream.ack_lane_us = std::max(stream.ack_lane_us, now_us() + Sample(options.jetstream));
  Reply(body->reply(), answer, stream.ack_lane_us);
}

std::string MemoryBroker::Impl::StoreAnswer(Stream& stream, const BodyPtr& body) {
  const MemoryStream& config = stream.config;
  const int64_t time_ns = ServerNs();
  const int64_t window_ns = config.duplicates_ms * kNsPerMs;
  const std::string_view id = (*body)[Body::kMessageId];
  if (!id.empty() && window_ns > 0) {
    while (!stream.ids_by_age.empty() && time_ns - stream.ids_by_age.front().first >= window_ns) {
      stream.ids.erase(stream.ids_by_age.front().second);
      stream.ids_by_age.pop_front();
    }
    if (const auto known = stream.ids.find(id); known != stream.ids.end()) {
      return Ack(stream, known->second.sequence, true);
    }
  }
  if (const std::string_view expected = (*body)[Body::kExpectedLast]; !expected.empty()) {
    uint64_t want = 0;  // Also of what is no number.
    std::from_chars(expected.data(), expected.data() + expected.size(), want);
    const auto found = stream.subjects.find(body->subject());
    const uint64_t last = found == stream.subjects.end() ? 0 : found->second.last;
    if (want != last) {
      return Refusal(stream, 400, 10071, "wrong last sequence: " + std::to_string(last));
    }
  }
  const auto payload = static_cast<int64_t>(body->payload_bytes());
  if (config.message_bytes_max >= 0 && payload > config.message_bytes_max) {
    return Refusal(stream, 400, 10054, "message size exceeds maximum allowed");
  }
  // The server counts the payload alone here: so the last one in may push the oldest out.
  if (stream.refuses ||
      (!config.discard_old && config.bytes_max > 0 && stream.bytes + payload >= config.bytes_max)) {
    return Refusal(stream, 503, 10077, "maximum bytes exceeded");
  }
  if (stream.ack_without_storing > 0) {
    --stream.ack_without_storing;
    return Ack(stream, 0, true);
  }

  const uint64_t sequence = ++stream.last;
  if (stream.records.empty()) stream.first = sequence;
  stream.records.push_back({body, time_ns});
  ++stream.count;
  ++counts.stored;
  stream.bytes += StoredBytes(*body);
  auto subject = stream.subjects.find(body->subject());
  if (subject == stream.subjects.end()) {
    subject = stream.subjects.emplace(std::string(body->subject()), Stream::OfSubject()).first;
  }
  const uint64_t before = std::exchange(subject->second.last, sequence);
  ++subject->second.count;
  if (!id.empty() && window_ns > 0) {
    stream.ids.emplace(std::string(id), Stream::Known{sequence, time_ns});
    stream.ids_by_age.emplace_back(time_ns, std::string(id));
  }
  for (const auto& [name, consumer] : stream.consumers) {
    if (!WantsRecord(*consumer, stream.records.back())) continue;
    ++consumer->pending;
    ScheduleConsumer(*consumer);
  }
  if (config.messages_per_subject_max == 1) {
    if (before != 0) Remove(stream, before);
  } else if (config.messages_per_subject_max > 1) {
    for (uint64_t old = stream.first;
         old<sequence&& static_cast<int64_t>(subject->second.count)> config
             .messages_per_subject_max;
         ++old) {
      const Record* record = stream.Find(old);
      if (record != nullptr && record->body->subject() == body->subject()) Remove(stream, old);
    }
  }
  while (config.bytes_max > 0 && stream.bytes > config.bytes_max && stream.count > 0) {
    Remove(stream, stream.first);
  }
  return Ack(stream, sequence, false);
}

void MemoryBroker::Impl::Remove(Stream& stream, uint64_t sequence) {
  const Record* found = stream.Find(sequence);
  if (found == nullptr) return;
  const Record removed = *found;
  for (const auto& [name, consumer] : stream.consumers) {
    if (consumer->next <= sequence && WantsRecord(*consumer, removed)) --consumer->pending;
  }
  --stream.count;
  stream.bytes -= StoredBytes(*removed.body);
  const auto subject = stream.subjects.find(removed.body->subject());
  CHECK(subject != stream.subjects.end());
  if (--subject->second.count == 0) {
    stream.subjects.erase(subject);
  } else if (subject->second.last == sequence) {
    uint64_t last = sequence - 1;
    for (; last >= stream.first; --last) {
      const Record* record = stream.Find(last);
      if (record != nullptr && record->body->subject() == removed.body->subject()) break;
    }
    subject->second.last = last;
  }
  stream.records[sequence - stream.first].body = nullptr;
  while (!stream.records.empty() && stream.records.front().body == nullptr) {
    stream.records.pop_front();
    ++stream.first;
  }
}

void MemoryBroker::Impl::LoseTail(Stream& stream, uint64_t count) {
  RemoveConsumers(stream);
  for (; count > 0 && stream.count > 0; --count) {
    while (stream.records.back().body == nullptr) {
      stream.records.pop_back();
      --stream.last;
    }
    Remove(stream, stream.last);
    if (!stream.records.empty()) stream.records.pop_back();
    --stream.last;
  }
  if (stream.records.empty()) stream.first = stream.last + 1;
  // As a server that starts: it knows the ids of what it has.
  stream.ids.clear();
  stream.ids_by_age.clear();
  for (uint64_t sequence = stream.first; sequence <= stream.last; ++sequence) {
    const Record* record = stream.Find(sequence);
    if (record == nullptr || (*record->body)[Body::kMessageId].empty()) continue;
    const std::string id((*record->body)[Body::kMessageId]);
    if (!stream.ids.emplace(id, Stream::Known{sequence, record->time_ns}).second) continue;
    stream.ids_by_age.emplace_back(record->time_ns, id);
  }
}

void MemoryBroker::Impl::TrimBelow(Stream& stream, uint64_t sequence) {
  while (stream.count > 0 && stream.first < sequence) Remove(stream, stream.first);
}

void MemoryBroker::Impl::Forget(Stream& stream) {
  RemoveConsumers(stream);
  stream.created_ns = std::max(ServerNs(), stream.created_ns + 1);
  stream.first = 1;
  stream.last = 0;
  stream.records.clear();
  stream.count = 0;
  stream.bytes = 0;
  stream.subjects.clear();
  stream.ids.clear();
  stream.ids_by_age.clear();
}

// ---- The door

void MemoryBroker::AddStream(MemoryStream stream) { impl_->Add(std::move(stream)); }

void MemoryBroker::AddBucket(const std::string& bucket) {
  MemoryStream stream;
  stream.name = "KV_" + bucket;
  stream.subjects = {"$KV." + bucket + ".>"};
  stream.messages_per_subject_max = 1;
  impl_->Add(std::move(stream));
}

std::vector<MemoryRecord> MemoryBroker::Stored(const std::string& stream) const {
  const Stream& of = impl_->StreamOf(stream);
  std::vector<MemoryRecord> stored;
  for (uint64_t sequence = of.first; sequence <= of.last; ++sequence) {
    const Record* record = of.Find(sequence);
    if (record == nullptr) continue;
    const Body& body = *record->body;
    stored.push_back({std::string(body.subject()), std::string(body[Body::kContentType]),
                      std::string(body[Body::kMessageId]), std::string(body.data()), sequence,
                      record->time_ns / kNsPerMs});
  }
  return stored;
}

uint64_t MemoryBroker::first_sequence(const std::string& stream) const {
  return impl_->StreamOf(stream).first;
}
uint64_t MemoryBroker::last_sequence(const std::string& stream) const {
  return impl_->StreamOf(stream).last;
}
size_t MemoryBroker::consumers(const std::string& stream) const {
  return impl_->StreamOf(stream).consumers.size();
}

void MemoryBroker::LoseTail(const std::string& stream, uint64_t count) {
  impl_->LoseTail(impl_->StreamOf(stream), count);
}
void MemoryBroker::RecreateStream(const std::string& stream) {
  impl_->Forget(impl_->StreamOf(stream));
}
void MemoryBroker::TrimBelow(const std::string& stream, uint64_t sequence) {
  impl_->TrimBelow(impl_->StreamOf(stream), sequence);
}
void MemoryBroker::RefusePublishes(const std::string& stream, bool on) {
  impl_->StreamOf(stream).refuses = on;
}
void MemoryBroker::AckWithoutStoring(const std::string& stream, uint64_t count) {
  impl_->StreamOf(stream).ack_without_storing = count;
}
void MemoryBroker::BreakConsumers(const std::string& stream) {
  impl_->RemoveConsumers(impl_->StreamOf(stream));
}
void MemoryBroker::StallConsumers(const std::string& stream, bool on) {
  Stream& of = impl_->StreamOf(stream);
  of.stalled = on;
  if (on) return;
  for (const auto& [name, consumer] : of.consumers) impl_->ScheduleConsumer(*consumer);
}
void MemoryBroker::SkipDeliveries(const std::string& stream, uint64_t count) {
  for (const auto& [name, consumer] : impl_->StreamOf(stream).consumers) consumer->skip = count;
}

}  // namespace lyceum::wire
