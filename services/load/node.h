// Node: the gateway's connection on its event loop, and what JetStream has to store on the way out.
// One thread; what a turn of the loop publishes is written once, at its end.
//
// A connection that breaks is made again, for as long as the node lives; what is not acked is then
// sent again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "wire/connection.h"
#include "wire/event_loop.h"
#include "wire/nats_wire.h"
#include "wire/stored_publisher.h"

namespace lyceum::load {

class Node {
 public:
  // Waits until it is connected. kRetry: the server is not there. kReject: it refuses us, or the
  // options are wrong.
  static Result<std::unique_ptr<Node>> Connect(const wire::ConnectOptions& options,
                                               wire::StoredPublisher::Options publisher);

  // What comes on the subject goes to the handler, over all connections. `connected` is called on
  // every later connection: what came between two is gone. Once.
  Result<void> Listen(std::string subject, wire::Wire::Handler handler,
                      std::function<void()> connected);
  // One turn of the loop, which waits at most so long.
  void RunOnce(std::chrono::milliseconds wait_max);

  wire::Wire& wire() { return *wire_; }
  wire::StoredPublisher& publisher() { return *publisher_; }

 private:
  Node() = default;
  void OnConnection(bool connected);

  std::string subject_;
  wire::Wire::Handler handler_;
  std::function<void()> connected_;
  int64_t tick_ms_ = 0;
  SystemClock clock_;
  wire::EventLoop loop_;
  std::unique_ptr<wire::NatsWire> wire_;
  std::unique_ptr<wire::StoredPublisher> publisher_;
};

}  // namespace lyceum::load
