// Served: the partitions whose questions a shard answers, each by a subscription of its own.
#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "store/checkpoint_store.h"
#include "wire/wire.h"

namespace lyceum::shard {

class Served {
 public:
  // `subscribe(partition)`: for each that is new; those that are not named any more are left. One that
  // fails has no connection any more: the next one does it.
  template <class Subscribe>
  void Become(wire::Wire& wire, const std::vector<store::PartitionId>& partitions,
              Subscribe subscribe) {
    if (connection_ != wire.connection_number()) subscriptions_.clear();
    connection_ = wire.connection_number();
    std::erase_if(subscriptions_, [&](const auto& one) {
      if (std::find(partitions.begin(), partitions.end(), one.first) != partitions.end()) {
        return false;
      }
      wire.Unsubscribe(one.second);
      return true;
    });
    for (const store::PartitionId partition : partitions) {
      if (subscriptions_.contains(partition)) continue;
      const Result<wire::Wire::SubscriptionId> subscribed = subscribe(partition);
      if (!subscribed) return;
      subscriptions_[partition] = *subscribed;
    }
  }

 private:
  std::map<store::PartitionId, wire::Wire::SubscriptionId> subscriptions_;
  uint64_t connection_ = 0;
};

}  // namespace lyceum::shard
