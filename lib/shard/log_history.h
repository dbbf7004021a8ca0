// LogHistory: what one has to know to fold a log again from its beginning, beside its records.
//
//   lineages   key lineage.<pp>.<n> of the cluster bucket = the sequence that lineage n begins at
//   burials    key skip.<pp>.<seq>, in later lineages skip.<pp>r<n>.<seq>: nobody folds that record
//   barriers   records of the log: from there on another version of the state machine
//   forgets    records of the log: what came before of that learner is erased there
//   erased     key erased.<pp> of the bucket = where the log begins because learners were forgotten
//
// A value: it is filled by whoever reads keys and barriers, then asked.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "store/checkpoint_store.h"

namespace lyceum::shard {

// What a log begins with: the first version that was released.
inline constexpr uint32_t kFirstFoldVersion = 3;

// As it stands in keys and ids: "<pp>", in later lineages "<pp>r<n>".
std::string PartitionToken(store::PartitionId partition, uint32_t lineage);
// Decimal digits and nothing else.
std::optional<uint64_t> ReadNumber(std::string_view text);

class LogHistory {
 public:
  explicit LogHistory(store::PartitionId partition) : partition_(partition) {}

  store::PartitionId partition() const { return partition_; }
  static std::string LineageKey(store::PartitionId partition, uint32_t lineage);
  static std::string BurialKey(store::PartitionId partition, uint32_t lineage, uint64_t sequence);
  // Its value: no record before this sequence was trimmed; those that are not there were learners' who are forgotten.
  static std::string ErasedKey(store::PartitionId partition);
  // The lineage that a key is about; empty: it is no lineage of this partition.
  std::optional<uint32_t> LineageOfKey(std::string_view key) const;
  // Any other key is ignored.
  void AddBurial(std::string_view key);
  void AddLineage(uint32_t number, uint64_t begins) { lineages_[number] = begins; }
  // One that does not raise the version changes nothing.
  void AddBarrier(uint64_t sequence, uint32_t version) { barriers_[sequence] = version; }
  void AddForget(uint64_t sequence, std::string_view digest) {
    forgets_[std::string(digest)].insert(sequence);
  }

  uint32_t LineageOf(uint64_t sequence) const;
  uint32_t FoldVersionOf(uint64_t sequence) const;
  bool IsBuried(uint64_t sequence) const {
    return buried_.contains({LineageOf(sequence), sequence});
  }
  // What was folded of the user up to `last` is erased by a record before `sequence`.
  bool IsForgotten(std::string_view user, uint64_t last, uint64_t sequence) const;
  uint32_t lineage() const { return lineages_.empty() ? 0 : lineages_.rbegin()->first; }
  // Of the present lineage; 1 where the log was never begun anew.
  uint64_t lineage_begins() const { return lineages_.empty() ? 1 : lineages_.rbegin()->second; }

 private:
  store::PartitionId partition_;
  std::map<uint32_t, uint64_t> lineages_;  // From 1 on.
  std::set<std::pair<uint32_t, uint64_t>> buried_;
  std::map<uint64_t, uint32_t> barriers_;
  std::map<std::string, std::set<uint64_t>, std::less<>> forgets_;  // By digest.
};

}  // namespace lyceum::shard
