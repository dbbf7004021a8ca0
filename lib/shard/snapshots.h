// Snapshots: what a partition's store has, put where a worker finds it that has nothing.
//
// A snapshot is a list of files (store/row_files.h), each a message of the snapshot stream, and a manifest that names
// them and the checkpoint that they are. A file that an earlier snapshot has is not sent again. A file lies in a slot, a
// subject that keeps its last message alone; a new one is put into a slot that the present manifest does not use, and
// the manifest is put last: so a snapshot is whole at any moment, and twice the room is the most that they take.
//
// One partition after the other, some KiB a turn of the loop. Only owners do it; where two are owners for a moment, a
// manifest or a slot that somebody else has put meanwhile ends the try. One thread calls it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "envelope/snapshot_manifest.h"
#include "shard/context.h"
#include "store/row_files.h"

namespace lyceum::shard {

// A snapshot of that checkpoint has nothing less than what is here.
bool IsAsFar(const store::Checkpoint& snapshot, const store::Checkpoint& here);

class Snapshots {
 public:
  explicit Snapshots(Context* context);
  ~Snapshots();

  // Once a turn; the partitions that this shard owns.
  void Turn(const std::vector<store::PartitionId>& owned);
  // A learner is forgotten: a snapshot that was begun has that one, and goes no further; the next is of this record or a
  // later one.
  void OnForgotten(store::PartitionId partition, uint32_t lineage, uint64_t sequence);
  // The connection is gone, and with it what was asked for.
  void OnDisconnected() { Abandon(); }
  // Steady ms; INT64_MAX: when something comes.
  int64_t NextMs() const;

 private:
  static constexpr size_t kSliceBytes = 64 << 10;  // Read in a turn,
  static constexpr int64_t kSliceEveryMs = 5;      // and not again before.
  static constexpr size_t kPutsMax = 4;            // On their way at once.
  static constexpr int64_t kAgainMs = 10'000;      // After one that failed.
  static constexpr int64_t kLookMs = 1'000;        // Whether one is owned that was not before.

  // What is known of a partition's last snapshot.
  struct Kept {
    int64_t due_ms = 0;     // Steady.
    uint64_t sequence = 0;  // Of the manifest; 0: there is none.
    envelope::SnapshotManifest manifest;
  };
  struct Round {
    store::PartitionId partition = 0;
    std::unique_ptr<store::RowReader> rows;
    std::unique_ptr<store::RowFileWriter> cut;
    envelope::SnapshotManifest next;
    std::vector<bool> taken;                // By slot.
    std::map<std::string, uint32_t> slots;  // Of the last snapshot, by digest.
    std::vector<std::string> files;         // Cut, and not put.
    size_t puts = 0;                        // On their way.
    uint64_t put_bytes = 0;
    bool read = false;
    int64_t read_ms = 0;  // Steady; when the next slice is read.
  };

  void Begin(store::PartitionId partition);
  void OnKept(store::PartitionId partition);
  void Step();
  void Place(const std::string& file);
  void Put(uint32_t slot, const std::shared_ptr<const std::string>& file, std::string digest,
           uint64_t last, bool again);
  void PutManifest();
  void Fail(const std::string& why);
  void Abandon();
  // Calls `next(snapshots, what came)` unless the round was given up meanwhile.
  template <class T, class Next>
  std::function<void(Result<T>)> Then(Next next);

  Context* const context_;
  std::map<store::PartitionId, Kept> kept_;
  // The last record that said so: its lineage and sequence.
  std::map<store::PartitionId, std::pair<uint32_t, uint64_t>> forgotten_;
  std::optional<Round> round_;
  uint64_t number_ = 0;  // Of the round; what an earlier one asked for is not looked at.
  int64_t look_ms_ = 0;  // Steady.
  std::shared_ptr<Snapshots*> self_;
};

}  // namespace lyceum::shard
