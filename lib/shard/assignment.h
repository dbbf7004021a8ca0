// Assignment: which session worker shall own which partition, and who stands by.
//
// Rendezvous hashing: a partition prefers the workers in an order of its own, so one that comes or goes
// moves its share alone. Nobody gets more than its share (partitions by workers, rounded up) while
// somebody else may own what is left. Everyone who knows the same workers computes the same. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "store/checkpoint_store.h"

namespace lyceum::shard {

struct Candidate {
  std::string worker;
  std::vector<store::PartitionId> may_own;  // In order.
};

bool MayOwn(const std::vector<Candidate>& candidates, std::string_view worker,
            store::PartitionId partition);

// The workers that may own the partition, the one that it prefers first.
std::vector<std::string> PreferredOrder(store::PartitionId partition,
                                        const std::vector<Candidate>& candidates);

// Partitions that an operator gave to a worker, by partition.
using Moves = std::map<store::PartitionId, std::string>;

// By partition: its owner. Of each partition that anybody may own. One that was given to a candidate is its
// own, also beyond its share; the others are shared out.
std::map<store::PartitionId, std::string> AssignOwners(const std::vector<Candidate>& candidates,
                                                       const Moves& moves = {});

}  // namespace lyceum::shard
