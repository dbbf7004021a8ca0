#include "bench/process_cpu.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace lyceum::bench {

double ProcessCpuSeconds(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string stat((std::istreambuf_iterator<char>(file)), {});
  const size_t after_name = stat.rfind(')');
  if (after_name == std::string::npos) {
    throw std::runtime_error(fmt::format("process {} has ended", pid));
  }
  std::istringstream fields(stat.substr(after_name + 1));
  std::string skipped;
  double user = 0, system = 0;
  for (int i = 0; i < 11; ++i) fields >> skipped;  // Fields 3 to 13 of proc(5).
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

CpuWindow::CpuWindow(Pids pids) : pids_(std::move(pids)) {
  for (const auto& [name, pid] : pids_) before_[name] = ProcessCpuSeconds(pid);
}

std::map<std::string, double> CpuWindow::Seconds() const {
  std::map<std::string, double> used;
  for (const auto& [name, pid] : pids_) used[name] = ProcessCpuSeconds(pid) - before_.at(name);
  return used;
}

}  // namespace lyceum::bench
