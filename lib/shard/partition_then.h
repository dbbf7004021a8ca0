// Partition::Then, for the files that open a partition step by step.
#pragma once

#include <functional>
#include <memory>

#include "shard/partition.h"

namespace lyceum::shard {

// Calls `next(partition, what came)`, unless the partition was closed or opened anew meanwhile.
// What failed is tried again.
template <class T, class Next>
std::function<void(Result<T>)> Partition::Then(Next next) {
  return [self = std::weak_ptr(self_), opening = opening_, next](const Result<T>& result) {
    const auto here = self.lock();
    if (here == nullptr) return;
    Partition& partition = **here;
    if (partition.opening_ != opening || partition.phase_ != Phase::kOpening) return;
    if (!result) return partition.TryAgain(result.error());
    next(partition, *result);
  };
}

}  // namespace lyceum::shard
