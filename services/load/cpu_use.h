// CpuUse: what some processes of this machine have used of the processor, by the name of their
// program. Read from /proc; processes of the same program are counted together.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace lyceum::load {

// "4711,4712". kReject: not a list of process ids.
Result<std::vector<pid_t>> ParsePids(const std::string& text);

class CpuUse {
 public:
  static constexpr size_t kProcessesMax = 1000;

  // From now on, of each of `pids`. kReject: one of them does not run, or /proc does not tell.
  static Result<CpuUse> Begin(const std::vector<pid_t>& pids);

  // Seconds, user and system, since Begin. One that has ended meanwhile is not in it, nor is
  // another process that has its id now. The kernel counts in hundredths of a second.
  std::map<std::string, double> Seconds() const;

 private:
  struct Process {
    pid_t pid = 0;
    std::string program;
    double started = 0;  // Ticks since the machine was started: tells it from a later one.
    double seconds = 0;  // Used before Begin.
  };
  std::vector<Process> processes_;
};

}  // namespace lyceum::load
