#include "shard/assignment.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/hash.h"

namespace lyceum::shard {
namespace {

// The last bits of FNV-1a differ little between names that do: mixed once more.
uint64_t WeightOf(store::PartitionId partition, std::string_view worker) {
  uint64_t hash = Fnv1a64(fmt::format("{}/{}", partition, worker));
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdULL;
  hash ^= hash >> 33;
  hash *= 0xc4ceb9fe1a85ec53ULL;
  return hash ^ hash >> 33;
}

}  // namespace

std::vector<std::string> PreferredOrder(store::PartitionId partition,
                                        const std::vector<Candidate>& candidates) {
  std::vector<std::pair<uint64_t, std::string>> weights;
  for (const Candidate& candidate : candidates) {
    if (!std::binary_search(candidate.may_own.begin(), candidate.may_own.end(), partition)) {
      continue;
    }
    weights.emplace_back(WeightOf(partition, candidate.worker), candidate.worker);
  }
  std::sort(weights.rbegin(), weights.rend());
  std::vector<std::string> order;
  for (auto& [weight, worker] : weights) order.push_back(std::move(worker));
  return order;
}

std::map<store::PartitionId, std::string> AssignOwners(const std::vector<Candidate>& candidates) {
  std::set<store::PartitionId> partitions;
  for (const Candidate& candidate : candidates) {
    partitions.insert(candidate.may_own.begin(), candidate.may_own.end());
  }
  std::map<store::PartitionId, std::string> owners;
  if (candidates.empty()) return owners;
  const size_t share = (partitions.size() + candidates.size() - 1) / candidates.size();
  std::map<std::string, size_t> owned;
  for (const store::PartitionId partition : partitions) {
    const std::vector<std::string> order = PreferredOrder(partition, candidates);
    auto owner = std::find_if(order.begin(), order.end(),
                              [&](const std::string& worker) { return owned[worker] < share; });
    // All of them have their share: the others may not own it.
    if (owner == order.end()) {
      owner = std::min_element(
          order.begin(), order.end(),
          [&](const std::string& a, const std::string& b) { return owned[a] < owned[b]; });
    }
    ++owned[*owner];
    owners[partition] = *owner;
  }
  return owners;
}

}  // namespace lyceum::shard
