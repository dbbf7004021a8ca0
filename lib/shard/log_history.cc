#include "shard/log_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "shard/fold.h"

namespace lyceum::shard {

std::string PartitionToken(store::PartitionId partition, uint32_t lineage) {
  return lineage == 0 ? fmt::format("{}", partition) : fmt::format("{}r{}", partition, lineage);
}

std::optional<uint64_t> ReadNumber(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string LogHistory::LineageKey(store::PartitionId partition, uint32_t lineage) {
  return fmt::format("lineage.{}.{}", partition, lineage);
}

std::string LogHistory::BurialKey(store::PartitionId partition, uint32_t lineage,
                                  uint64_t sequence) {
  return fmt::format("skip.{}.{}", PartitionToken(partition, lineage), sequence);
}

std::string LogHistory::ErasedKey(store::PartitionId partition) {
  return fmt::format("erased.{}", partition);
}

std::optional<uint32_t> LogHistory::LineageOfKey(std::string_view key) const {
  const std::string prefix = fmt::format("lineage.{}.", partition_);
  if (!key.starts_with(prefix)) return std::nullopt;
  const auto number = ReadNumber(key.substr(prefix.size()));
  if (!number || *number == 0 || *number > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

void LogHistory::AddBurial(std::string_view key) {
  const std::string prefix = fmt::format("skip.{}", partition_);
  if (!key.starts_with(prefix)) return;
  key.remove_prefix(prefix.size());
  const size_t dot = key.find('.');
  if (dot == std::string_view::npos) return;
  std::optional<uint64_t> lineage = 0;
  if (dot > 0) {
    if (key.front() != 'r') return;  // Of a partition whose number begins like ours.
    lineage = ReadNumber(key.substr(1, dot - 1));
  }
  const auto sequence = ReadNumber(key.substr(dot + 1));
  if (!lineage || *lineage > UINT32_MAX || !sequence) return;
  buried_.insert({static_cast<uint32_t>(*lineage), *sequence});
}

uint32_t LogHistory::LineageOf(uint64_t sequence) const {
  for (auto lineage = lineages_.rbegin(); lineage != lineages_.rend(); ++lineage) {
    if (lineage->second <= sequence) return lineage->first;
  }
  return 0;
}

bool LogHistory::IsForgotten(std::string_view user, uint64_t last, uint64_t sequence) const {
  if (forgets_.empty()) return false;
  const auto of_user = forgets_.find(ForgetDigest(user));
  if (of_user == forgets_.end()) return false;
  for (auto it = of_user->second.upper_bound(last); it != of_user->second.end(); ++it) {
    if (*it >= sequence) break;
    if (!IsBuried(*it)) return true;
  }
  return false;
}

uint32_t LogHistory::FoldVersionOf(uint64_t sequence) const {
  uint32_t version = kFirstFoldVersion;
  for (const auto& [begins, raised] : barriers_) {
    if (begins >= sequence) break;
    if (!IsBuried(begins)) version = std::max(version, raised);
  }
  return version;
}

}  // namespace lyceum::shard
