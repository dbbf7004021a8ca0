// A log that waits in a real nats-server, and how fast it is got through: by its reader alone, and by
// a shard that folds it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "bench/engine_cost.h"
#include "bench/shard_runner.h"
#include "envelope/subjects.h"
#include "support/nats_server.h"
#include "wire/jetstream.h"

namespace lyceum::bench {

// A server of its own with the stream of one partition, and the buckets. Throws where anything fails.
class WaitingLog {
 public:
  // Publishes the records: they get the sequence numbers that they have.
  WaitingLog(const envelope::Subjects& subjects, uint32_t partition,
             std::span<const wire::StoredMessage> records);

  // The costs of this process, not of the server.
  // By the reader of a partition, which drops them; by a shard, which sends nothing.
  Cost ReadAlone() const;
  Cost FoldInto(const std::string& store, const TopicRows& topics) const;

  double publish_per_s() const { return publish_per_s_; }

 private:
  void Publish(std::span<const wire::StoredMessage> records);

  const envelope::Subjects subjects_;
  const uint32_t partition_;
  const std::string stream_;
  const uint64_t count_;
  test::NatsServer server_;
  std::shared_ptr<wire::Connection> connection_;
  double publish_per_s_ = 0;
};

}  // namespace lyceum::bench
