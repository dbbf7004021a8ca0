// FoldDigests: what a partition's log was made into, as a number for each block of 64 records, so that
// an owner and a standby that fold it side by side find out where they differ.
//
// Of a block that was folded here record by record, whole, and in one lineage: each record's fingerprint
// with what it has put out. What leaves the machine and what is only kept count alike, so owner and standby have
// the same numbers. The last kKept blocks are remembered. One thread calls it.
#pragma once

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/hash.h"

namespace lyceum::shard {

class FoldDigests {
 public:
  static constexpr uint64_t kBlock = 64;  // Records whose sequence over this is the same.
  static constexpr size_t kKept = 256;
  struct Block {
    uint64_t last = 0;  // Sequence of its last record; 0: there is none.
    uint64_t digest = 0;
    bool operator==(const Block&) const = default;
  };

  // A record is folded from here on; what one put out that was not folded to its end does not count.
  void BeginRecord() { output_ = 0; }
  // What the record that is being folded has put out.
  void AddOutput(std::string_view bytes) { output_ = Hash64(bytes, output_); }
  void AddOutput(uint64_t number) {
    output_ = hash::Mix(output_ ^ hash::kKey1, number ^ hash::kKey2);
  }
  // It is folded.
  void EndRecord(uint64_t sequence, uint64_t fingerprint) {
    if (sequence % kBlock == 0) {
      sum_ = 0, whole_ = true;
    } else if (sequence != last_ + 1) {
      whole_ = false;
    }
    last_ = sequence;
    sum_ = hash::Mix(sum_ ^ fingerprint ^ hash::kKey1, output_ ^ hash::kKey2);
    if (!whole_ || sequence % kBlock != kBlock - 1) return;
    newest_ = {sequence, sum_};
    blocks_[sequence / kBlock % kKept] = newest_;
  }
  // This block will have none: not all of it is folded in order.
  void Break() { whole_ = false; }
  // Another lineage: the same numbers are other records.
  void Clear() { *this = FoldDigests(); }

  const Block& newest() const { return newest_; }
  std::optional<uint64_t> Of(uint64_t last) const {
    const Block& block = blocks_[last / kBlock % kKept];
    return block.last == last && last != 0 ? std::optional(block.digest) : std::nullopt;
  }

 private:
  uint64_t last_ = 0;
  bool whole_ = false;
  uint64_t sum_ = 0;
  uint64_t output_ = 0;
  Block newest_;
  std::array<Block, kKept> blocks_{};
};

// As heartbeats carry it: "<last>-<16 hex digits>"; empty where there is none.
inline std::string ToText(const FoldDigests::Block& block) {
  return block.last == 0 ? "" : fmt::format("{}-{:016x}", block.last, block.digest);
}
inline FoldDigests::Block ReadDigest(std::string_view text) {
  FoldDigests::Block block;
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos || text.size() - dash != 17) return {};
  const auto read = [](std::string_view digits, int base, uint64_t* value) {
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), *value, base);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (!read(text.substr(0, dash), 10, &block.last)) return {};
  if (!read(text.substr(dash + 1), 16, &block.digest)) return {};
  return block;
}

}  // namespace lyceum::shard
