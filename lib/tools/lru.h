// Lru: the values used last, up to a number of bytes. Thread-safe.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace lyceum::tools {

template <class Value>
class Lru {
 public:
  explicit Lru(size_t bytes_max) : bytes_max_(bytes_max) {}

  // Null: not there.
  std::shared_ptr<const Value> Get(const std::string& key) {
    std::lock_guard lock(mutex_);
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->value;
  }

  // A value larger than all of it is not kept.
  void Put(const std::string& key, std::shared_ptr<const Value> value, size_t bytes) {
    std::lock_guard lock(mutex_);
    if (const auto found = places_.find(key); found != places_.end()) Erase(found->second);
    if (bytes > bytes_max_) return;
    while (bytes_ + bytes > bytes_max_) Erase(std::prev(entries_.end()));
    entries_.push_front({key, std::move(value), bytes});
    places_[key] = entries_.begin();
    bytes_ += bytes;
  }

  size_t bytes() const {
    std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Value> value;
    size_t bytes;
  };
  void Erase(typename std::list<Entry>::iterator entry) {
    bytes_ -= entry->bytes;
    places_.erase(entry->key);
    entries_.erase(entry);
  }

  const size_t bytes_max_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // Used last: first.
  std::unordered_map<std::string, typename std::list<Entry>::iterator> places_;
  size_t bytes_ = 0;
};

}  // namespace lyceum::tools
