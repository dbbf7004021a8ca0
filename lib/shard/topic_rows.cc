#include "shard/topic_rows.h"

#include <utility>

#include "envelope/rows.h"

namespace lyceum::shard {

TopicRows::TopicRows(Context* context, store::PartitionId partition, Written written)
    : context_(context),
      partition_(partition),
      written_(std::move(written)),
      self_(std::make_shared<TopicRows*>(this)) {}

void TopicRows::Put(const std::string& digest, const tutor::Topic& topic) {
  auto batch = std::make_shared<store::CheckpointBatch>(partition_);
  batch->PutTopic(digest, envelope::EncodeTopic(topic));
  bytes_ += batch->bytes();
  rows_.push_back(std::make_shared<Row>(Row{.batch = std::move(batch)}));
  Hand(rows_.back());
}

void TopicRows::HandAgain() {
  failed_ = false;
  // By index: nothing is told before Write returns, but rows may come meanwhile.
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (!rows_[i]->on_its_way) Hand(rows_[i]);
  }
}

void TopicRows::Hand(const std::shared_ptr<Row>& row) {
  row->on_its_way = true;
  context_->store->Write(row->batch, context_->executor,
                         [self = std::weak_ptr(self_), row](const Result<void>& written) {
                           const auto here = self.lock();
                           if (here == nullptr) return;
                           TopicRows& rows = **here;
                           row->on_its_way = false;
                           if (written) {
                             rows.bytes_ -= row->batch->bytes();
                             rows.context_->counters->checkpoint_bytes += row->batch->bytes();
                             std::erase(rows.rows_, row);
                           } else {
                             rows.failed_ = true;
                           }
                           rows.written_(written);
                         });
}

}  // namespace lyceum::shard
