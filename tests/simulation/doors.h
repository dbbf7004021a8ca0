// The doors of one simulated process, each around its twin in memory: they count its steps, end it
// between any two of them, and hold the planted bugs that a door can have.
//
// A process dies by ProcessDeath: it is thrown out of whatever the process does and caught by the
// simulation alone. From then on its doors do nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "envelope/workers.h"
#include "simulation/bugs.h"
#include "store/memory_store.h"
#include "wire/memory_broker.h"

namespace lyceum::simulation {

struct ProcessDeath {};

// Steps until the process dies; 0: it lives on.
class Fuse {
 public:
  void Light(uint64_t steps) { left_ = steps; }
  bool lit() const { return left_ > 0; }
  bool dead() const { return dead_; }
  void Kill() { dead_ = true; }
  void Step() {
    if (dead_ || left_ == 0 || --left_ > 0) return;
    dead_ = true;
    throw ProcessDeath();
  }

 private:
  uint64_t left_ = 0;
  bool dead_ = false;
};

class DoorWire final : public wire::Wire {
 public:
  // `sent` is told of every message that is published to a client. Handlers run inside `enter`.
  using Enter = std::function<void(const std::function<void()>&)>;
  DoorWire(std::unique_ptr<wire::MemoryWire> wire, Fuse* fuse, Executor* executor, Bug bug,
           Enter enter, std::function<void(const wire::Outbound&)> sent)
      : wire_(std::move(wire)),
        fuse_(fuse),
        executor_(executor),
        bug_(bug),
        enter_(std::move(enter)),
        sent_(std::move(sent)) {}

  wire::MemoryBroker::ClientId client() const { return wire_->client(); }
  // Whether the process has asked for a lease of the partition.
  bool HasAskedFor(uint32_t partition) const { return asked_for_.contains(partition); }
  // What is published in this turn of the loop never leaves: the process dies before it writes.
  void LoseNextFlush() { lose_flush_ = true; }

  Result<SubscriptionId> Subscribe(std::string_view subject, std::string_view queue,
                                   Handler handler) override;
  void Unsubscribe(SubscriptionId id) override;
  Result<void> Publish(const wire::Outbound& message) override;
  void Request(const wire::Outbound& message, std::chrono::milliseconds timeout,
               AnswerHandler done) override;
  void Flush() override;
  void SetConnectionHandler(ConnectionHandler handler) override;
  bool connected() const override { return wire_->connected(); }
  uint64_t connection_number() const override { return wire_->connection_number(); }
  std::string NewInbox() override;
  size_t payload_bytes_max() const override { return wire_->payload_bytes_max(); }
  size_t unwritten_bytes() const override { return wire_->unwritten_bytes(); }
  uint64_t async_errors() const override { return 0; }
  std::string last_async_error() const override { return {}; }

 private:
  const std::unique_ptr<wire::MemoryWire> wire_;
  Fuse* const fuse_;
  Executor* const executor_;
  const Bug bug_;
  const Enter enter_;
  const std::function<void(const wire::Outbound&)> sent_;
  bool lose_flush_ = false;
  // Of kGoesOnFenced: a heartbeat as it is shown to the process; empty: it is not.
  std::string Shown(const wire::Arrived& heartbeat) const;

  std::set<uint32_t> asked_for_;
  std::set<std::string> inboxes_;
  std::map<std::string, Handler> own_;  // Of kCoversUnconfirmed: handlers of inboxes.
  // Of kGoesOnFenced: its own heartbeat, and who handles heartbeats.
  envelope::WorkerHeartbeat said_;
  Handler heartbeats_;
};

class DoorStore final : public store::CheckpointStore {
 public:
  // `written` is told of each batch before the store has it.
  DoorStore(store::MemoryStore* store, Fuse* fuse, Bug bug,
            std::function<void(const store::CheckpointBatch&)> written)
      : store_(store), fuse_(fuse), bug_(bug), written_(std::move(written)) {}

  // The checkpoint row of a batch. False: it has none.
  static bool CheckpointOf(const store::CheckpointBatch& batch, store::Checkpoint* checkpoint);

  Result<std::optional<store::Checkpoint>> GetCheckpoint(store::PartitionId partition) override;
  Result<std::optional<std::string>> GetSession(store::PartitionId partition,
                                                std::string_view user) override;
  Result<std::optional<std::string>> GetTopic(store::PartitionId partition,
                                              std::string_view digest) override;
  Result<std::vector<store::TimerRow>> GetTimers(store::PartitionId partition,
                                                 int64_t due_before_ms,
                                                 const std::optional<store::TimerRow>& after,
                                                 size_t count_max) override;
  Result<std::vector<store::JournalRow>> GetJournal(store::PartitionId partition,
                                                    std::string_view user,
                                                    uint64_t before_first_sequence,
                                                    size_t bytes_max) override;
  Result<std::vector<store::DeadLetterRow>> GetDeadLetters(store::PartitionId partition,
                                                           size_t count_max) override;
  Result<std::vector<std::string>> GetUsers(store::PartitionId partition, std::string_view after,
                                            size_t count_max) override;
  Result<std::unique_ptr<store::RowReader>> ReadRows(store::PartitionId partition) override;
  Result<void> EraseRows(store::PartitionId partition) override;
  void Write(std::shared_ptr<const store::CheckpointBatch> batch, Executor* executor,
             std::function<void(Result<void>)> done) override;

 private:
  store::MemoryStore* const store_;
  Fuse* const fuse_;
  const Bug bug_;
  const std::function<void(const store::CheckpointBatch&)> written_;
  // Of kSnapshotAheadOfRows: the rows of the snapshot before.
  std::map<store::PartitionId, std::unique_ptr<store::RowReader>> rows_before_;
  // Of kPositionAheadOfRows: session rows that come with the next batch of the partition.
  std::map<store::PartitionId, std::vector<std::pair<std::string, std::string>>> held_;
};

}  // namespace lyceum::simulation
