// What a snapshot of a partition is made of: messages/lyceum/v1/record.proto.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lyceum::envelope {

struct SnapshotManifest {
  // One of them stays below a MiB.
  static constexpr size_t kSlotsMax = 10'000;

  struct Slot {
    uint64_t sequence = 0;
    std::string digest;  // SHA-256 in hex.
    uint32_t bytes = 0;
    bool operator==(const Slot&) const = default;
  };
  std::string checkpoint;  // As the store has it.
  int64_t made_ms = 0;     // Unix ms.
  uint64_t rows = 0;
  std::vector<Slot> slots;
  std::vector<uint32_t> files;  // Indices of slots, each at most once, in the order of the rows.
  bool operator==(const SnapshotManifest&) const = default;
};

std::string EncodeSnapshotManifest(const SnapshotManifest& manifest);
// kReject: of a format that this program does not have. kFatal: not a manifest.
Result<SnapshotManifest> DecodeSnapshotManifest(std::string_view bytes);

}  // namespace lyceum::envelope
