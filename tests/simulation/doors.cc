#include "simulation/doors.h"

#include <algorithm>

#include "base/check.h"
#include "store/checkpoint_keys.h"

namespace lyceum::simulation {
namespace {

namespace keys = store::checkpoint_keys;

constexpr std::string_view kHeartbeats = "lyceum.worker.";

// The same batch without the rows of a kind; those are handed to `left_out`.
std::shared_ptr<store::CheckpointBatch> Without(
    const store::CheckpointBatch& batch, keys::Kind kind,
    const std::function<void(std::string_view key, std::string_view value)>& left_out) {
  auto copy = std::make_shared<store::CheckpointBatch>(batch.partition());
  constexpr size_t kKindAt = sizeof(store::PartitionId);
  constexpr size_t kNameAt = kKindAt + 2;
  batch.ForEach([&](std::string_view key, std::optional<std::string_view> value) {
    const auto of = static_cast<keys::Kind>(key[kKindAt]);
    if (of == kind) return left_out(key, value.value_or(""));
    const auto name = [&] {
      return key.substr(kNameAt, static_cast<unsigned char>(key[kNameAt - 1]));
    };
    switch (of) {
      case keys::Kind::kCheckpoint:
        return copy->SetCheckpoint(*keys::DecodeCheckpoint(*value));
      case keys::Kind::kSession:
        return copy->PutSession(name(), *value);
      case keys::Kind::kJournal:
        return copy->PutJournal(name(), *keys::ReadSequence(key), *value);
      case keys::Kind::kTopic:
        return copy->PutTopic(key.substr(kKindAt + 1), *value);
      case keys::Kind::kTimer: {
        const auto row = *keys::ReadTimer(key);
        return value ? copy->PutTimer(row.due_ms, row.user)
                     : copy->EraseTimer(row.due_ms, row.user);
      }
      case keys::Kind::kDeadLetter:
        return value ? copy->PutDeadLetter(*keys::ReadSequence(key), *value)
                     : copy->EraseDeadLetter(*keys::ReadSequence(key));
    }
  });
  return copy;
}

}  // namespace

Result<wire::Wire::SubscriptionId> DoorWire::Subscribe(std::string_view subject,
                                                       std::string_view queue, Handler handler) {
  if (fuse_->dead()) return Retry("dead");
  fuse_->Step();
  if (bug_ == Bug::kCoversUnconfirmed && inboxes_.contains(std::string(subject))) {
    own_[std::string(subject)] = handler;
  }
  if (bug_ == Bug::kGoesOnFenced && subject.starts_with(kHeartbeats)) {
    heartbeats_ = handler;
    handler = [this, handler](const wire::Arrived& arrived) {
      const std::string shown = Shown(arrived);
      if (shown.empty()) return;
      handler({.subject = arrived.subject, .reply = {}, .data = shown, .content_type = {}});
    };
  }
  return wire_->Subscribe(subject, queue,
                          [this, handler = std::move(handler)](const wire::Arrived& arrived) {
                            enter_([&] { handler(arrived); });
                          });
}

std::string DoorWire::Shown(const wire::Arrived& arrived) const {
  auto heartbeat = envelope::DecodeWorkerHeartbeat(arrived.data, envelope::Encoding::kProtobuf);
  if (!heartbeat || heartbeat->worker == said_.worker) return {};
  const auto owns = [&](uint32_t partition) {
    return std::any_of(said_.partitions.begin(), said_.partitions.end(), [&](const auto& own) {
      return own.partition == partition && own.role == "owner";
    });
  };
  for (auto& partition : heartbeat->partitions) {
    if (owns(partition.partition)) partition.role.clear();
  }
  return envelope::EncodeWorkerHeartbeat(*heartbeat);
}

void DoorWire::Unsubscribe(SubscriptionId id) {
  if (!fuse_->dead()) wire_->Unsubscribe(id);
}

Result<void> DoorWire::Publish(const wire::Outbound& message) {
  if (fuse_->dead()) return Retry("dead");
  fuse_->Step();
  const bool to_client = message.subject.starts_with("lyceum.out.");
  if (to_client) sent_(message);
  wire::Outbound out = message;
  std::string announced;
  const bool is_heartbeat = message.subject.starts_with(kHeartbeats);
  if (bug_ == Bug::kGoesOnFenced && is_heartbeat && heartbeats_) {
    said_ = *envelope::DecodeWorkerHeartbeat(message.data, envelope::Encoding::kProtobuf);
    executor_->Post([handler = heartbeats_, subject = std::string(message.subject),
                     data = std::string(message.data)] {
      handler({.subject = subject, .reply = {}, .data = data, .content_type = {}});
    });
  }
  if (bug_ == Bug::kAnnouncedTooEarly && is_heartbeat) {
    auto heartbeat = envelope::DecodeWorkerHeartbeat(message.data, envelope::Encoding::kProtobuf);
    for (auto& partition : heartbeat->partitions) partition.confirmed = partition.position;
    announced = envelope::EncodeWorkerHeartbeat(*heartbeat);
    out.data = announced;
  }
  auto published = wire_->Publish(out);
  if (bug_ == Bug::kSentBeforeNoted && to_client) wire_->Flush();
  if (bug_ == Bug::kCoversUnconfirmed && published) {
    const auto probe = own_.find(std::string(message.subject));
    if (probe != own_.end()) {
      executor_->Post(
          [handler = probe->second, subject = probe->first, data = std::string(message.data)] {
            handler({.subject = subject, .reply = {}, .data = data, .content_type = {}});
          });
    }
  }
  return published;
}

void DoorWire::Request(const wire::Outbound& message, std::chrono::milliseconds timeout,
                       AnswerHandler done) {
  if (fuse_->dead()) return;
  fuse_->Step();
  wire::Outbound out = message;
  constexpr std::string_view kLease = ".lease.";
  const size_t lease = message.subject.find(kLease);
  const bool is_lease = lease != std::string_view::npos;
  if (is_lease) {
    asked_for_.insert(static_cast<uint32_t>(
        std::stoul(std::string(message.subject.substr(lease + kLease.size())))));
  }
  if (bug_ == Bug::kLeaseOverwritten && is_lease) out.expected_last = {};
  wire_->Request(out, timeout, [this, done = std::move(done)](Result<wire::Answer> answer) {
    enter_([&] { done(std::move(answer)); });
  });
}

void DoorWire::Flush() {
  if (fuse_->dead()) return;
  if (lose_flush_) {
    fuse_->Kill();
    throw ProcessDeath();
  }
  fuse_->Step();
  wire_->Flush();
}

void DoorWire::SetConnectionHandler(ConnectionHandler handler) {
  if (!handler) return wire_->SetConnectionHandler({});
  wire_->SetConnectionHandler([this, handler = std::move(handler)](bool connected) {
    enter_([&] { handler(connected); });
  });
}

std::string DoorWire::NewInbox() {
  std::string inbox = wire_->NewInbox();
  if (bug_ == Bug::kCoversUnconfirmed) inboxes_.insert(inbox);
  return inbox;
}

bool DoorStore::CheckpointOf(const store::CheckpointBatch& batch, store::Checkpoint* checkpoint) {
  bool found = false;
  const keys::Key own = keys::CheckpointKey(batch.partition());
  batch.ForEach([&](std::string_view key, std::optional<std::string_view> value) {
    if (key != own.view() || !value) return;
    *checkpoint = *keys::DecodeCheckpoint(*value);
    found = true;
  });
  return found;
}

Result<std::optional<store::Checkpoint>> DoorStore::GetCheckpoint(store::PartitionId partition) {
  fuse_->Step();
  return store_->GetCheckpoint(partition);
}
Result<std::optional<std::string>> DoorStore::GetSession(store::PartitionId partition,
                                                         std::string_view user) {
  fuse_->Step();
  return store_->GetSession(partition, user);
}
Result<std::optional<std::string>> DoorStore::GetTopic(store::PartitionId partition,
                                                       std::string_view digest) {
  fuse_->Step();
  return store_->GetTopic(partition, digest);
}
Result<std::vector<store::TimerRow>> DoorStore::GetTimers(
    store::PartitionId partition, int64_t due_before_ms,
    const std::optional<store::TimerRow>& after, size_t count_max) {
  fuse_->Step();
  return store_->GetTimers(partition, due_before_ms, after, count_max);
}
Result<std::vector<store::JournalRow>> DoorStore::GetJournal(store::PartitionId partition,
                                                             std::string_view user,
                                                             uint64_t before_first_sequence,
                                                             size_t bytes_max) {
  fuse_->Step();
  return store_->GetJournal(partition, user, before_first_sequence, bytes_max);
}
Result<std::vector<store::DeadLetterRow>> DoorStore::GetDeadLetters(store::PartitionId partition,
                                                                    size_t count_max) {
  fuse_->Step();
  return store_->GetDeadLetters(partition, count_max);
}
Result<std::vector<std::string>> DoorStore::GetUsers(store::PartitionId partition,
                                                     std::string_view after, size_t count_max) {
  fuse_->Step();
  return store_->GetUsers(partition, after, count_max);
}

namespace {

// Rows under a position that is not theirs.
class RowsAt final : public store::RowReader {
 public:
  RowsAt(const store::Checkpoint& checkpoint, std::unique_ptr<store::RowReader> rows)
      : rows_(std::move(rows)) {
    checkpoint_ = checkpoint;
  }
  Result<bool> Next(size_t bytes_max, const Visit& visit) override {
    return rows_->Next(bytes_max, visit);
  }

 private:
  const std::unique_ptr<store::RowReader> rows_;
};

}  // namespace

Result<std::unique_ptr<store::RowReader>> DoorStore::ReadRows(store::PartitionId partition) {
  fuse_->Step();
  auto rows = store_->ReadRows(partition);
  if (bug_ != Bug::kSnapshotAheadOfRows || !rows || *rows == nullptr) return rows;
  const store::Checkpoint now = (*rows)->checkpoint();
  std::swap(*rows, rows_before_[partition]);
  if (*rows == nullptr) return rows;
  return std::unique_ptr<store::RowReader>(std::make_unique<RowsAt>(now, std::move(*rows)));
}

Result<void> DoorStore::EraseRows(store::PartitionId partition) {
  fuse_->Step();
  if (fuse_->dead()) return {};
  return store_->EraseRows(partition);
}

void DoorStore::Write(std::shared_ptr<const store::CheckpointBatch> batch, Executor* executor,
                      std::function<void(Result<void>)> done) {
  if (fuse_->dead()) return;
  fuse_->Step();
  written_(*batch);
  switch (bug_) {
    case Bug::kNoTimerIndex:
      batch = Without(*batch, keys::Kind::kTimer, [](std::string_view, std::string_view) {});
      break;
    case Bug::kPositionAheadOfRows: {
      auto& held = held_[batch->partition()];
      std::vector<std::pair<std::string, std::string>> before = std::exchange(held, {});
      auto copy =
          Without(*batch, keys::Kind::kSession, [&](std::string_view key, std::string_view value) {
            held.emplace_back(*keys::ReadUser(key), value);
          });
      for (const auto& [user, row] : before) copy->PutSession(user, row);
      batch = std::move(copy);
      break;
    }
    case Bug::kDurableTooEarly:
      executor->Post([done] { done({}); });
      return store_->Write(std::move(batch), executor, [](const Result<void>&) {});
    default:
      break;
  }
  store_->Write(std::move(batch), executor, std::move(done));
}

}  // namespace lyceum::simulation
