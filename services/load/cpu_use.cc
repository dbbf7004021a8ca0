#include "load/cpu_use.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <utility>

namespace lyceum::load {
namespace {

struct Stat {
  double started = 0;
  double seconds = 0;
};

// Nothing: there is no such process.
std::optional<Stat> ReadStat(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const size_t after_name = text.rfind(')');
  if (after_name == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(after_name + 1));
  std::string skipped;
  double user = 0, system = 0;
  Stat stat;
  for (int i = 3; i < 14; ++i) fields >> skipped;  // The fields' numbers in proc(5).
  fields >> user >> system;
  for (int i = 16; i < 22; ++i) fields >> skipped;
  if (!(fields >> stat.started)) return std::nullopt;
  stat.seconds = (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return stat;
}

// The program's file; where another user's process hides that, the name the kernel knows, which is
// cut to 15 characters.
std::string ProgramOf(pid_t pid) {
  std::error_code hidden;
  const auto exe = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), hidden);
  if (!hidden) return exe.filename();
  std::ifstream file(fmt::format("/proc/{}/comm", pid));
  std::string name;
  std::getline(file, name);
  return name;
}

}  // namespace

Result<std::vector<pid_t>> ParsePids(const std::string& text) {
  std::vector<pid_t> pids;
  for (size_t begin = 0; begin <= text.size() && !text.empty();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    pid_t pid = 0;
    const char* last = text.data() + end;
    const auto [stop, code] = std::from_chars(text.data() + begin, last, pid);
    if (code != std::errc() || stop != last || pid <= 0) {
      return Reject("--cpu-pids takes process ids with commas between");
    }
    if (std::find(pids.begin(), pids.end(), pid) == pids.end()) pids.push_back(pid);
    begin = end + 1;
  }
  if (pids.size() > CpuUse::kProcessesMax) {
    return Reject(fmt::format("--cpu-pids takes at most {} processes", CpuUse::kProcessesMax));
  }
  return pids;
}

Result<CpuUse> CpuUse::Begin(const std::vector<pid_t>& pids) {
  CpuUse use;
  for (const pid_t pid : pids) {
    const auto stat = ReadStat(pid);
    if (!stat) return Reject(fmt::format("--cpu-pids: there is no process {}", pid));
    use.processes_.push_back({pid, ProgramOf(pid), stat->started, stat->seconds});
  }
  return use;
}

std::map<std::string, double> CpuUse::Seconds() const {
  std::map<std::string, double> used;
  for (const Process& process : processes_) {
    const auto stat = ReadStat(process.pid);
    if (!stat || stat->started != process.started) continue;
    used[process.program] += stat->seconds - process.seconds;
  }
  return used;
}

}  // namespace lyceum::load
