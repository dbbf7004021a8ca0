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

// The workers that may own the partition, the one that it prefers first.
std::vector<std::string> PreferredOrder(store::PartitionId partition,
                                        const std::vector<Candidate>& candidates);

// By partition: its owner. Of each partition that anybody may own.
std::map<store::PartitionId, std::string> AssignOwners(const std::vector<Candidate>& candidates);

}  // namespace lyceum::shard
