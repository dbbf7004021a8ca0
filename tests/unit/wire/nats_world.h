// A WireWorld of a real nats-server.
#pragma once

#include <deque>
#include <memory>

#include "support/nats_server.h"
#include "wire/event_loop.h"
#include "wire/nats_wire.h"
#include "wire_contract.h"

namespace lyceum::wire {

class NatsWorld final : public WireWorld {
 public:
  // With JetStream, without users.
  NatsWorld();
  explicit NatsWorld(const test::NatsServer::Options& options);
  ~NatsWorld() override;

  std::unique_ptr<Wire> MakeWire() override;
  const Clock& clock() const override { return clock_; }
  bool RunUntil(const std::function<bool()>& condition, std::chrono::milliseconds wait) override;
  void CreateStream(const std::string& name, const std::vector<std::string>& subjects,
                    int32_t message_bytes_max) override;
  void CreateBucket(const std::string& name) override;
  void DeleteConsumers(const std::string& stream) override;
  void StopServer() override { server_.Kill9(); }
  void StartServer() override { server_.Restart(); }

  test::NatsServer& server() { return server_; }
  EventLoop& loop() { return loop_; }
  // One turn: at most so long. Returns what the turn took without waiting.
  std::chrono::microseconds Turn(int64_t wait_ms_max);
  // A wire that the world gives its turns.
  std::unique_ptr<NatsWire> MakeNatsWire(const ConnectOptions& options);

 private:
  class Guest;

  test::NatsServer server_;
  SystemClock clock_;
  EventLoop loop_;
  std::vector<NatsWire*> wires_;
};

std::unique_ptr<WireWorld> MakeNatsWorld();

}  // namespace lyceum::wire
