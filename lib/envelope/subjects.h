// Where everything lies: the only place that spells a subject, stream or bucket name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "tutor/call.h"

namespace lyceum::envelope {

// kBarrier, kForget: records of the partition, no user's. The last token of a barrier is the worker that wrote it, that
// of a forget the SHA-256 of the user who is to be forgotten, as lower-case hex.
enum class RecordClass { kUser, kAdmin, kTool, kTimer, kBarrier, kTeacher, kForget };
std::string_view Name(RecordClass record_class);

// Every id given here must be a token (base/token.h); anything else is a CHECK failure.
class Subjects {
 public:
  // The prefix must pass CheckPrefix and the count be 1 to 1024: anything else is a CHECK failure.
  explicit Subjects(std::string prefix = "lyceum", uint32_t partitions = 16);
  // Tokens of [A-Za-z0-9_-] with dots between, 64 characters at most. Streams are named in upper
  // case with '_' for the dots, buckets likewise but as they are.
  static Result<void> CheckPrefix(std::string_view prefix);

  const std::string& prefix() const { return prefix_; }
  uint32_t partitions() const { return partitions_; }
  uint32_t PartitionOf(const UserId& user) const;
  uint32_t PartitionOf(std::string_view token) const;  // Allocates nothing.

  std::string In(RecordClass record_class, const UserId& user) const;  // lyceum.in.user.<user>
  std::string Log(uint32_t partition, RecordClass record_class, const UserId& user) const;
  std::string Barrier(uint32_t partition,
                      std::string_view worker) const;  // lyceum.p.<pp>.barrier.<worker>
  std::string Forget(uint32_t partition,
                     std::string_view digest) const;  // lyceum.p.<pp>.forget.<digest>
  std::string LogStream(uint32_t partition) const;    // LYCEUM_P<pp>
  std::string LogSubjects(uint32_t partition) const;  // lyceum.p.<pp>.*.*
  std::string LogFilter(const UserId& user) const;    // lyceum.p.<pp>.*.<user>
  std::string LogFilterIn(uint32_t partition,
                          const UserId& user) const;      // The same in any of them.
  std::string Barriers(uint32_t partition) const;         // lyceum.p.<pp>.barrier.*
  std::string Forgets(uint32_t partition) const;          // lyceum.p.<pp>.forget.*
  std::string ToolRequests(std::string_view tool) const;  // lyceum.tool.<tool>
  // lyceum.tool.<tool>.<id>
  std::string ToolRequestsTo(std::string_view tool, std::string_view worker) const;
  std::string Heartbeat(std::string_view worker) const;                    // lyceum.toolworker.<id>
  std::string AllHeartbeats() const;                                       // lyceum.toolworker.*
  std::string WorkerHeartbeat(std::string_view worker) const;              // lyceum.worker.<id>
  std::string AllWorkerHeartbeats() const;                                 // lyceum.worker.*
  std::string ToolControl(std::string_view worker) const;                  // lyceum.toolctl.<id>
  std::string Out(const ClientId& client) const;                           // lyceum.out.<client>
  std::string Gateway(std::string_view id) const;                          // lyceum.gateway.<id>
  std::string QueryOf(const UserId& user) const;                           // lyceum.query.<user>
  std::string Queries(uint32_t partition) const;                           // lyceum.q.<pp>.*
  std::string PartitionCommands(uint32_t partition) const;                 // lyceum.partition.<pp>
  std::string DeadLetterOf(uint32_t partition, const UserId& user) const;  // lyceum.dlq.<pp>.<user>
  // lyceum.draft.<course>.<user>. A course that no token can carry is "-".
  std::string DraftOf(const CourseId& course, const UserId& user) const;
  std::string Drafts(const CourseId& course) const;  // lyceum.draft.<course>.*; empty: of all.
  std::string DeadLetters() const;                   // lyceum.dlq.*.*
  std::string DeadLetterStream() const;              // LYCEUM_DLQ
  std::string SnapshotFile(uint32_t partition, uint32_t slot) const;  // lyceum.snapshot.<pp>.<slot>
  std::string SnapshotManifest(uint32_t partition) const;  // lyceum.snapshot.<pp>.manifest
  std::string Snapshots() const;                           // lyceum.snapshot.*.*
  std::string SnapshotStream() const;                      // LYCEUM_SNAPSHOTS
  std::string ClusterBucket() const;                       // lyceum_cluster
  std::string CourseBucket() const;                        // lyceum_courses

  // The same as Out and In, appended to a buffer that is used again and again.
  void AppendOut(std::string* subject, std::string_view client) const;
  void AppendIn(std::string* subject, RecordClass record_class, std::string_view user) const;

  // The parts of a stored subject, those of the partition itself among them. Views into it; only a refusal allocates.
  // Whether the user hashes to this partition is the caller's to check.
  struct LogSubject {
    uint32_t partition = 0;
    RecordClass record_class = RecordClass::kUser;
    std::string_view user;  // A token. Of the partition's own classes: the last token.
    bool of_partition() const {
      return record_class == RecordClass::kBarrier || record_class == RecordClass::kForget;
    }
  };
  Result<LogSubject> ParseLogFast(std::string_view subject) const;
  // The same with a user of its own; without those of the partition itself. kReject if it is not one of a log. Whether
  // the user hashes to this partition is the caller's to check: such a record goes to the dead
  // letters.
  struct LogParts {
    uint32_t partition = 0;
    RecordClass record_class;
    UserId user;
  };
  Result<LogParts> ParseLog(std::string_view subject) const;
  // The user of lyceum.q.<pp>.<user>. kReject also where the user belongs to another partition.
  Result<UserId> ParseQuery(std::string_view subject) const;

 private:
  std::string prefix_;
  uint32_t partitions_;
};

inline constexpr std::string_view kToolQueueGroup = "tools";

// Where a tool worker answers a request: <inbox>.<call>.<send>. `send` numbers the dispatches.
struct ToolReplySubject {
  std::string_view call;
  uint64_t send = 0;
};
void AppendToolReply(std::string* subject, std::string_view inbox, std::string_view call,
                     uint64_t send);
// Empty: not below this inbox, or not ours. Views into the subject; allocates nothing.
std::optional<ToolReplySubject> ParseToolReply(std::string_view subject, std::string_view inbox);

}  // namespace lyceum::envelope
