#include "worker/figures.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace lyceum::worker {
namespace {

constexpr double kUsPerSecond = 1e6;

// A backslash and a line feed; in label values also the quote that ends them.
std::string Escaped(std::string_view text, bool quote) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\\\";
    } else if (c == '\n') {
      escaped += "\\n";
    } else if (quote && c == '"') {
      escaped += "\\\"";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string NumberText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  // Whole numbers as such, up to where a double holds each of them.
  constexpr double kWholeMax = 9007199254740992.0;
  if (value == std::floor(value) && std::abs(value) <= kWholeMax) {
    return fmt::format("{}", static_cast<int64_t>(value));
  }
  return fmt::format("{}", value);
}

void AppendLabels(const Metric& metric, const std::string& bound, std::string* text) {
  if (metric.labels.empty() && bound.empty()) return;
  std::string_view before = "{";
  for (const auto& [name, value] : metric.labels) {
    *text += fmt::format("{}{}=\"{}\"", before, name, Escaped(value, true));
    before = ",";
  }
  if (!bound.empty()) *text += fmt::format("{}le=\"{}\"", before, bound);
  *text += '}';
}

void AppendSample(const Metric& metric, std::string_view suffix, const std::string& bound,
                  double value, std::string* text) {
  *text += metric.name;
  *text += suffix;
  AppendLabels(metric, bound, text);
  *text += ' ';
  *text += NumberText(value);
  *text += '\n';
}

void AppendHistogram(const Metric& metric, std::string* text) {
  const Histogram::Values& values = *metric.histogram;
  uint64_t count = 0;
  for (size_t i = 0; i < Histogram::kBuckets; ++i) {
    count += values.counts[i];
    const std::string bound =
        i < Histogram::kBoundsUs.size()
            ? NumberText(static_cast<double>(Histogram::kBoundsUs[i]) / kUsPerSecond)
            : "+Inf";
    AppendSample(metric, "_bucket", bound, static_cast<double>(count), text);
  }
  AppendSample(metric, "_sum", "", static_cast<double>(values.sum_us) / kUsPerSecond, text);
  AppendSample(metric, "_count", "", static_cast<double>(count), text);
}

// The fields of /proc/self/stat from the third on: the name before them may hold anything.
std::vector<std::string> StatFields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const size_t end = line.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream rest(line.substr(end + 1));
  return {std::istream_iterator<std::string>(rest), {}};
}

double FieldOf(const std::vector<std::string>& fields, size_t number) {
  const size_t index = number - 3;  // As proc(5) counts them.
  double value = 0;
  if (index < fields.size()) {
    std::from_chars(fields[index].data(), fields[index].data() + fields[index].size(), value);
  }
  return value;
}

double BootSeconds() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::strtod(line.c_str() + 6, nullptr);
  }
  return 0;
}

double OpenFiles() {
  std::error_code failed;
  const std::filesystem::directory_iterator files("/proc/self/fd", failed);
  if (failed) return 0;
  // Without the one that the folder is read by.
  return static_cast<double>(std::distance(begin(files), end(files))) - 1;
}

}  // namespace

Metric HistogramOf(std::string name, std::string help, const Histogram::Values& values,
                   std::vector<std::pair<std::string, std::string>> labels) {
  return {std::move(name), std::move(help), 0, false, std::move(labels), values};
}

std::string Render(const std::vector<Metric>& metrics) {
  std::string text;
  const std::string* last = nullptr;
  for (const Metric& metric : metrics) {
    if (last == nullptr || *last != metric.name) {
      const char* type = metric.histogram ? "histogram" : metric.counter ? "counter" : "gauge";
      text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", metric.name, Escaped(metric.help, false),
                          metric.name, type);
    }
    last = &metric.name;
    if (metric.histogram) {
      AppendHistogram(metric, &text);
    } else {
      AppendSample(metric, "", "", metric.value, &text);
    }
  }
  return text;
}

std::vector<Metric> ProcessFigures(std::string_view program) {
  const std::vector<std::string> stat = StatFields();
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  return {
      {"lyceum_build_info",
       "1: the program and its version",
       1,
       false,
       {{"program", std::string(program)}, {"version", LYCEUM_VERSION}}},
      {"process_cpu_seconds_total", "Processor time of this process",
       (FieldOf(stat, 14) + FieldOf(stat, 15)) / ticks},
      {"process_resident_memory_bytes", "Memory that this process has", FieldOf(stat, 24) * page,
       false},
      {"process_virtual_memory_bytes", "Address space of this process", FieldOf(stat, 23), false},
      {"process_threads", "Threads of this process", FieldOf(stat, 20), false},
      {"process_open_fds", "Open file descriptors", OpenFiles(), false},
      {"process_max_fds", "File descriptors that may be open", static_cast<double>(files.rlim_cur),
       false},
      {"process_start_time_seconds", "Start of this process, Unix time",
       BootSeconds() + FieldOf(stat, 22) / ticks, false},
  };
}

}  // namespace lyceum::worker
