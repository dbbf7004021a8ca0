// RunLoad: simulated learners over the real contract, as one gateway would serve them.
//
// Closed loop: every learner acts as soon as it may. Open loop: waits begin at a fixed rate, whoever
// is free, and one that had to wait for a free learner counts from the moment it was meant to begin.
// What is called a turn in the report is one such wait: from an event to the message that lets the
// learner act again. A learner that has completed the course is followed by a fresh one; so is one
// that waits longer than turn_max, which is lost.
//
// One thread, one event loop, one connection, one client id for all learners. What one turn of the
// loop publishes is written at once. A connection that breaks is made again: the learners that wait
// then attach, and what is not acked is sent again.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "envelope/subjects.h"
#include "load/latencies.h"
#include "load/learner.h"
#include "wire/connection.h"

namespace lyceum::load {

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
  std::vector<pid_t> cpu_pids;  // Whose CPU is told. They run.
};

struct LoadReport {
  double seconds = 0;  // Measured.
  uint64_t turns = 0;
  Latencies latencies;
  uint64_t lost = 0, doubled = 0, out_of_order = 0, unreadable = 0, not_acked = 0;
  uint64_t repeated = 0;     // Messages that came again: allowed.
  uint64_t completed = 0;    // Courses.
  uint64_t late_starts = 0;  // Open loop: no learner was free.
  uint64_t reconnects = 0;
  std::map<std::string, uint64_t> errors;  // By code.
  std::map<std::string, double> cpu;       // Seconds while measuring, by program.
  std::string refused;                     // What the server has not let through, the last of it.

  uint64_t ErrorCount() const;
  // Nothing is missing, and nothing came that the contract does not allow.
  bool good() const;
};

// `progress` is called about once a second.
struct LoadProgress {
  double seconds = 0;
  double of = 0;
  uint64_t turns = 0;
  double turns_per_s = 0;  // Of the last second.
};
// Stops early where a stop signal has come (base/signals.h). kRetry: the server is not there.
// kReject: it refuses us, or one of cpu_pids does not run.
Result<LoadReport> RunLoad(const wire::ConnectOptions& options, const envelope::Subjects& subjects,
                           const LoadPlan& plan,
                           const std::function<void(const LoadProgress&)>& progress);

}  // namespace lyceum::load
