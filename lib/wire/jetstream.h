// JetStream: streams, stored messages, the ordered reader of a log, and key-value buckets.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wire/connection.h"

namespace lyceum::wire {

struct StreamConfig {
  std::string name;
  std::vector<std::string> subjects;
  int64_t bytes_max = -1;           // -1: no limit.
  std::chrono::seconds age_max{0};  // 0: for ever.
  int32_t message_bytes_max = -1;
  int64_t messages_per_subject_max = -1;  // More: the oldest of the subject goes.
  std::chrono::seconds duplicates{120};
  int32_t replicas = 1;
  bool discard_old = false;  // When it is full: the oldest make room. Else new ones are refused.
};                           // Always: file storage, limits retention.

struct StreamInfo {
  StreamConfig config;
  std::string storage, retention, discard;
  uint64_t messages = 0;
  uint64_t bytes = 0;
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  int64_t created_ns = 0;  // Unix ns: tells a re-created stream from the one we knew.
};

// Empty: no such stream. kReject: no JetStream there, and the text says so. kRetry: no answer.
Result<std::optional<StreamInfo>> GetStream(Connection& connection, const std::string& name);

// Creates it, or finds it there. What differs from what was asked, in words, one item a difference:
// empty means it is as asked. Never changes an existing stream.
struct Ensured {
  bool created = false;
  std::vector<std::string> differences;
};
Result<Ensured> EnsureStream(Connection& connection, const StreamConfig& config);

struct StoredMessage {
  std::string subject;
  Headers headers;
  std::string data;
  uint64_t sequence = 0;
  int64_t time_ms = 0;   // When the server stored it, Unix ms.
  uint64_t pending = 0;  // From a reader: how many more the stream holds for it now.
  std::string_view header(std::string_view name) const;
};

// One message by its sequence. Empty: not there (trimmed, or never was).
Result<std::optional<StoredMessage>> GetMessage(Connection& connection, const std::string& stream,
                                                uint64_t sequence);

// Reads a stream in order, from a sequence on, for ever. One thread calls it.
class StreamReader {
 public:
  struct Impl;
  // `filter` empty: every subject of the stream. Starts at the first message with sequence >= from.
  static Result<std::unique_ptr<StreamReader>> Open(Connection& connection,
                                                    const std::string& stream,
                                                    const std::string& filter, uint64_t from);
  explicit StreamReader(std::unique_ptr<Impl> impl);
  ~StreamReader();
  // The next message, waiting at most until the deadline. Empty: nothing came. kRetry: the reader
  // is broken (the server lost the consumer, or the connection was made anew): open a new one at
  // the last sequence + 1. Never gives a sequence twice, out of order, or after one that it missed.
  Result<std::optional<StoredMessage>> Next(Deadline deadline);
  // How many messages the stream held for this reader when it was opened. Then each message says
  // how many follow it: so the end of a filtered stream is known too.
  uint64_t pending() const;

 private:
  std::unique_ptr<Impl> impl_;
};

// A key-value bucket (history 1, file storage). Keys: [-/_=.a-zA-Z0-9]+. Thread-safe.
class Bucket {
 public:
  struct Impl;
  // Empty: there is none of that name.
  static Result<std::optional<Bucket>> Open(Connection& connection, const std::string& name);
  static Result<Bucket> Ensure(Connection& connection, const std::string& name,
                               int32_t replicas = 1);
  Bucket(Bucket&&) noexcept;
  Bucket& operator=(Bucket&&) noexcept;
  ~Bucket();

  Result<std::optional<std::string>> Get(const std::string& key);
  Result<void> Put(const std::string& key, const std::string& value);
  // True: created. False: the key is there already (its value is kept).
  Result<bool> Create(const std::string& key, const std::string& value);
  // Every key that was ever put and not purged, in no order. No keys: an empty list.
  Result<std::vector<std::string>> Keys();
  explicit Bucket(std::unique_ptr<Impl> impl);

 private:
  std::unique_ptr<Impl> impl_;
};

// Publishes to JetStream and waits for the ack: for tools that send one message at a time.
// kReject: the stream refused it. Returns the sequence. `message_id` becomes Nats-Msg-Id.
struct PubAck {
  uint64_t sequence = 0;
  bool duplicate = false;
};
Result<PubAck> PublishAcked(Connection& connection, const Message& message,
                            const std::string& message_id, std::chrono::milliseconds timeout);

}  // namespace lyceum::wire
