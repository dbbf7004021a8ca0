// Ring: the last kMax things of a kind, oldest first. Nothing moves when the oldest one goes.
//
// Where it begins in memory is no part of its value: two that hold the same things are equal.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <vector>

namespace lyceum::tutor {

template <class T, size_t kMax>
class Ring {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    Iterator() = default;
    Iterator(const Ring* ring, size_t index) : ring_(ring), index_(index) {}
    reference operator*() const { return (*ring_)[index_]; }
    pointer operator->() const { return &(*ring_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++index_;
      return before;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const Ring* ring_ = nullptr;
    size_t index_ = 0;
  };

  Ring() = default;
  Ring(std::initializer_list<T> items) {
    for (const T& item : items) Add() = item;
  }

  // The newest one, to be assigned to. Where the ring is full it still holds the oldest, whose
  // memory can be used again.
  T& Add() {
    if (items_.size() < kMax) return items_.emplace_back();
    T& newest = items_[oldest_];
    oldest_ = (oldest_ + 1) % kMax;
    return newest;
  }

  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  // 0: the oldest.
  const T& operator[](size_t index) const {
    const size_t slot = oldest_ + index;
    return items_[slot < items_.size() ? slot : slot - items_.size()];
  }
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }
  // In no order that means anything: for a search that asks only whether there is one.
  const std::vector<T>& unordered() const { return items_; }

  bool operator==(const Ring& other) const {
    return size() == other.size() && std::equal(begin(), end(), other.begin());
  }

 private:
  std::vector<T> items_;
  uint32_t oldest_ = 0;  // Its index; 0 until the ring is full.
};

}  // namespace lyceum::tutor
