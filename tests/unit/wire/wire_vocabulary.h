// The words of these tests.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "support/nats_server.h"
#include "wire/connection.h"

namespace lyceum::wire {

inline const test::NatsServer::Options kOpen{.roles = false, .jetstream = true, .partitions = 16};

inline std::shared_ptr<MessageBox> Box() { return std::make_shared<MessageBox>(100'000); }

inline Message To(const std::string& subject, const std::string& data = "") {
  Message message;
  message.subject = subject;
  message.data = data;
  return message;
}

}  // namespace lyceum::wire
