// What a worker with very many sessions needs: to start, to hold, and to load one of them. For a
// process that has done nothing else, whose memory is then that of the sessions.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/scale.h"

namespace lyceum::bench {

struct Memory {
  uint64_t resident_bytes = 0;  // VmRSS.
  uint64_t peak_bytes = 0;      // VmHWM.
};

struct Measured {
  uint64_t disk_bytes = 0;
  double open_s = 0;   // The store.
  double adopt_s = 0;  // Every partition, by an outbox that is connected to a server.
  Memory after_open;
  Memory after_loads;  // The session worker's cache is full by then, if there are so many sessions.
  // Of sessions that are not in memory, each another one, in random order, as many as a
  // minute has room for; the first of them from files that are not in the page cache either.
  std::vector<double> load_ms;
  uint64_t in_cache = 0;  // Sessions, in the end.
  // The same ones once more, by another cache: the page cache has their files now.
  std::vector<double> load_again_ms;
  double load_cpu_us = 0;  // Of one of those.
};

// Throws where a session is missing.
Measured MeasureSessions(const ScalePlan& plan);

}  // namespace lyceum::bench
