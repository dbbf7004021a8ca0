// Rebuild: one session folded again from its records in the log, over the wire, without stopping the
// shard. Nothing is sent, no timer set, no call dispatched.
//
//   STREAM.INFO     is the log there from its beginning?
//   keys, barriers  lineages, burials, versions of the state machine: log_history.h
//   forgets         of this user
//   records         the user's subjects of the log, through a filter, up to `last`; topics that they
//                   name and nobody has at hand come from the course bucket
//
// `done` is told once, from a later handler; it may destroy this object. One thread calls it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shard/context.h"
#include "shard/refold.h"
#include "wire/log_reader.h"

namespace lyceum::shard {

class Rebuild {
 public:
  static constexpr int64_t kTimeMaxMs = 60'000;
  static constexpr size_t kJournalBytesMax = 64 << 20;

  struct Rebuilt {
    tutor::Session session;
    uint64_t records = 0;
    std::vector<store::JournalRow> journal;  // Its chunks, oldest first.
  };
  // kReject: its records do not make it again; the text says why. kRetry: try again.
  using Done = std::function<void(Result<Rebuilt>)>;
  Rebuild(Context* context, store::PartitionId partition, UserId user, uint64_t last, Done done);
  Rebuild(const Rebuild&) = delete;
  Rebuild& operator=(const Rebuild&) = delete;

  // About ten times a second.
  void Tick();

 private:
  void Begin();
  void AskWhyItBegins(uint64_t first);
  void ReadKeys();
  void ReadLineages();
  void ReadBarriers();
  void ReadForgets();
  void ReadRecords(uint64_t from);
  void Fetch(const tutor::LoadTopicOk& named, uint64_t sequence);
  void OnBarrier(const wire::LogRecord& record);
  void OnForget(const wire::LogRecord& record);
  void OnRecord(const wire::LogRecord& record);
  void AddToJournal(uint64_t sequence);
  void EndChunk();
  void End(Result<Rebuilt> result);
  void Finish();
  template <class T, class Next>
  std::function<void(Result<T>)> Then(Next next);

  Context* const context_;
  const store::PartitionId partition_;
  const UserId user_;
  const uint64_t last_;
  const std::string stream_;
  const int64_t give_up_ms_;  // Steady.
  Done done_;
  LogHistory history_;
  std::vector<uint32_t> lineages_;  // Whose keys are still to be read.
  Refold refold_;
  std::unique_ptr<wire::LogReader> reader_;
  TopicTable::Shared topic_;  // The last one that was fetched.

  std::optional<tutor::Session> session_;
  uint64_t records_ = 0;
  envelope::JournalWriter chunk_;
  uint64_t chunk_first_ = 0;
  std::vector<store::JournalRow> journal_;
  size_t journal_bytes_ = 0;
  std::shared_ptr<Rebuild*> self_;
};

}  // namespace lyceum::shard
