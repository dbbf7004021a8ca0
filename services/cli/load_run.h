// LoadRun: simulated learners over the real contract, as one gateway would serve them.
//
// Closed loop: every learner speaks as soon as it is its turn. Open loop: turns begin at a fixed
// rate, whoever's turn it is, and a turn that had to wait for a free learner counts from the moment
// it was meant to begin. A learner that has completed the course is followed by a fresh one; so is
// one whose turn did not end in time, which is lost.
// One thread, one connection, one client id for all learners.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/latencies.h"
#include "cli/load_learner.h"
#include "envelope/subjects.h"
#include "wire/connection.h"

namespace lyceum::cli {

struct LoadPlan {
  LoadCourse course;
  LoadMix mix;
  std::string run;  // Of this run alone: part of every id. A token of at most 32 characters.
  size_t learners = 100;
  double turns_per_s = 0;                   // 0: closed loop.
  std::chrono::milliseconds warm_up{2000};  // Not measured.
  std::chrono::milliseconds length{10'000};
  std::chrono::milliseconds turn_max{30'000};
  tutor::Encoding encoding = tutor::Encoding::kProtobuf;
  uint64_t seed = 1;
};

struct LoadReport {
  double seconds = 0;  // Measured.
  uint64_t turns = 0;
  Latencies latencies;
  uint64_t errors = 0, lost = 0, doubled = 0, out_of_order = 0, unreadable = 0, not_acked = 0;
  uint64_t completed = 0;             // Courses.
  uint64_t late_starts = 0;           // Open loop: no learner was free.
  std::map<std::string, double> cpu;  // Seconds of this machine's programs, by name.
};

// `progress` is called about once a second.
struct LoadProgress {
  double seconds = 0;
  double of = 0;
  uint64_t turns = 0;
  double turns_per_s = 0;  // Of the last second.
};
Result<LoadReport> RunLoadPlan(std::shared_ptr<wire::Connection> connection,
                               const envelope::Subjects& subjects, const LoadPlan& plan,
                               const std::function<void(const LoadProgress&)>& progress);

}  // namespace lyceum::cli
