// SessionWorker: everything a session worker runs, wired together.
//
// One store, one outbox, one query service, one runner for each partition that it owns. Which those
// are is an option: nothing here assumes that they are all.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "envelope/subjects.h"
#include "outbox/outbox.h"
#include "session/partition_runner.h"
#include "session/query_service.h"
#include "store/store.h"
#include "wire/connection.h"

namespace lyceum::session {

class SessionWorker {
 public:
  struct Options {
    envelope::Subjects subjects;
    std::string id;
    std::string data_dir;
    std::vector<store::PartitionId> partitions;
    size_t sessions_max = 50'000;  // In memory, over all partitions.
  };
  // kRetry: the server is away. kReject: not installed, or the data directory is in use.
  static Result<std::unique_ptr<SessionWorker>> Start(std::shared_ptr<wire::Connection> connection,
                                                      Options options);
  // Stops reading, then sends what is due, at most until the deadline. What is left is in the
  // store.
  void Stop(Deadline deadline);
  ~SessionWorker();

  struct Status {
    uint64_t records = 0, batches = 0, refused = 0, retries = 0;
    size_t halted = 0;  // Partitions.
    outbox::Outbox::Counters outbox;
  };
  Status status() const;

 private:
  SessionWorker() = default;

  std::unique_ptr<store::Store> store_;
  std::unique_ptr<outbox::Outbox> outbox_;
  std::vector<std::unique_ptr<PartitionRunner>> runners_;
  std::unique_ptr<QueryService> queries_;
};

// "0-7,12" -> the partitions, sorted, each once. kReject: not of that form, or not below `count`.
Result<std::vector<store::PartitionId>> ParsePartitions(const std::string& text, uint32_t count);

}  // namespace lyceum::session
