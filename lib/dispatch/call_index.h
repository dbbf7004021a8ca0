// CallIndex: from the hash of a call's id to its slot. Open addressing with linear probing in one
// flat array; an erased entry is closed up, so there are no tombstones. Ids are compared by the
// owner, who has them. Allocates only when it grows. One thread uses it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"

namespace lyceum::dispatch {

class CallIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // The slot of that hash for which same(slot) holds, or kNone.
  template <class Same>
  uint32_t Find(uint32_t hash, Same same) const {
    if (entries_.empty()) return kNone;
    for (size_t i = hash & mask_;; i = (i + 1) & mask_) {
      if (entries_[i].slot == kNone) return kNone;
      if (entries_[i].hash == hash && same(entries_[i].slot)) return entries_[i].slot;
    }
  }
  // It must not be there.
  void Insert(uint32_t hash, uint32_t slot) {
    if (2 * (size_ + 1) > entries_.size()) Grow();
    Put(hash, slot);
    ++size_;
  }
  // It must be there.
  void Erase(uint32_t hash, uint32_t slot) {
    size_t hole = hash & mask_;
    while (entries_[hole].slot != slot) {
      CHECK(entries_[hole].slot != kNone);
      hole = (hole + 1) & mask_;
    }
    for (size_t i = (hole + 1) & mask_; entries_[i].slot != kNone; i = (i + 1) & mask_) {
      // What is probed from behind the hole, cyclically, stays where it is.
      if (((i - (entries_[i].hash & mask_)) & mask_) < ((i - hole) & mask_)) continue;
      entries_[hole] = entries_[i];
      hole = i;
    }
    entries_[hole].slot = kNone;
    --size_;
  }
  size_t size() const { return size_; }

 private:
  struct Entry {
    uint32_t hash = 0;
    uint32_t slot = kNone;
  };

  void Put(uint32_t hash, uint32_t slot) {
    size_t i = hash & mask_;
    while (entries_[i].slot != kNone) i = (i + 1) & mask_;
    entries_[i] = {hash, slot};
  }
  void Grow() {
    std::vector<Entry> old(entries_.empty() ? 64 : 2 * entries_.size());
    old.swap(entries_);
    mask_ = entries_.size() - 1;
    for (const Entry& entry : old) {
      if (entry.slot != kNone) Put(entry.hash, entry.slot);
    }
  }

  std::vector<Entry> entries_;  // A power of two, at most half full.
  size_t mask_ = 0;
  size_t size_ = 0;
};

}  // namespace lyceum::dispatch
