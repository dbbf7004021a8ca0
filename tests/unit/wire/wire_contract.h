// What every Wire keeps to, and what stands on a Wire alone: LogReader, StoredPublisher, the
// key-value calls. The tests (wire_contract_test.cc, log_contract_test.cc) are written once against
// a WireWorld; each implementation gives its own:
//
//   INSTANTIATE_WIRE_CONTRACT(Nats, MakeNatsWorld);  // log_contract.h
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "wire/wire.h"

namespace lyceum::wire {

// A server with JetStream, and wires to it. One thread calls it.
class WireWorld {
 public:
  virtual ~WireWorld() = default;

  // Not connected yet. The world gives it its turns as long as it lives; at most 8 at once.
  virtual std::unique_ptr<Wire> MakeWire() = 0;
  virtual const Clock& clock() const = 0;

  // Turns of the loop: events are handled, time goes on, every wire's Tick and Flush is called.
  // After each turn the condition is asked. True: it holds. False: it has not held for `wait`, by
  // the world's clock.
  virtual bool RunUntil(const std::function<bool()>& condition, std::chrono::milliseconds wait) = 0;

  // A stream: limits, discard new, duplicate window 20 s. It is there when this returns.
  virtual void CreateStream(const std::string& name, const std::vector<std::string>& subjects,
                            int32_t message_bytes_max = -1) = 0;
  // A key-value bucket: the stream KV_<name> on $KV.<name>.>, one value a key.
  virtual void CreateBucket(const std::string& name) = 0;
  // The server forgets every consumer of a stream, and tells nobody.
  virtual void DeleteConsumers(const std::string& stream) = 0;

  // The server goes, with all its connections; what its streams have stored stays. Wires try to
  // come back by themselves.
  virtual void StopServer() = 0;
  virtual void StartServer() = 0;
};

using MakeWorld = std::unique_ptr<WireWorld> (*)();

class WireContract : public testing::TestWithParam<MakeWorld> {
 protected:
  static constexpr std::chrono::seconds kLong{15};  // Ends a test that fails.

  bool Until(const std::function<bool()>& condition) { return world_->RunUntil(condition, kLong); }
  // What goes on for so long, by the world's clock.
  void Run(std::chrono::milliseconds time) {
    world_->RunUntil([] { return false; }, time);
  }
  std::unique_ptr<Wire> Connected() {
    auto wire = world_->MakeWire();
    EXPECT_TRUE(Until([&] { return wire->connected(); }));
    return wire;
  }
  // True when the server has handled all that the wire has published and subscribed.
  bool Settle(Wire& wire) {
    bool back = false;
    const std::string inbox = wire.NewInbox();
    auto id = wire.Subscribe(inbox, "", [&](const Arrived&) { back = true; });
    if (!id || !wire.Publish({.subject = inbox})) return false;
    const bool settled = Until([&] { return back; });
    wire.Unsubscribe(*id);
    return settled;
  }

  std::unique_ptr<WireWorld> world_ = GetParam()();
};

}  // namespace lyceum::wire
