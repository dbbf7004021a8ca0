#include "cli/cpu_use.h"

#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace lyceum::cli {
namespace {

struct Process {
  std::string name;
  double seconds = 0;
};

bool IsOurs(const std::string& name) {
  return name == "nats-server" || name == "lyceum-session-worker" || name == "lyceum-tool-worker" ||
         name == "lyceum";
}

std::map<int, Process> Look() {
  std::map<int, Process> found;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  std::error_code ignored;  // A process that has ended meanwhile.
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string text = entry.path().filename();
    int pid = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), pid);
    if (code != std::errc() || end != text.data() + text.size()) continue;
    // The kernel cuts its own name of a program to 15 characters.
    const std::string name =
        std::filesystem::read_symlink(entry.path() / "exe", ignored).filename();
    if (!IsOurs(name)) continue;
    std::ifstream file(entry.path() / "stat");
    std::string stat((std::istreambuf_iterator<char>(file)), {});
    const size_t after_name = stat.rfind(')');
    if (after_name == std::string::npos) continue;
    std::istringstream fields(stat.substr(after_name + 1));
    std::string skipped;
    double user = 0, system = 0;
    for (int i = 0; i < 11; ++i) fields >> skipped;  // Fields 3 to 13 of proc(5).
    if (fields >> user >> system) found[pid] = {name, (user + system) / ticks};
  }
  return found;
}

}  // namespace

CpuUse::CpuUse() {
  for (const auto& [pid, process] : Look()) before_[pid] = process.seconds;
}

std::map<std::string, double> CpuUse::Seconds() const {
  std::map<std::string, double> used;
  for (const auto& [pid, process] : Look()) {
    const auto before = before_.find(pid);
    used[process.name] += process.seconds - (before == before_.end() ? 0 : before->second);
  }
  return used;
}

}  // namespace lyceum::cli
