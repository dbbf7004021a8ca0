// Heartbeats: of tool workers on lyceum.toolworker.<id>, of session workers on lyceum.worker.<id>.
// Written in protobuf.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "envelope/encoding.h"

namespace lyceum::envelope {

struct ToolHeartbeat {
  std::string worker;
  std::vector<std::string> tools;
  uint32_t slots = 0;
  uint32_t free = 0;
  bool draining = false;
  std::vector<CallId> in_flight;
  bool protobuf = false;  // It reads requests in protobuf.
  bool direct = false;    // It reads requests that are sent to it alone.
};
std::string EncodeToolHeartbeat(const ToolHeartbeat& heartbeat);
Result<ToolHeartbeat> DecodeToolHeartbeat(std::string_view data, Encoding encoding);

// Invariant of each partition: confirmed <= position.
struct WorkerHeartbeat {
  struct Partition {
    uint32_t partition = 0;
    uint64_t position = 0;   // The last record that was folded.
    uint64_t confirmed = 0;  // All that the records up to it sent has reached the server.
    uint32_t lineage = 0;
    uint32_t fold_version = 0;
    std::string digest;  // "<sequence>-<16 hex digits>": see the proto file. May be empty.
    std::string state;   // opening | catching_up | reading | halted | closed. May be empty.
    std::string halted_because;
    uint64_t checkpoint = 0;  // The position of its last checkpoint.
    uint64_t log_end = 0;     // The last record that the log is known to have.
    std::string role;         // owner | standby. Empty: neither.
    uint64_t epoch = 0;       // owner: of its lease; standby: of the lease that it follows.
    std::string moved_to;     // owner: whom an operator gave it to, while that one is there.
    bool erasing = false;     // Rows that were erased may still lie in its files.
    uint64_t forgotten = 0;   // The last record of class forget, since it started.
    bool operator==(const Partition&) const = default;
  };
  std::string worker;                 // A token.
  std::string boot;                   // A token; another one each time the worker starts.
  int64_t at_ms = 0;                  // Unix ms.
  std::vector<Partition> partitions;  // All that it may own. At most 1,024, each at most once.
  uint32_t shard = 0;                 // Of `shards`: each sends its own, with its partitions.
  uint32_t shards = 1;                // At least 1; at most 1,024.
  bool leaving = false;               // It stops, and owns nothing more.
  bool forgets = false;               // It erases a learner whom the log says to forget.
  bool operator==(const WorkerHeartbeat&) const = default;
};
std::string EncodeWorkerHeartbeat(const WorkerHeartbeat& heartbeat);
Result<WorkerHeartbeat> DecodeWorkerHeartbeat(std::string_view data, Encoding encoding);

}  // namespace lyceum::envelope
