// TopicTable: the topics that a shard's sessions in memory share, by digest; the pool has one copy
// for all shards.
//
// A topic stays while a session in memory points to it; Sweep, which is called now and then, lets
// go of the others. What is known to stand in the store is remembered per partition, so that a
// topic is written once and not with every session that opens it. One thread calls it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/result.h"
#include "shard/topic_pool.h"
#include "store/checkpoint_store.h"
#include "tutor/content.h"

namespace lyceum::shard {

class TopicTable {
 public:
  using Shared = std::shared_ptr<const tutor::Topic>;

  // Null: a pool of its own.
  explicit TopicTable(store::CheckpointStore* store, std::shared_ptr<TopicPool> pool = nullptr);
  ~TopicTable() { Charge(-static_cast<int64_t>(bytes_)); }

  // The one copy of it: the one that is here already, else `topic`.
  Shared Intern(const std::string& digest, const Shared& topic);
  // From memory, else from the store. Null: neither has it. kFatal: the row is damaged.
  Result<Shared> Get(store::PartitionId partition, const std::string& digest);

  // True once per partition and topic: it has to be put into the next checkpoint. Reads the store
  // where it cannot know.
  bool NeedsRow(store::PartitionId partition, const std::string& digest);
  void Forget(store::PartitionId partition);  // What is known of the partition's rows.

  // Lets go of a topic that no session uses any more; of all of them.
  void Release(const std::string& digest);
  void Sweep();
  size_t bytes() const { return pool_->Share(bytes_); }  // This table's part of the pool.
  size_t size() const { return topics_.size(); }

 private:
  // Rows known to be there; when there are more, the store is asked again.
  static constexpr size_t kRowsKnownMax = 65'536;

  store::CheckpointStore* const store_;
  const std::shared_ptr<TopicPool> pool_;
  struct Entry {
    Shared topic;  // Counts this table's users alone.
    size_t bytes = 0;
  };

  void Charge(int64_t bytes);

  std::unordered_map<std::string, Entry> topics_;
  std::unordered_map<store::PartitionId, std::unordered_set<std::string>> rows_;
  size_t rows_known_ = 0;
  size_t bytes_ = 0;
};

}  // namespace lyceum::shard
