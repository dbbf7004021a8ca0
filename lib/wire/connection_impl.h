// The inside of a Connection, for the sources of this library.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "wire/connection.h"
#include "wire/handles.h"
#include "wire/nats_options.h"

namespace lyceum::wire {

struct Connection::Impl {
  ~Impl();

  // True of what was published before, and of this connection. One at a time: two that wait at once
  // may share one PONG in the library (3.4), and when the server goes the second is told OK.
  natsStatus Flush(std::chrono::milliseconds timeout);

  std::string server;  // As given, without credentials: for messages to people.
  std::string inbox_prefix;
  std::shared_ptr<AsyncState> async;
  uint64_t async_id = 0;  // What the library's callbacks know of this connection.
  ConnectionHandle connection;
  JetStreamHandle jetstream;
  std::timed_mutex flushing;
  std::atomic<size_t> payload_bytes_max{0};  // As last asked of the library.
};

// Says in words why a call to JetStream failed.
Error JetStreamError(Connection::Impl& impl, natsStatus status, jsErrCode code,
                     const std::string& what);

}  // namespace lyceum::wire
