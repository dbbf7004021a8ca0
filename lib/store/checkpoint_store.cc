#include "store/checkpoint_store.h"

#include <cstring>

#include "base/check.h"
#include "store/checkpoint_keys.h"

namespace lyceum::store {
namespace {

namespace keys = checkpoint_keys;

constexpr uint32_t kErased = UINT32_MAX;
struct RowHead {
  uint32_t key_size = 0;
  uint32_t value_size = 0;  // kErased: erase it.
};

}  // namespace

void CheckpointBatch::SetCheckpoint(const Checkpoint& checkpoint) {
  Add(keys::CheckpointKey(partition_), keys::EncodeCheckpoint(checkpoint));
}

void CheckpointBatch::PutSession(std::string_view user, std::string_view bytes) {
  Add(keys::SessionKey(partition_, user), bytes);
}

void CheckpointBatch::EraseSession(std::string_view user) {
  erases_sessions_ = true;
  Add(keys::SessionKey(partition_, user), std::nullopt);
}

void CheckpointBatch::PutJournal(std::string_view user, uint64_t first_sequence,
                                 std::string_view bytes) {
  Add(keys::JournalKey(partition_, user, first_sequence), bytes);
}

void CheckpointBatch::PutTimer(int64_t due_ms, std::string_view user) {
  Add(keys::TimerKey(partition_, due_ms, user), std::string_view());
}

void CheckpointBatch::EraseTimer(int64_t due_ms, std::string_view user) {
  Add(keys::TimerKey(partition_, due_ms, user), std::nullopt);
}

void CheckpointBatch::PutTopic(std::string_view digest, std::string_view bytes) {
  Add(keys::TopicKey(partition_, digest), bytes);
}

void CheckpointBatch::PutDeadLetter(uint64_t sequence, std::string_view bytes) {
  Add(keys::DeadLetterKey(partition_, sequence), bytes);
}

void CheckpointBatch::EraseDeadLetter(uint64_t sequence) {
  Add(keys::DeadLetterKey(partition_, sequence), std::nullopt);
}

bool CheckpointBatch::PutRow(std::string_view key, std::string_view value) {
  const auto full = keys::KeyOfRow(partition_, key);
  if (!full) return false;
  Add(*full, value);
  return true;
}

void CheckpointBatch::Add(std::string_view key, std::optional<std::string_view> value) {
  CHECK(!value || value->size() < kErased);
  const RowHead head{static_cast<uint32_t>(key.size()),
                     value ? static_cast<uint32_t>(value->size()) : kErased};
  rows_.append(reinterpret_cast<const char*>(&head), sizeof head).append(key);
  if (value) rows_.append(*value);
  ++count_;
}

void CheckpointBatch::ForEach(
    const std::function<void(std::string_view, std::optional<std::string_view>)>& visit) const {
  std::string_view left = rows_;
  const auto next = [&](size_t size) {
    const std::string_view bytes = left.substr(0, size);
    left.remove_prefix(size);
    return bytes;
  };
  while (!left.empty()) {
    RowHead head;
    std::memcpy(&head, next(sizeof head).data(), sizeof head);
    const std::string_view key = next(head.key_size);
    if (head.value_size == kErased) {
      visit(key, std::nullopt);
    } else {
      visit(key, next(head.value_size));
    }
  }
}

}  // namespace lyceum::store
