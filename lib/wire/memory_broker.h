// MemoryBroker and MemoryWire: NATS in memory, the server and a connection to it, for simulations.
//
// One thread, one seed: the same calls in the same order give the same events at the same times,
// byte for byte (`trace_hash`). Nothing happens by itself: what is on its way is an event in a
// queue ordered by time, and Step runs the next one, moving the clock to it. Handlers of wires run
// inside Step only.
//
// What holds, as with nats-server 2.9.10:
//   - One connection's publishes are processed in the order in which they were published, from the
//     first one on, as far as they get: what a broken connection loses is a tail.
//   - What one subscription gets, it gets in order. What one read of a client brings is handed out
//     in one step, subscription by subscription, in no order between two.
//   - Subjects with * and >, queue groups (the member is drawn), 503 for a request that has nobody.
//   - <prefix>.in.<class>.<user> is mapped to <prefix>.p.<pp>.<class>.<user>, <prefix>.query.<user>
//     to <prefix>.q.<pp>.<user>, pp = PartitionOf(user, partitions).
//   - Streams, key-value buckets, push consumers without acks: over their own subjects and JSON
//     (STREAM.INFO, STREAM.MSG.GET, CONSUMER.CREATE, CONSUMER.DELETE). Any other API subject is not
//     answered.
//
// Rare with a real server, and common here: an ack, a delivery and an echo of the same message come
// in any order; what was flushed on a connection that broke is still processed after the first
// publishes of the next one; a server that has not noticed the break goes on choosing the dead
// member of a queue group.
//
// Times are microseconds of the ManualClock. The queue holds `events_max` events at most; a stream
// without `bytes_max` grows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/manual_clock.h"
#include "base/result.h"
#include "wire/wire.h"

namespace lyceum::wire {

// base + 0 to spread, and in `rare_per_million` of all cases 0 to rare more.
struct Latency {
  int64_t base_us = 0;
  int64_t spread_us = 0;
  uint32_t rare_per_million = 0;
  int64_t rare_us = 0;
};

// What NATS does not do to a connected client, unless a test wants it: per delivery of a core
// message (acks and API answers are such, a consumer's deliveries are not).
struct LinkFaults {
  std::string subjects = ">";  // Those that are touched.
  uint32_t drop_per_million = 0;
  uint32_t duplicate_per_million = 0;
  uint32_t delay_per_million = 0;
  int64_t delay_us = 0;  // Of those delayed: 0 to this much. What is behind it waits.
};

// How a connection is cut. -1: drawn from the latencies.
struct Cut {
  int64_t client_notices_us = -1;  // Until then it publishes into nothing.
  int64_t server_notices_us = -1;  // Until then its subscriptions are chosen, for nothing.
  int64_t reconnect_us = -1;       // From when the client has noticed.
};

struct MemoryStream {
  std::string name;
  std::vector<std::string> subjects;
  int64_t bytes_max = -1;                 // -1: no limit.
  int64_t message_bytes_max = -1;         // Headers and data.
  int64_t messages_per_subject_max = -1;  // More: the oldest of the subject goes.
  bool discard_old = false;               // Full: the oldest go. Else: new ones are refused.
  int64_t duplicates_ms = 120'000;        // Of server time. 0: no window.
};

struct MemoryRecord {
  std::string subject;
  std::string content_type;
  std::string message_id;
  std::string data;
  uint64_t sequence = 0;
  int64_t time_ms = 0;  // The server's.
};

class MemoryWire;

class MemoryBroker {
 public:
  using ClientId = uint32_t;  // Never 0, never used twice.

  struct Options {
    uint64_t seed = 1;
    std::string prefix = "lyceum";
    uint32_t partitions = 16;  // 0: nothing is mapped.
    size_t payload_bytes_max = 1 << 20;
    Latency network{50, 100, 0, 0};     // One way: a flush, a delivery.
    Latency jetstream{20, 200, 0, 0};   // In the server: an ack, an API answer, consumers.
    Latency connect{500, 1'000, 0, 0};  // A connection is made.
    Latency reconnect{5'000, 50'000, 0, 0};
    Latency notice{100, 2'000, 0, 0};  // One side sees that the other is gone.
    // Flow control: a consumer stops with more than this much unanswered. It begins with the first
    // and doubles with each answer. Messages: 0 is no limit.
    int64_t flow_bytes = 2 << 20;
    int64_t flow_bytes_max = 32 << 20;
    uint32_t flow_messages_max = 0;
    // What may wait for one client that does not read: then it is cut.
    size_t pending_bytes_max = 64 << 20;
    size_t events_max = 4 << 20;  // More in the queue is a CHECK failure: something runs away.
  };

  // `clock` outlives it; it outlives its wires.
  MemoryBroker(ManualClock* clock, Options options);
  ~MemoryBroker();
  MemoryBroker(const MemoryBroker&) = delete;
  MemoryBroker& operator=(const MemoryBroker&) = delete;

  // A client, not connected yet: connecting is an event. Destroying the wire is what a killed
  // process does: what was not flushed is lost, of what was flushed any tail.
  std::unique_ptr<MemoryWire> Connect();

  // ---- Running

  // Runs the next event, at its time or now, whichever is later. False: there is none.
  bool Step();
  // Whose handlers ran in the last step: who has something to flush now. 0: nobody's.
  ClientId touched() const;
  void FlushAll();  // Every wire.
  static constexpr int64_t kNever = INT64_MAX;
  int64_t NextEventUs() const;  // kNever: none.
  int64_t NextEventMs() const;  // Rounded up: due when SteadyMs() has reached it.
  struct Bounds {
    uint64_t steps_max = 1'000'000;
    int64_t time_us_max = 60'000'000;  // From now.
  };
  // Until nothing is on its way but heartbeats and what waits to expire. False: a bound was
  // reached.
  bool RunUntilIdle() { return RunUntilIdle(Bounds()); }
  bool RunUntilIdle(Bounds bounds);
  // All events up to then; the clock is there afterwards.
  void RunForUs(int64_t us);
  // True as soon as the condition holds, asked before each step; false when the time is over.
  bool RunUntil(const std::function<bool()>& condition, int64_t us_max);
  // An event of the caller's own. Negative counts as 0.
  void After(int64_t us, std::function<void()> call);

  // ---- The server

  // How far its wall clock is ahead of the ManualClock's. Record times and the duplicate window go
  // by it.
  void SetServerOffsetMs(int64_t ms);
  int64_t server_unix_ms() const;
  // As a client that nobody knows: processed now, mapped, with no connection behind it.
  void Publish(const Outbound& message);
  // kill -9. All connections and consumers are gone; of what was flushed to it a part of its own
  // choice was still processed. Clients try again until it is back.
  void StopServer();
  void StartServer();
  // Stop, and start after so long. JetStream is there `jetstream_us` later than the rest.
  void RestartServer(int64_t down_us, int64_t jetstream_us = 0);
  bool running() const;

  // ---- Clients

  void Disconnect(ClientId client) { Disconnect(client, Cut()); }
  void Disconnect(ClientId client, const Cut& cut);
  void SetFaults(ClientId client, LinkFaults faults);
  // Nothing is delivered to it while it does not read; what comes waits in the server.
  void PauseReading(ClientId client, bool paused);
  // Its socket accepts nothing more: what it flushes stays with it.
  void BlockWrites(ClientId client, bool blocked);

  // ---- Streams. One of a name that is not there is a CHECK failure.

  void AddStream(MemoryStream stream);
  void AddBucket(const std::string& bucket);  // KV_<bucket>, $KV.<bucket>.>, one value a key.
  std::vector<MemoryRecord> Stored(const std::string& stream) const;
  uint64_t first_sequence(const std::string& stream) const;
  uint64_t last_sequence(const std::string& stream) const;
  size_t consumers(const std::string& stream) const;

  // A damaged store after a restart: the newest `count` are gone, with what the server knew of
  // their message ids, and their numbers are given again. Consumers are gone.
  void LoseTail(const std::string& stream, uint64_t count);
  // Deleted and made again, as it was: from 1 on, with another time of creation.
  void RecreateStream(const std::string& stream);
  // All below the sequence is gone.
  void TrimBelow(const std::string& stream, uint64_t sequence);
  // As if it were full. What is already stored is still known as a duplicate.
  void RefusePublishes(const std::string& stream, bool on);
  // The next `count` publishes are acked as duplicates of sequence 0, and not stored.
  void AckWithoutStoring(const std::string& stream, uint64_t count);
  // The server forgets its consumers and tells nobody.
  void BreakConsumers(const std::string& stream);
  // Its consumers deliver nothing and send heartbeats, those made later too.
  void StallConsumers(const std::string& stream, bool on);
  // Each of its consumers leaves out the next `count` records, and counts them as delivered.
  void SkipDeliveries(const std::string& stream, uint64_t count);

  // ---- What happened

  uint64_t trace_hash() const;  // Of every event so far.
  // One line an event, without the end of the line. Null: none.
  void SetTrace(std::function<void(std::string_view line)> trace);
  struct Counts {
    uint64_t events = 0;
    uint64_t published = 0;  // Processed by the server.
    uint64_t stored = 0;
    uint64_t delivered = 0;  // Given to a handler.
    uint64_t dropped = 0;    // Routed, and never given to one.
    uint64_t lost = 0;       // Published, and never processed.
    uint64_t slow_cuts = 0;  // Clients cut because they did not read.
  };
  const Counts& counts() const;

  class Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

// Made by MemoryBroker::Connect. As wire.h says; a request's deadline is an event of the broker.
class MemoryWire final : public Wire {
 public:
  struct State;
  MemoryWire(MemoryBroker::Impl* broker, std::shared_ptr<State> state);
  ~MemoryWire() override;
  MemoryWire(const MemoryWire&) = delete;
  MemoryWire& operator=(const MemoryWire&) = delete;

  MemoryBroker::ClientId client() const;

  Result<SubscriptionId> Subscribe(std::string_view subject, std::string_view queue,
                                   Handler handler) override;
  void Unsubscribe(SubscriptionId id) override;
  Result<void> Publish(const Outbound& message) override;
  void Request(const Outbound& message, std::chrono::milliseconds timeout,
               AnswerHandler done) override;
  void Flush() override;
  void SetConnectionHandler(ConnectionHandler handler) override;
  bool connected() const override;
  uint64_t connection_number() const override;
  std::string NewInbox() override;
  size_t payload_bytes_max() const override;
  size_t unwritten_bytes() const override;
  uint64_t async_errors() const override { return 0; }  // Nothing is forbidden here.
  std::string last_async_error() const override { return {}; }

 private:
  Result<void> Send(const Outbound& message, std::string_view reply);  // Of one that was checked.

  MemoryBroker::Impl* const broker_;
  const std::shared_ptr<State> state_;
};

}  // namespace lyceum::wire
