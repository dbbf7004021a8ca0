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

// Of what there is to share out. Who was given more than that has no part in it.
size_t ShareOf(size_t partitions, size_t workers, const std::map<std::string, size_t>& given) {
  std::vector<size_t> counts;
  for (const auto& [worker, count] : given) counts.push_back(count);
  std::sort(counts.rbegin(), counts.rend());
  for (const size_t count : counts) {
    if (workers == 0 || count * workers <= partitions) break;
    partitions -= count;
    --workers;
  }
  return workers == 0 ? partitions : (partitions + workers - 1) / workers;
}

}  // namespace

bool MayOwn(const std::vector<Candidate>& candidates, std::string_view worker,
            store::PartitionId partition) {
  return std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
    return candidate.worker == worker &&
           std::binary_search(candidate.may_own.begin(), candidate.may_own.end(), partition);
  });
}

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

std::map<store::PartitionId, std::string> AssignOwners(const std::vector<Candidate>& candidates,
                                                       const Moves& moves) {
  std::set<store::PartitionId> partitions;
  for (const Candidate& candidate : candidates) {
    partitions.insert(candidate.may_own.begin(), candidate.may_own.end());
  }
  std::map<store::PartitionId, std::string> owners;
  if (candidates.empty()) return owners;
  std::map<std::string, size_t> owned;
  for (const auto& [partition, worker] : moves) {
    if (!MayOwn(candidates, worker, partition)) continue;
    ++owned[worker];
    owners[partition] = worker;
  }
  const size_t share = ShareOf(partitions.size(), candidates.size(), owned);
  for (const store::PartitionId partition : partitions) {
    if (owners.contains(partition)) continue;
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
