#include "shard/topic_table.h"

#include <utility>

#include "envelope/codec.h"

namespace lyceum::shard {
namespace {

size_t Of(const std::string& text) { return sizeof text + text.capacity(); }

size_t Of(const std::vector<std::string>& texts) {
  size_t bytes = sizeof texts;
  for (const std::string& text : texts) bytes += Of(text);
  return bytes;
}

}  // namespace

size_t ApproximateBytes(const tutor::Topic& topic) {
  size_t bytes = sizeof topic + Of(topic.title) + Of(topic.material);
  for (const tutor::Question& question : topic.questions) {
    bytes += sizeof question + Of(question.text) + Of(question.choices) + Of(question.answers) +
             Of(question.hints) + Of(question.solution);
    for (const tutor::KnownError& error : question.known_errors) {
      bytes += sizeof error + Of(error.text) + Of(error.answers);
    }
  }
  return bytes;
}

TopicTable::Shared TopicTable::Intern(const std::string& digest, Shared topic) {
  auto [found, added] = topics_.try_emplace(digest);
  if (added) {
    found->second.bytes = ApproximateBytes(*topic) + digest.size();
    found->second.topic = std::move(topic);
    bytes_ += found->second.bytes;
  }
  return found->second.topic;
}

Result<TopicTable::Shared> TopicTable::Get(store::PartitionId partition,
                                           const std::string& digest) {
  if (const auto found = topics_.find(digest); found != topics_.end()) return found->second.topic;
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
  bytes_ -= found->second.bytes;
  topics_.erase(found);
}

void TopicTable::Sweep() {
  std::erase_if(topics_, [&](const auto& topic) {
    if (topic.second.topic.use_count() > 1) return false;
    bytes_ -= topic.second.bytes;
    return true;
  });
}

}  // namespace lyceum::shard
