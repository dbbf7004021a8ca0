// A log of one partition from a random walk: learners who do sensible and senseless things, tools
// that answer, fail and answer again, operators, timers, and records that are nothing at all.
//
// The walk folds its own log as it goes, so it knows which call is pending and which timer stands.
// The same seed gives the same log, on every build.
#pragma once

#include <cstdint>

#include "log_file.h"

namespace lyceum::golden {

struct Walk {
  uint64_t seed = 1;
  size_t records = 500;
  size_t users = 3;
  uint32_t partition = 3;
  uint32_t lineage = 0;
};

RecordedLog RandomLog(const Walk& walk);

}  // namespace lyceum::golden
