// A whole system in one thread, under one seed: a broker, session workers, tool workers, gateways,
// and what goes wrong with them.
//
// A run: everybody is started and does what the seed says, while faults of the kinds that the seed
// has chosen happen; then everything is mended, and within a bound of time all must come to rest.
// What must be true is looked at all the while, and at rest the logs are folded again by a plain
// loop and compared with what the workers have stored. The same seed gives the same run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "simulation/bugs.h"

namespace lyceum::simulation {

struct Options {
  uint64_t seed = 1;
  bool faults = true;
  bool shared = false;     // Every worker may own everything; else only every seventh seed.
  bool snapshots = false;  // Snapshots are made, and folders are lost.
  Bug bug = Bug::kNone;
  // What happens, a line each; null: nobody listens. `verbose`: also each event of the broker.
  std::function<void(std::string_view line)> trace;
  bool verbose = false;
};

struct Outcome {
  std::string failure;  // Empty: all was as it must be.
  uint64_t events = 0;  // Of the broker.
  uint64_t records = 0;
  uint64_t messages = 0;
  uint64_t crashes = 0;
  uint64_t lineages = 0;
  uint64_t restores = 0;
  uint64_t buried = 0;
  int64_t virtual_ms = 0;
  uint64_t trace_hash = 0;
};

Outcome Simulate(const Options& options);

}  // namespace lyceum::simulation
