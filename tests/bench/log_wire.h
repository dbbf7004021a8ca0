// LogWire: a Wire with no network behind it, as little of one as a shard needs to fold: logs that lie
// in memory, and answers that are always the same.
//
// What it answers: STREAM.INFO (a log is as long as what was handed out of it), MSG.GET (nothing is
// there), CONSUMER.CREATE. Tool requests are accepted at once, by one worker that says it has room.
// What is stored (timers, error results) is acked and forgotten; client messages are swallowed; what
// is published to an own inbox comes back. So a partition lives as it does when its log is read as it
// grows, and what is measured is the shard.
// Handlers run inside Deliver alone. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "envelope/subjects.h"
#include "wire/jetstream.h"
#include "wire/wire.h"

namespace lyceum::bench {

class LogWire final : public wire::Wire {
 public:
  explicit LogWire(const envelope::Subjects& subjects);

  // A log whose records up to this one were handed out by another one. Before it is read.
  void Begin(uint32_t partition, uint64_t last_sequence);
  // Records that follow those that the partition's log has: their sequences go on. They stay the
  // caller's until all are handed out. CHECK: those before are.
  void Append(uint32_t partition, std::span<const wire::StoredMessage> records);
  // Runs what waits for an answer, then hands out at most so many records. How many it were.
  size_t Deliver(size_t records_max);
  bool empty() const { return left_ == 0; }
  uint64_t published() const { return published_; }

  Result<SubscriptionId> Subscribe(std::string_view subject, std::string_view queue,
                                   Handler handler) override;
  void Unsubscribe(SubscriptionId id) override;
  Result<void> Publish(const wire::Outbound& message) override;
  void Request(const wire::Outbound& message, std::chrono::milliseconds timeout,
               AnswerHandler done) override;
  void Flush() override {}
  void SetConnectionHandler(ConnectionHandler handler) override { (void)handler; }
  bool connected() const override { return true; }
  uint64_t connection_number() const override { return 1; }
  std::string NewInbox() override;
  size_t payload_bytes_max() const override { return 1 << 20; }
  size_t unwritten_bytes() const override { return 0; }
  uint64_t async_errors() const override { return 0; }
  std::string last_async_error() const override { return {}; }

 private:
  struct Subscribed {
    SubscriptionId id = 0;
    Handler handler;
    bool open = true;
  };
  using SubscribedPtr = std::shared_ptr<Subscribed>;
  struct Log {
    std::span<const wire::StoredMessage> records;  // Not all handed out yet.
    size_t next = 0;
    uint64_t last_sequence = 0;  // Of what was handed out.
    SubscribedPtr reader;        // Of the consumer that was made last.
    uint64_t delivered = 0;      // By it.
  };
  struct Post {
    SubscribedPtr to;
    std::string subject;
    std::string data;
  };

  void DeliverPosts();
  void DeliverRecord(Log& log);
  void Beat();
  std::string AnswerTo(const std::string& subject, const std::string& request);
  SubscribedPtr ByInbox(std::string_view subject) const;

  const envelope::Subjects subjects_;
  std::vector<SubscribedPtr> inboxes_;  // By the number in their subject; null: nobody's.
  std::vector<SubscribedPtr> tool_heartbeats_;
  std::map<std::string, Log> logs_;  // By stream.
  std::string turn_;                 // The stream whose turn it was last.
  std::deque<Post> posts_;
  std::deque<std::pair<AnswerHandler, std::string>> answers_;
  SubscriptionId last_id_ = 0;
  uint64_t stored_ = 0;
  uint64_t published_ = 0;
  size_t left_ = 0;
  int64_t next_beat_ms_ = 0;
  std::string reply_;
};

}  // namespace lyceum::bench
