// Timers: when to look at which session. Those due within the horizon are in memory; the others
// stand in the store's index, which is read once per half horizon.
//
// An entry is a hint: whoever it names is looked at when it is due, and what its session says then
// holds. So nothing is ever taken out, and the same entry may be there twice; but whoever looks puts in one
// for one at most. Times are the server's, or in another of these the steady clock's.
// One thread calls it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/checkpoint_store.h"

namespace lyceum::shard {

class Timers {
 public:
  static constexpr int64_t kHorizonMs = 60'000;

  struct Due {
    int64_t at_ms = 0;
    store::PartitionId partition = 0;
    std::string user;
    std::string token;   // Of a tool's deadline; empty: whatever is due of this session.
    int64_t due_ms = 0;  // By the server's clock; 0: that is not asked.
  };

  void Add(Due due);
  // The earliest whose time has come, or nothing.
  std::optional<Due> Pop(int64_t now_ms);
  // INT64_MAX: none.
  int64_t NextMs() const { return heap_.empty() ? INT64_MAX : heap_.front().at_ms; }
  void Drop(store::PartitionId partition);
  size_t size() const { return heap_.size(); }

 private:
  std::vector<Due> heap_;
};

}  // namespace lyceum::shard
