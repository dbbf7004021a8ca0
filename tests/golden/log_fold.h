// A recorded log folded as a partition folds it, and all that leaves because of it, as bytes.
//
// The records go through shard/fold.h and the state machine, what leaves is made by shard/output.h
// and lib/envelope: the code that a session worker runs. Left out is only what the log does not
// decide: to whom it is sent again after a crash, when a checkpoint is taken, a dispatcher's
// attempts. Every 64th record stands for a checkpoint. One thread calls it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "envelope/events.h"
#include "envelope/journal.h"
#include "envelope/subjects.h"
#include "log_file.h"
#include "shard/fold.h"
#include "shard/log_history.h"
#include "tutor/advance.h"

namespace lyceum::golden {

struct FoldOptions {
  tutor::Core core = &tutor::Advance;
  uint32_t fold_version = shard::kFirstFoldVersion;  // Before the first barrier.
  uint32_t fold_version_max = tutor::kFoldVersion;
  // At each checkpoint a session is read back from its row.
  bool reload = false;
};

// What a log comes to. The digests are SHA-256 as hex.
struct LogDigest {
  uint32_t fold_version = 0;  // Before the first barrier.
  uint64_t records = 0;
  uint64_t users = 0;     // With a session.
  uint64_t messages = 0;  // Made, however many clients read them.
  std::string state;      // Of the dumps of all sessions, at each checkpoint.
  std::string output;     // Of all that leaves, and of the rows that a checkpoint writes.
  bool operator==(const LogDigest&) const = default;
};

class LogFold {
 public:
  static constexpr uint64_t kCheckpointRecords = 64;

  // Of the file's records none are folded yet.
  LogFold(const RecordedLog& log, FoldOptions options);

  // What one record did. Valid until the next call.
  struct Step {
    std::optional<tutor::Event> event;        // Empty: refused, or a barrier.
    std::optional<tutor::StateName> from;     // Before it. Empty: no session.
    std::optional<tutor::Call> lock;          // That was pending before it.
    const tutor::Session* session = nullptr;  // After it. Null: it was folded into none.
    int64_t time_ms = 0;                      // The record's.
    bool is_barrier = false;
    std::optional<shard::Refused> refused;
    tutor::Effects effects;
    std::string output;  // What left because of it.
  };
  // kFatal: a barrier to a version above fold_version_max.
  Result<const Step*> OnRecord(const LogRecord& record);
  // Rows and dumps of what came after the last checkpoint.
  LogDigest Finish();

  const tutor::Session* Find(std::string_view user) const;
  // What the digests are of.
  const std::string& state() const { return state_; }
  const std::string& output() const { return output_; }
  const envelope::Subjects& subjects() const { return subjects_; }

 private:
  struct Entry {
    std::optional<tutor::Session> session;
    envelope::JournalWriter tail;
    std::vector<std::string> chunks;
    bool changed = false;
  };

  tutor::LogPosition PositionOf(const shard::Record& record) const;
  Result<void> Fold(const shard::Record& record);
  Result<void> OnBarrier(const shard::Record& record);
  void OnForget(const shard::Record& record, std::string_view digest);
  void OnEvent(const shard::Record& record, std::string_view user, envelope::DecodedEvent decoded);
  void Refuse(const shard::Record& record, std::string_view user, shard::Refused refused);
  void Apply(const shard::Record& record, Entry* entry, const std::string& trace);
  void Emit(const shard::Record& record, Entry* entry, const tutor::EmitMessage& emit);
  void Tell(const tutor::Session& session, const tutor::ClientMessage& message);
  void Reply(const UserId& user, const tutor::ReplyTo& reply);
  void Resend(Entry* entry, const tutor::ResendMessages& resend);
  void Call(const tutor::Session& session, const tutor::CallTool& call, const std::string& trace);
  void PutMessage(const UserId& user, const tutor::ClientMessage& message);
  void Put(std::string_view what, std::string_view bytes);
  void Share(Entry* entry);
  void CutChunk(const std::string& user, Entry* entry);
  void Checkpoint();

  const envelope::Subjects subjects_;
  const uint32_t partition_;
  const uint32_t lineage_;
  const FoldOptions options_;
  uint32_t fold_version_;
  envelope::EventDecoder decoder_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::map<std::string, std::shared_ptr<const tutor::Topic>> topics_;  // By digest.
  Step step_;
  uint64_t records_ = 0;
  uint64_t messages_ = 0;
  std::string state_;
  std::string output_;
};

// The whole log. kFatal as OnRecord.
Result<LogDigest> FoldLog(const RecordedLog& log, const FoldOptions& options);

}  // namespace lyceum::golden
