// The inside of MemoryBroker, for the sources of the in-memory twin of NATS:
//
//   memory_broker.cc      the queue of events, and the door
//   memory_network.cc     who gets a message; the way there and back; faults of clients and server
//   memory_wire.cc        what a client does; what happens to a client
//   memory_stream.cc      storing, the duplicate window, faults of streams
//   memory_consumer.cc    delivering, heartbeats, flow control
//   memory_api.cc         the API subjects and their JSON
//
//   client --Flush--> Link::on_the_way --kArrive--> server: Route --kRead--> handlers
//                                                     |
//                                     streams: store, kRoute (the ack), kConsume (their consumers)
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/random.h"
#include "wire/memory_body.h"
#include "wire/memory_broker.h"
#include "wire/memory_interest.h"

namespace lyceum::wire::memory {

struct Link;
struct Stream;

struct Sub : std::enable_shared_from_this<Sub> {
  uint64_t id = 0;
  std::string subject;
  std::string queue;
  Wire::Handler handler;
  std::shared_ptr<Link> link;  // Null: of a stream.
  Stream* stream = nullptr;
  bool open = true;  // The client still wants it.
};
using SubPtr = std::shared_ptr<Sub>;

// What goes from a client to the server.
struct Operation {
  enum Kind { kPublish, kSubscribe, kUnsubscribe } kind = kPublish;
  BodyPtr body;
  SubPtr sub;
  size_t bytes() const {
    return body == nullptr ? 64 : body->subject().size() + body->payload_bytes() + 32;
  }
};

struct Delivery {
  SubPtr sub;
  BodyPtr body;
  std::string reply;  // Instead of the body's, where `own_reply`.
  bool own_reply = false;
};

// What one read of a client brings.
struct Read {
  int64_t time_us = 0;
  std::vector<Delivery> deliveries;
};

// One connection, both ends of it.
struct Link {
  MemoryWire::State* client = nullptr;  // Null: it has noticed the break, or is no more.
  MemoryBroker::ClientId client_id = 0;
  uint32_t number = 0;
  bool cut = false;                 // Nothing gets on its way any more.
  bool registered = true;           // The server still knows it.
  int64_t reconnect_us = -1;        // As in Cut.
  std::map<uint64_t, SubPtr> subs;  // As the server knows them.

  std::deque<std::vector<Operation>> on_the_way;  // To the server. A kArrive event each, at least.
  int64_t up_us = 0;                              // When the last of them arrives.

  std::deque<Read> reads;  // To the client. A kRead event each, at least.
  int64_t down_us = 0;     // When the last message comes.
  int64_t deliver_until_us = INT64_MAX;
  std::deque<Read> held;     // The client does not read.
  bool draining = false;     // A kDrain event is in the queue.
  size_t pending_bytes = 0;  // In reads and held.
};

struct Consumer {
  uint64_t id = 0;
  std::string name;
  std::string deliver_subject;
  std::string filter;  // Empty: all.
  Stream* stream = nullptr;
  uint64_t next = 1;       // The stream sequence that is looked at next.
  uint64_t delivered = 0;  // The last consumer sequence.
  uint64_t pending = 0;    // Records from `next` on that it wants.
  bool active = false;     // Somebody is subscribed to its deliver subject.
  int64_t inactive_since_us = 0;
  bool scheduled = false;  // A kConsume event is in the queue.
  int64_t last_sent_us = 0;
  int64_t heartbeat_us = 0;  // 0: none.
  int64_t threshold_us = 0;
  uint64_t skip = 0;
  // Flow control, as the server counts: both subjects, reply, headers and data of what it
  // delivers.
  bool flow = false;
  std::string asked;  // The reply subject that is open. Empty: none.
  int64_t bytes = 0, asked_bytes = 0, bytes_max = 0;
  uint32_t messages = 0, asked_messages = 0;
};

struct Record {
  BodyPtr body;  // Null: it was removed.
  int64_t time_ns = 0;
};

struct Stream {
  MemoryStream config;
  int64_t created_ns = 0;
  // Invariant: records[i] has sequence first + i, up to last; the front one is there.
  uint64_t first = 1, last = 0;
  std::deque<Record> records;
  uint64_t count = 0;
  int64_t bytes = 0;
  struct OfSubject {
    uint64_t last = 0;
    uint64_t count = 0;
  };
  TextMap<OfSubject> subjects;
  struct Known {
    uint64_t sequence = 0;
    int64_t time_ns = 0;
  };
  TextMap<Known> ids;
  std::deque<std::pair<int64_t, std::string>> ids_by_age;
  std::map<std::string, std::shared_ptr<Consumer>> consumers;
  std::vector<SubPtr> interest;
  bool refuses = false;
  bool stalled = false;
  uint64_t ack_without_storing = 0;
  int64_t ack_lane_us = 0;

  const Record* Find(uint64_t sequence) const {
    if (sequence < first || sequence > last) return nullptr;
    const Record& record = records[sequence - first];
    return record.body == nullptr ? nullptr : &record;
  }
};

struct Event {
  enum Kind : uint32_t {
    kArrive,      // link
    kRead,        // link
    kDrain,       // link
    kRoute,       // slot of routed; epoch of the server
    kConsume,     // consumer
    kHeartbeat,   // consumer
    kExpire,      // consumer
    kConnect,     // client
    kClientLost,  // link
    kServerLost,  // link
    kTimeout,     // client, request
    kCall,        // slot of calls
    kJetStream,   // epoch of the server
  };
  int64_t time_us = 0;
  uint64_t order = 0;
  Kind kind = kArrive;
  uint32_t subject = 0;
  uint64_t detail = 0;
  bool operator>(const Event& other) const {
    return time_us != other.time_us ? time_us > other.time_us : order > other.order;
  }
};

// Values that wait for their event, by number.
template <class T>
class Slots {
 public:
  uint32_t Put(T value) {
    if (free_.empty()) {
      values_.push_back(std::move(value));
      return static_cast<uint32_t>(values_.size() - 1);
    }
    const uint32_t slot = free_.back();
    free_.pop_back();
    values_[slot] = std::move(value);
    return slot;
  }
  T Remove(uint32_t slot) {
    T value = std::move(values_[slot]);
    values_[slot] = T();
    free_.push_back(slot);
    return value;
  }

 private:
  std::vector<T> values_;
  std::vector<uint32_t> free_;
};

// Whether waiting for it makes the broker busy.
inline bool IsWork(Event::Kind kind) {
  return kind != Event::kHeartbeat && kind != Event::kExpire && kind != Event::kTimeout;
}

}  // namespace lyceum::wire::memory

namespace lyceum::wire {

struct MemoryWire::State {
  MemoryBroker::ClientId id = 0;
  bool alive = true;  // The MemoryWire is there.
  bool connected = false;
  uint64_t connection_number = 0;
  std::shared_ptr<memory::Link> link;  // Null: not connected, as far as it knows.
  ConnectionHandler connection_handler;
  std::map<SubscriptionId, memory::SubPtr> subs;
  uint64_t inboxes = 0;

  std::vector<memory::Operation> out;  // The first `flushed` of them wait for the socket alone.
  size_t flushed = 0;
  size_t out_bytes = 0;
  bool blocked = false;
  bool paused = false;
  std::optional<LinkFaults> faults;

  struct Open {
    AnswerHandler done;
    std::string subject;
    std::optional<Error> error;  // Known from the beginning.
  };
  std::map<uint64_t, Open> requests;
  uint64_t last_request = 0;
  std::string reply_prefix;  // Of this connection.
};

class MemoryBroker::Impl {
 public:
  Impl(ManualClock* clock, Options options);
  ~Impl();

  // ---- memory_broker.cc
  bool Step();
  void Run(const memory::Event& event);
  void Push(memory::Event::Kind kind, int64_t time_us, uint32_t subject, uint64_t detail = 0);
  int64_t Sample(const Latency& latency);
  uint64_t Below(uint64_t bound) { return bound <= 1 ? 0 : (random.Next() >> 11) % bound; }
  bool Chance(uint32_t per_million) { return per_million > 0 && Below(1'000'000) < per_million; }
  int64_t now_us() const { return clock->NowUs(); }
  int64_t ServerNs() const;
  // Goes into the hash with the time; `label` is what the line shows, `bytes` is hashed only.
  void Trace(const char* what, uint64_t who, uint64_t number, std::string_view label,
             std::string_view bytes = {});
  memory::BodyPtr MakeBody(const Outbound& message, std::string_view reply) const;

  // ---- memory_network.cc
  std::string Mapped(std::string_view subject) const;  // Empty: as it is.
  // All who want it get it, streams store it. `from` null: of the server itself. False: nobody.
  bool Route(const memory::BodyPtr& body, const memory::Link* only, bool store);
  void Process(const std::shared_ptr<memory::Link>& link, const memory::Operation& operation);
  void Published(memory::Link* from, const memory::BodyPtr& body);
  void Deliver(memory::Sub* sub, memory::BodyPtr body, std::string reply, bool own_reply,
               bool core);
  void Reply(std::string_view subject, std::string_view data, int64_t time_us);
  void Flush(MemoryWire::State& client);
  void Send(MemoryWire::State& client);  // What was flushed, as far as the socket accepts it.
  void Disconnect(MemoryWire::State& client, const Cut& cut);
  void CutLink(const std::shared_ptr<memory::Link>& link);
  void Unregister(memory::Link& link);
  void StopServer();
  void StartServer(int64_t jetstream_us);
  void OnRead(uint32_t link);
  void OnDrain(uint32_t link);
  void HandOut(const std::shared_ptr<memory::Link>& link, memory::Read read);
  void Handle(const memory::Delivery& delivery);
  void DropReads(memory::Link& link);
  MemoryWire::State& ClientOf(ClientId id);

  // ---- memory_wire.cc
  void OnConnect(ClientId id);
  void OnClientLost(uint32_t link);
  void OnTimeout(ClientId id, uint64_t request);
  void OnAnswer(MemoryWire::State& client, const Arrived& arrived);
  void Destroy(MemoryWire::State& client);

  // ---- memory_stream.cc
  memory::Stream& StreamOf(const std::string& name);
  void Add(MemoryStream config);
  void Forget(memory::Stream& stream);  // All that it has stored.
  void Store(memory::Stream& stream, const memory::BodyPtr& body);
  std::string StoreAnswer(memory::Stream& stream, const memory::BodyPtr& body);
  void Remove(memory::Stream& stream, uint64_t sequence);
  void LoseTail(memory::Stream& stream, uint64_t count);
  void TrimBelow(memory::Stream& stream, uint64_t sequence);

  // ---- memory_consumer.cc
  memory::Consumer* AddConsumer(std::shared_ptr<memory::Consumer> consumer);
  void RemoveConsumer(memory::Consumer& consumer);
  void RemoveConsumers(memory::Stream& stream);
  void ScheduleConsumer(memory::Consumer& consumer);
  void OnConsume(memory::Consumer& consumer);
  void OnHeartbeat(memory::Consumer& consumer);
  void OnExpire(memory::Consumer& consumer);
  void DeliverRecord(memory::Consumer& consumer, const memory::Record& record, uint64_t sequence);
  void ToConsumer(memory::Consumer& consumer, memory::BodyPtr body, std::string reply);
  void OnFlowAnswer(std::string_view subject);
  void InterestChanged(std::string_view subject);
  static bool WantsRecord(const memory::Consumer& consumer, const memory::Record& record);

  // ---- memory_api.cc
  void OnApi(const memory::BodyPtr& body);
  nlohmann::json CreateConsumer(memory::Stream* stream, std::string_view name,
                                const nlohmann::json& request);
  nlohmann::json DeleteConsumer(memory::Stream* stream, std::string_view name);

  ManualClock* const clock;
  const Options options;
  SeededRandom random;
  const std::string in_prefix, query_prefix;

  std::vector<memory::Event> events;  // A heap, the earliest in front.
  uint64_t order = 0;
  uint64_t work = 0;           // Events in the queue that are no mere waiting.
  uint64_t open_requests = 0;  // Of all clients.
  ClientId touched = 0;        // Whose handlers ran in the last step.
  memory::Slots<memory::BodyPtr> routed;
  memory::Slots<std::function<void()>> calls;

  std::vector<std::shared_ptr<MemoryWire::State>> clients;  // By id; null: destroyed.
  std::vector<ClientId> waiting;                            // For the server to come back.
  std::map<uint32_t, std::shared_ptr<memory::Link>> links;  // That anybody still knows.
  uint32_t last_link = 0;
  uint64_t last_sub = 0;
  memory::Interest interest;
  std::vector<memory::Sub*> matched;  // Of Route; not kept.

  bool running = true;
  bool jetstream = true;  // Of a server that runs.
  uint64_t server_epoch = 0;
  int64_t server_offset_ms = 0;

  memory::TextMap<std::unique_ptr<memory::Stream>> streams;
  std::unordered_map<uint64_t, std::shared_ptr<memory::Consumer>> consumers;
  std::unordered_multimap<std::string, memory::Consumer*> by_deliver_subject;
  uint64_t last_consumer = 0;

  uint64_t hash = 0x9e3779b97f4a7c15u;
  std::function<void(std::string_view)> trace;
  Counts counts;
};

}  // namespace lyceum::wire
