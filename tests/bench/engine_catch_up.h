// A log that waits in a real nats-server, and how fast a session worker's reader gets through it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "bench/engine_cost.h"
#include "envelope/subjects.h"
#include "support/nats_server.h"
#include "wire/connection.h"
#include "wire/jetstream.h"

namespace lyceum::bench {

// A server of its own with the stream of one partition. Throws where anything fails.
class WaitingLog {
 public:
  // Publishes the records: they get the sequence numbers that they have.
  WaitingLog(const envelope::Subjects& subjects, uint32_t partition,
             std::span<const wire::StoredMessage> records);

  // Reads all of them by the partition's own reader, in the session worker's portions. `take` gets
  // each portion and the stream's creation time. The cost of this process, not of the server.
  using Take = std::function<void(std::span<const wire::StoredMessage>, int64_t created_ns)>;
  Cost Read(const Take& take);

  double publish_per_s() const { return publish_per_s_; }

 private:
  void Publish(std::span<const wire::StoredMessage> records);

  const envelope::Subjects subjects_;
  const std::string stream_;
  const uint64_t count_;
  test::NatsServer server_;
  std::shared_ptr<wire::Connection> connection_;
  double publish_per_s_ = 0;
};

}  // namespace lyceum::bench
