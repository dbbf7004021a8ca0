#include "shard/topic_table.h"

#include <utility>

#include "envelope/codec.h"

namespace lyceum::shard {
TopicTable::TopicTable(store::CheckpointStore* store, std::shared_ptr<TopicPool> pool)
    : store_(store), pool_(pool != nullptr ? std::move(pool) : std::make_shared<TopicPool>()) {}

TopicTable::Shared TopicTable::Intern(const std::string& digest, const Shared& topic) {
  auto [found, added] = topics_.try_emplace(digest);
  Entry& here = found->second;
  if (added) {
    Shared pooled = pool_->Intern(digest, topic);
    const tutor::Topic* content = pooled.get();
    here.bytes = ApproximateBytes(*content) + digest.size();
    here.topic = Shared(content, [kept = std::move(pooled)](const tutor::Topic*) {});
    Charge(static_cast<int64_t>(here.bytes));
  }
  return here.topic;
}

void TopicTable::Charge(int64_t bytes) {
  bytes_ += static_cast<size_t>(bytes);
  pool_->Charge(bytes);
}

Result<TopicTable::Shared> TopicTable::Get(store::PartitionId partition,
                                           const std::string& digest) {
  if (const auto found = topics_.find(digest); found != topics_.end()) return found->second.topic;
  if (const Shared pooled = pool_->Find(digest)) return Intern(digest, pooled);
  Result<std::optional<std::string>> bytes = store_->GetTopic(partition, digest);
  if (!bytes) return bytes.error();
  if (!bytes->has_value()) return Shared();
  Result<tutor::Topic> topic = envelope::DecodeTopic(**bytes);
  if (!topic) return Fatal(topic.error().text);
  return Intern(digest, std::make_shared<const tutor::Topic>(std::move(*topic)));
}

bool TopicTable::NeedsRow(store::PartitionId partition, const std::string& digest) {
  if (rows_known_ >= kRowsKnownMax) {
    rows_.clear();
    rows_known_ = 0;
  }
  if (!rows_[partition].insert(digest).second) return false;
  ++rows_known_;
  const Result<std::optional<std::string>> row = store_->GetTopic(partition, digest);
  return !row || !row->has_value();
}

void TopicTable::Forget(store::PartitionId partition) {
  const auto found = rows_.find(partition);
  if (found == rows_.end()) return;
  rows_known_ -= found->second.size();
  rows_.erase(found);
}

void TopicTable::Release(const std::string& digest) {
  const auto found = topics_.find(digest);
  if (found == topics_.end() || found->second.topic.use_count() > 1) return;
  Charge(-static_cast<int64_t>(found->second.bytes));
  topics_.erase(found);
}

void TopicTable::Sweep() {
  std::erase_if(topics_, [&](const auto& topic) {
    if (topic.second.topic.use_count() > 1) return false;
    Charge(-static_cast<int64_t>(topic.second.bytes));
    return true;
  });
}

}  // namespace lyceum::shard
