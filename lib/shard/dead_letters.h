// DeadLetters: the refused records of one partition, on their way to the stream of dead letters.
//
// A lane of its own with a bound of its own: what does not fit is dropped and counted, so dead
// letters can be lost before they can stop a partition. One that is not acknowledged when a
// checkpoint is taken becomes a row of it, and is sent again after a restart. One thread calls it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "shard/context.h"

namespace lyceum::shard {

class DeadLetters {
 public:
  static constexpr size_t kCountMax = 256;
  static constexpr size_t kBytesMax = 4 << 20;

  DeadLetters(Context* context, store::PartitionId partition);

  // `user` may be empty: a record of nobody's.
  void Add(const Record& record, std::string_view user, const Refused& refused);
  // What the last checkpoint left to send.
  Result<void> Recover();
  // Somebody else has stored those up to there.
  void Forget(uint64_t sequence);
  // Those of a user who is forgotten; gives that one, where there are any.
  std::optional<std::string> Forget(const std::function<bool(std::string_view user)>& is_one);
  // The record of the first that is not acknowledged; 0: none.
  uint64_t first() const { return waiting_.empty() ? 0 : waiting_.begin()->first; }
  // Hands over what there is room for.
  void Send();
  // Rows of what is not acknowledged up to the position, and erasure of those that are by now.
  void AddRows(uint64_t position, store::CheckpointBatch* batch);
  size_t waiting() const { return waiting_.size(); }
  // The store has some that their stream has too: the next checkpoint erases them.
  bool has_old_rows() const {
    return std::any_of(rows_.begin(), rows_.end(), [](const auto& row) { return !row.second; });
  }

 private:
  struct DeadLetter {
    std::string subject;
    std::string user;  // Under whom it is filed.
    std::string bytes;
    bool sent = false;
  };
  void Put(uint64_t sequence, const UserId& user, std::string bytes);
  void OnAcked(uint64_t sequence, const Result<uint64_t>& acked);

  Context* const context_;
  const store::PartitionId partition_;
  std::map<uint64_t, DeadLetter> waiting_;  // By the record's sequence.
  std::map<uint64_t, bool> rows_;           // In a checkpoint: true until acknowledged.
  size_t bytes_ = 0;
  std::shared_ptr<DeadLetters*> self_;  // Acks that come later than this is gone find null.
};

}  // namespace lyceum::shard
