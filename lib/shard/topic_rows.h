// TopicRows: brings topics of one partition into the store, each in a batch of its own, ahead of the
// checkpoint whose sessions point to them.
//
// A topic is named by its digest, so its row may stand there before any checkpoint needs it; a
// checkpoint that carried all topics of many new sessions would be held in memory several times.
// Invariant: a batch of the partition that is handed to the store after HandAgain() is written only
// where every row of Put() is. One thread calls it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "shard/context.h"

namespace lyceum::shard {

class TopicRows {
 public:
  using Written = std::function<void(const Result<void>&)>;

  // `written` is told of each row, and of each failed try.
  TopicRows(Context* context, store::PartitionId partition, Written written);

  void Put(const std::string& digest, const tutor::Topic& topic);
  // True: put no more of what can wait before a row is written.
  bool full() const { return bytes_ >= kBytesMax; }
  // Those that could not be written; true where there is one.
  bool failed() const { return failed_; }
  void HandAgain();

 private:
  static constexpr size_t kBytesMax = 1 << 20;

  struct Row {
    std::shared_ptr<const store::CheckpointBatch> batch;
    bool on_its_way = false;
  };

  void Hand(const std::shared_ptr<Row>& row);

  Context* const context_;
  const store::PartitionId partition_;
  const Written written_;
  std::vector<std::shared_ptr<Row>> rows_;  // Not known to be written.
  size_t bytes_ = 0;
  bool failed_ = false;
  std::shared_ptr<TopicRows*> self_;
};

}  // namespace lyceum::shard
