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
  double ready_s = 0;  // All of it, until every partition reads.
  Memory after_open;
  Memory after_loads;  // The bound of sessions in memory is reached then, if there are so many.
  // Of sessions that are not in memory, each another one, in random order, as many as a
  // minute has room for; the first of them from files that are not in the page cache either.
  std::vector<double> load_ms;
  uint64_t in_memory = 0;  // Sessions, in the end.
  // The same ones once more, by another table: the page cache has their files now.
  std::vector<double> load_again_ms;
  double load_cpu_us = 0;  // Of one of those.
};

// Throws where a session is missing.
Measured MeasureSessions(const ScalePlan& plan);

}  // namespace lyceum::bench
