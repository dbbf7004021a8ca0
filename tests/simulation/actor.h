// Actor: a process of a simulated system. The simulation runs it when its time has come, and tells
// it when a handler of its wire has run.
#pragma once

#include <cstdint>

#include "wire/memory_broker.h"

namespace lyceum::simulation {

class Actor {
 public:
  virtual ~Actor() = default;
  virtual int64_t NextUs() const = 0;  // INT64_MAX: never.
  virtual void Run() = 0;
  virtual void OnTouched() = 0;
  virtual wire::MemoryBroker::ClientId client() const = 0;  // 0: none now.
};

}  // namespace lyceum::simulation
