// SnapshotRestore: a partition's last snapshot becomes what this worker's store has of it.
//
// Each file is verified by its digest before its rows are written, and the checkpoint is written last: whoever dies
// before has no checkpoint, and begins again. What was there before is gone as soon as the first file is written. A
// snapshot that changes meanwhile is begun anew, some times. One thread calls it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "envelope/snapshot_manifest.h"
#include "shard/context.h"
#include "store/row_files.h"

namespace lyceum::shard {

class SnapshotRestore {
 public:
  enum class State { kRunning, kRestored, kNone };

  // `here`: what the store has. A snapshot that is not ahead of it is none.
  SnapshotRestore(Context* context, store::PartitionId partition, const store::Checkpoint& here);
  ~SnapshotRestore();

  // Some times a second.
  void Turn();
  // kNone: there is none that can be used, `why` says the reason; the store has what it had, or nothing.
  State state() const { return state_; }
  const std::string& why() const { return why_; }

 private:
  static constexpr size_t kWindow = 8;  // Files that are asked for, or being written.
  static constexpr int64_t kAgainMs = 500;
  static constexpr int kTriesMax = 60;  // Answers that did not come.
  static constexpr int kBeginsMax = 5;

  void Begin();
  void OnManifest(const std::string& data);
  void Ask();
  void OnFile(uint32_t index, const std::string& data);
  void WriteNext();
  void Write(std::shared_ptr<store::CheckpointBatch> batch, bool last);
  void NoteSent();
  void BeginAnew(const std::string& why);
  void TryAgain(const std::string& why);
  void WaitForRoom(const std::string& why);
  void Pause();
  void Fail(const std::string& why);
  // Calls `next(restore, what came)` unless it was begun anew meanwhile.
  template <class T, class Next>
  std::function<void(T)> Then(Next next);

  Context* const context_;
  const store::PartitionId partition_;
  const store::Checkpoint here_;
  State state_ = State::kRunning;
  std::string why_;
  envelope::SnapshotManifest manifest_;
  store::Checkpoint checkpoint_;
  store::RowFileReader rows_;
  std::map<uint32_t, std::string> came_;  // Files that are not written yet.
  uint32_t asked_ = 0, written_ = 0;      // The next of each.
  size_t asking_ = 0, writing_ = 0;       // On their way.
  bool wrote_ = false;                    // Something of it is in the store.
  int64_t begun_ms_ = 0;                  // Steady.
  int64_t again_ms_ = INT64_MAX;          // Steady.
  int tries_ = 0, begins_ = 0;
  bool waits_for_room_ = false;
  uint64_t number_ = 0;
  std::shared_ptr<SnapshotRestore*> self_;
};

}  // namespace lyceum::shard
