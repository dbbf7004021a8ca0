// CallHeap: calls by a key, the least first. Entries are not removed when they no longer hold: the
// owner looks whether the first one does, and calls Keep when too many do not. Allocates only when
// it grows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lyceum::dispatch {

using CallNumber = uint64_t;  // Of a call in a table; none is given twice. 0: no call.

class CallHeap {
 public:
  struct Entry {
    int64_t key = 0;
    CallNumber call = 0;
  };

  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  const Entry& front() const { return entries_.front(); }
  void Push(int64_t key, CallNumber call) {
    entries_.push_back({key, call});
    std::push_heap(entries_.begin(), entries_.end(), Later);
  }
  void Pop() {
    std::pop_heap(entries_.begin(), entries_.end(), Later);
    entries_.pop_back();
  }
  // Only those for which holds(entry) is true.
  template <class Holds>
  void Keep(Holds holds) {
    std::erase_if(entries_, [&](const Entry& entry) { return !holds(entry); });
    std::make_heap(entries_.begin(), entries_.end(), Later);
  }

 private:
  static bool Later(const Entry& a, const Entry& b) {
    return a.key != b.key ? a.key > b.key : a.call > b.call;
  }

  std::vector<Entry> entries_;
};

}  // namespace lyceum::dispatch
