// FlightPage: how far a worker has folded, sent and been confirmed, in a small memory-mapped file.
//
// A store of some bytes, no syscall; it outlives kill -9 of the process. It is not synced: after
// loss of the machine it may be some seconds old, never wrong. For each partition a line of 128
// bytes:
//   folding   the record that is being folded now; 0: none. Set before, cleared after.
//   suspect, deaths   the record that was being folded when a process died, and how often in a row
//   sent      how far messages may have left, noted BEFORE they do, with that record's fingerprint
//   confirmed how far the server has confirmed all that was sent
// and the fingerprints of the last kFoldedMax records that were folded: where a log lost its tail and
// was filled again, they tell which of its records are known.
// Each line is written by its partition's shard alone, with stores that are seen in order: a kill
// between any two leaves the line as it was before the call or after it.
// Invariant: confirmed <= sent. Opening: a file that is missing, short, of another format or
// partition count is made anew: `known` is then false for every partition, and what is in no
// checkpoint is sent again. So it is for a single line that is damaged.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "store/checkpoint_store.h"

namespace lyceum::store {

class FlightPage {
 public:
  static constexpr size_t kFoldedMax = 4'096;

  struct Line {
    bool known = false;  // False: nothing is known of what this worker has sent.
    uint64_t sent = 0;
    uint64_t sent_fingerprint = 0;
    int64_t sent_time_ms = 0;  // When that record was stored.
    uint64_t confirmed = 0;
    uint64_t suspect = 0;  // The record at which the process died last, still unfolded.
    uint32_t deaths = 0;   // How often in a row it died there.
    int64_t stream_created_ns = 0;
    uint32_t lineage = 0;
    uint64_t epoch = 0;  // Of the lease under which the others were noted; 0: none.
  };

  // In a file, 0600. kRetry: the disk. Opening counts a death for each line whose `folding` is set:
  // of the suspect where it is the same record, else that record is the suspect, with one death.
  static Result<std::unique_ptr<FlightPage>> Open(const std::string& path, uint32_t partitions);
  // In memory: for a simulation, which keeps it over a crash of its worker. Reopen does what Open
  // does with what is there.
  static std::unique_ptr<FlightPage> InMemory(uint32_t partitions);
  void Reopen();
  ~FlightPage();

  Line Get(PartitionId partition) const;
  void BeginFold(PartitionId partition, uint64_t sequence);
  // The record is folded, or buried: `folding` is 0. A suspect up to it is none any more, its
  // deaths are 0; one that lies further on stays, for the fold to come to it.
  void EndFold(PartitionId partition);
  // Both only go forward: what is not above the last is no change. NoteSent makes the line known.
  void NoteSent(PartitionId partition, uint64_t sequence, uint64_t fingerprint, int64_t time_ms);
  void NoteConfirmed(PartitionId partition, uint64_t sequence);  // CHECK: it was sent.
  // The lease that what is noted from here on belongs to.
  void NoteEpoch(PartitionId partition, uint64_t epoch);
  // A record's fingerprint (32 bits of it), when it is folded. It takes the place of that of the
  // record kFoldedMax before it.
  void NoteFolded(PartitionId partition, uint64_t sequence, uint64_t fingerprint);
  enum class Folded { kSame, kOther, kUnknown };
  Folded WasFolded(PartitionId partition, uint64_t sequence, uint64_t fingerprint) const;
  // The log begins anew: what was noted is no more of use. The line is known, nothing is confirmed
  // (NoteConfirmed says so), nothing is being folded, no suspect. The fingerprints stay.
  void Reset(PartitionId partition, int64_t stream_created_ns, uint32_t lineage, uint64_t sent,
             uint64_t sent_fingerprint, int64_t sent_time_ms);
  // Likewise where another owner had the partition; but a suspect stays one.
  void Forget(PartitionId partition, int64_t stream_created_ns, uint32_t lineage, uint64_t sent);

 private:
  struct Impl;
  explicit FlightPage(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::store
