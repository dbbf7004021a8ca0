// A WireWorld of the in-memory twin.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/manual_clock.h"
#include "wire/memory_broker.h"
#include "wire_contract.h"

namespace lyceum::wire {

class MemoryWorld final : public WireWorld {
 public:
  explicit MemoryWorld(uint64_t seed) : broker_(&clock_, OptionsOf(seed)) {}

  std::unique_ptr<Wire> MakeWire() override { return broker_.Connect(); }
  const Clock& clock() const override { return clock_; }
  bool RunUntil(const std::function<bool()>& condition, std::chrono::milliseconds wait) override;
  void CreateStream(const std::string& name, const std::vector<std::string>& subjects,
                    int32_t message_bytes_max) override;
  void CreateBucket(const std::string& name) override { broker_.AddBucket(name); }
  void DeleteConsumers(const std::string& stream) override { broker_.BreakConsumers(stream); }
  void StopServer() override { broker_.StopServer(); }
  void StartServer() override { broker_.StartServer(); }

 private:
  static MemoryBroker::Options OptionsOf(uint64_t seed) {
    MemoryBroker::Options options;
    options.seed = seed;
    return options;
  }

  ManualClock clock_;
  MemoryBroker broker_;
};

std::unique_ptr<WireWorld> MakeMemoryWorld();

}  // namespace lyceum::wire
