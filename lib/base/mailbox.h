// Mailbox<T>: the bounded queue through which threads hand things to each other.
//
// Any number of senders, one reader. Callbacks of other libraries hold it by shared_ptr, so that
// one that runs late finds a closed mailbox and not a dead object.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace lyceum {

template <class T>
class Mailbox {
 public:
  explicit Mailbox(size_t items_max) : items_max_(items_max) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // False where it is full or closed: the item is dropped, and counted.
  bool TryPush(T item) {
    std::unique_lock lock(mutex_);
    if (closed_ || items_.size() >= items_max_) {
      ++dropped_;
      return false;
    }
    items_.push_back(std::move(item));
    lock.unlock();
    not_empty_.notify_one();
    return true;
  }

  // Waits for room. False at the deadline or when closed; the item is then lost to the caller.
  bool Push(T item, Deadline deadline) {
    std::unique_lock lock(mutex_);
    not_full_.wait_until(lock, deadline, [&] { return closed_ || items_.size() < items_max_; });
    if (closed_ || items_.size() >= items_max_) {
      ++dropped_;
      return false;
    }
    items_.push_back(std::move(item));
    lock.unlock();
    not_empty_.notify_one();
    return true;
  }

  // Waits for an item. Empty at the deadline, or when closed and drained.
  std::optional<T> Pop(Deadline deadline) {
    std::unique_lock lock(mutex_);
    WaitForItem(lock, deadline);
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    lock.unlock();
    not_full_.notify_one();
    return item;
  }

  // Waits for at least one item, then takes up to count_max of what is there.
  std::vector<T> PopSome(size_t count_max, Deadline deadline) {
    std::unique_lock lock(mutex_);
    WaitForItem(lock, deadline);
    std::vector<T> taken;
    while (!items_.empty() && taken.size() < count_max) {
      taken.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    lock.unlock();
    not_full_.notify_all();
    return taken;
  }

  void Close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    not_empty_.notify_all();
    not_full_.notify_all();
  }

  bool closed() const {
    std::lock_guard lock(mutex_);
    return closed_;
  }
  size_t size() const {
    std::lock_guard lock(mutex_);
    return items_.size();
  }
  uint64_t dropped() const {
    std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  void WaitForItem(std::unique_lock<std::mutex>& lock, Deadline deadline) {
    // Who only looks in does not go through the kernel.
    if (closed_ || !items_.empty() || deadline <= Steady::now()) return;
    not_empty_.wait_until(lock, deadline, [&] { return closed_ || !items_.empty(); });
  }

  const size_t items_max_;
  mutable std::mutex mutex_;
  std::condition_variable not_empty_;
  std::condition_variable not_full_;
  std::deque<T> items_;
  uint64_t dropped_ = 0;
  bool closed_ = false;
};

}  // namespace lyceum
