#include "envelope/snapshot_manifest.h"

#include <algorithm>

#include "envelope/convert_row.h"
#include "envelope/proto_io.h"

namespace lyceum::envelope {
namespace {

constexpr uint32_t kSnapshotFormat = 1;

}  // namespace

std::string EncodeSnapshotManifest(const SnapshotManifest& manifest) {
  v1::SnapshotManifest out;
  out.set_format(kSnapshotFormat);
  out.set_checkpoint(manifest.checkpoint);
  out.set_made_ms(manifest.made_ms);
  out.set_rows(manifest.rows);
  for (const SnapshotManifest::Slot& slot : manifest.slots) {
    v1::SnapshotSlot* to = out.add_slots();
    to->set_sequence(slot.sequence);
    to->set_digest(slot.digest);
    to->set_bytes(slot.bytes);
  }
  for (const uint32_t file : manifest.files) out.add_files(file);
  return out.SerializeAsString();
}

Result<SnapshotManifest> DecodeSnapshotManifest(std::string_view bytes) {
  v1::SnapshotManifest in;
  if (auto parsed = ParseRow(bytes, &in); !parsed) return parsed.error();
  if (in.format() != kSnapshotFormat) {
    return Reject("the snapshot is of format " + std::to_string(in.format()) +
                  ", this program has 1: run the version that wrote it");
  }
  SnapshotManifest manifest;
  manifest.checkpoint = in.checkpoint();
  manifest.made_ms = in.made_ms();
  manifest.rows = in.rows();
  for (const v1::SnapshotSlot& slot : in.slots()) {
    manifest.slots.push_back({slot.sequence(), slot.digest(), slot.bytes()});
  }
  manifest.files.assign(in.files().begin(), in.files().end());
  std::vector<bool> used(manifest.slots.size());
  const bool whole = std::all_of(in.files().begin(), in.files().end(), [&](uint32_t file) {
    if (file >= used.size() || used[file]) return false;
    used[file] = true;
    return true;
  });
  if (!whole || manifest.slots.size() > SnapshotManifest::kSlotsMax) {
    return Fatal("the manifest of a snapshot cannot be read");
  }
  return manifest;
}

}  // namespace lyceum::envelope
