// SessionTable: the sessions of a shard that are in memory, each with what of it is in no checkpoint.
//
// Generations tell what is where; invariant: durable <= encoded <= generation.
//   generation   one more with every record that is folded into the session
//   encoded      the generation that was encoded into the last checkpoint batch
//   durable      the generation that is in a finished checkpoint
// A session is clean where durable == generation. Only clean sessions leave memory, the least
// recently used first. A journal has two parts that are in no finished checkpoint: `written`, which
// is in the batch on its way, and `tail`, what came after it. One thread calls it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "envelope/journal.h"
#include "shard/topic_table.h"
#include "store/checkpoint_store.h"
#include "tutor/session.h"

namespace lyceum::shard {

struct SessionEntry {
  // Not empty but while a record is being folded into it.
  std::optional<tutor::Session> session;
  store::PartitionId partition = 0;
  std::string damaged;  // Not empty: its row cannot be read; nothing is folded into it.

  uint64_t generation = 0;
  uint64_t encoded = 0;
  uint64_t durable = 0;
  bool listed = false;     // In the list of what the next checkpoint has to encode.
  bool unload = false;     // The state machine does not need it in memory.
  bool to_encode = false;  // A checkpoint that has begun (checkpointer.h) still lacks its row.

  bool anew =
      false;  // The store still has rows of the user that are another session's, which is forgotten.

  envelope::JournalWriter tail;
  uint64_t tail_first = 0;
  std::string written;
  uint64_t written_first = 0;
  std::vector<int64_t> indexed;  // When its timers are due, as in the last encoded row.

  int64_t lock_began_ms =
      0;                    // Steady; when this owner first dispatched a call of the lock. 0: none.
  int64_t call_due_ms = 0;  // Of the server; when the pending call's time is over.

  size_t bytes = 0;  // As counted in the table.
  SessionEntry* newer = nullptr;
  SessionEntry* older = nullptr;

  const UserId& user() const { return session->user; }
  bool clean() const { return durable == generation; }
};

class SessionTable {
 public:
  // `pool` null: of its own. `crowded_bytes`: below so much nothing is crowded, whatever the bound.
  SessionTable(store::CheckpointStore* store, size_t bytes_max,
               std::shared_ptr<TopicPool> pool = nullptr, size_t crowded_bytes = 0);

  // In memory, or null.
  SessionEntry* Find(std::string_view user);
  // In memory, else from the store. Null: the user has no session. A row that cannot be read gives
  // an entry that is `damaged`. kRetry: the store could not be read.
  Result<SessionEntry*> Load(store::PartitionId partition, std::string_view user);
  // A session that was just opened.
  SessionEntry* Insert(store::PartitionId partition, tutor::Session session);
  // Its session is changed by a record: dirty from here on, and the newest.
  void OnChanged(SessionEntry* entry);
  void OnJournal(SessionEntry* entry, size_t added) {
    entry->bytes += added;
    bytes_ += added;
  }
  // Of checkpoints that are on their way.
  void OnCheckpoint(size_t before, size_t after) { checkpoint_bytes_ += after - before; }
  // Counts its memory anew.
  void Measure(SessionEntry* entry);

  // Sessions of the partition to encode, in the order in which they were changed; empties the list.
  std::vector<SessionEntry*> TakeListed(store::PartitionId partition);
  // Forgets clean sessions until the bound holds; `others` is what else counts against it.
  void Shrink(size_t others);
  // True: the bound did not hold, since too much is in no checkpoint. Then one is due, and nothing is
  // read until a quarter is free.
  bool crowded() const { return crowded_; }
  // Everything of the partition, also what is in no checkpoint.
  void Drop(store::PartitionId partition);
  void Erase(SessionEntry* entry);
  // The user has no session but one that is inserted from now on, whatever the store says until OnErased.
  void Forget(store::PartitionId partition, const std::string& user);
  void OnErased(const std::string& user);

  template <class Visit>
  void ForEach(store::PartitionId partition, Visit visit) {
    for (auto& [user, entry] : entries_) {
      if (entry->partition == partition) visit(entry.get());
    }
  }
  TopicTable& topics() { return topics_; }
  size_t size() const { return entries_.size(); }
  size_t bytes() const { return bytes_ + topics_.bytes() + checkpoint_bytes_; }
  uint64_t loads() const { return loads_; }

 private:
  void Link(SessionEntry* entry);
  void Unlink(SessionEntry* entry);

  store::CheckpointStore* const store_;
  const size_t bytes_max_;
  const size_t crowded_bytes_;
  bool crowded_ = false;
  size_t checkpoint_bytes_ = 0;
  TopicTable topics_;
  // Looked up by a view, without a copy of it.
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view user) const { return std::hash<std::string_view>{}(user); }
  };
  std::unordered_map<std::string, std::unique_ptr<SessionEntry>, Hash, std::equal_to<>> entries_;
  std::unordered_map<store::PartitionId, std::vector<SessionEntry*>> listed_;
  struct Forgotten {
    store::PartitionId partition = 0;
    size_t times = 0;  // That it was said, and is not in the store yet.
  };
  std::unordered_map<std::string, Forgotten, Hash, std::equal_to<>> forgotten_;
  SessionEntry* newest_ = nullptr;
  SessionEntry* oldest_ = nullptr;
  size_t bytes_ = 0;
  uint64_t loads_ = 0;
};

}  // namespace lyceum::shard
