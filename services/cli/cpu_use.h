// CpuUse: what the programs of a Lyceum on this machine have used of the processor, by name.
//
// Read from /proc. Looks at nats-server, lyceum-session-worker, lyceum-tool-worker and lyceum;
// those of other machines, or of other users where /proc hides them, are not seen.
#pragma once

#include <map>
#include <string>

namespace lyceum::cli {

class CpuUse {
 public:
  CpuUse();  // From now on.

  // Seconds, user and system, since the construction, of the processes that still run. By program.
  std::map<std::string, double> Seconds() const;

 private:
  std::map<int, double> before_;  // By pid.
};

}  // namespace lyceum::cli
