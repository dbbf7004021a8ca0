// What the tests of checkpoint stores say.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/executor.h"
#include "fixture.h"
#include "store/memory_store.h"
#include "store/rocks_store.h"

namespace lyceum::store {

// Runs what is posted to it in the thread that waits for it.
class Inbox final : public Executor {
 public:
  void Post(std::function<void()> task) override {
    {
      std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
  }
  // False where nothing came.
  bool RunOne(std::chrono::milliseconds wait = std::chrono::seconds(30)) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, wait, [&] { return !tasks_.empty(); })) return false;
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
};

inline std::shared_ptr<CheckpointBatch> Batch(PartitionId partition) {
  return std::make_shared<CheckpointBatch>(partition);
}

// Waits until it is reported.
inline Result<void> WriteTo(CheckpointStore* store, std::shared_ptr<const CheckpointBatch> batch) {
  Inbox inbox;
  std::optional<Result<void>> reported;
  store->Write(std::move(batch), &inbox, [&](Result<void> result) { reported = result; });
  CHECK(inbox.RunOne() && reported);
  return *reported;
}

inline RocksStore::Options SmallOptions(const Folder& folder) {
  RocksStore::Options options;
  options.path = folder.db();
  options.block_cache_bytes = 4 << 20;
  options.write_buffer_bytes = 4 << 20;
  options.free_bytes_min = 1;
  return options;
}

}  // namespace lyceum::store
