// What single processes of this machine use of the processor, by pid.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>

namespace lyceum::bench {

// By a name of the caller's own.
using Pids = std::map<std::string, pid_t>;

// Seconds, user and system, since the process began. Throws where there is no such process.
double ProcessCpuSeconds(pid_t pid);

// From the construction on. The kernel counts in hundredths of a second: windows of some seconds.
class CpuWindow {
 public:
  explicit CpuWindow(Pids pids);
  std::map<std::string, double> Seconds() const;  // So far.

 private:
  const Pids pids_;
  std::map<std::string, double> before_;
};

}  // namespace lyceum::bench
