// Very many sessions on one worker: what they cost to hold, to load and to go on with.
//
//   bench_scale [--sessions N] [--messages M] [--dir D] [--keep] [--seed S] [--quick] [--course
//   FILE]
//
// Makes N sessions with M messages each, the rows that the session worker writes, by its own code
// and without NATS, and measures on the way what a record costs as sessions, or the history of one,
// grow. Then a process of its own opens them as a worker does: time, memory, disk, cold loads.
// --dir: where they are made, in a folder of their own that is removed again unless --keep.
// Prints a table and one JSON line. Without options it takes some minutes, a million much longer.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/figures.h"
#include "bench/scale_build.h"
#include "bench/scale_measure.h"
#include "support/process.h"
#include "support/stack.h"

namespace lyceum::bench {
namespace {

using nlohmann::ordered_json;

constexpr double kMemoryBar = 512.0 * (1 << 20);
constexpr double kLoadBarMs = 1;
constexpr double kFlatBar = 1.10;
constexpr uint64_t kReportEach = 100'000;
constexpr std::chrono::minutes kMeasureMax{10};
constexpr const char* kSelf = "/proc/self/exe";

class Bench {
 public:
  explicit Bench(const ScalePlan& plan) : plan_(plan) {
    figures_ = {{"bench", "scale"},
                {"sessions", plan.sessions},
                {"messages", plan.messages},
                {"seed", plan.seed}};
  }
  void Run();

 private:
  void Build();
  void Histories();
  void Measure();
  void Row(const std::string& what, const std::string& figure, const std::string& bar = "");
  void Flat(const std::string& what, const std::string& name, const std::vector<Folded>& folded);

  const ScalePlan plan_;
  ordered_json figures_;
};

void Bench::Row(const std::string& what, const std::string& figure, const std::string& bar) {
  fmt::print("{:<58} {:>14}  {}\n", what, figure, bar);
}

// The most of the points against the least.
void Bench::Flat(const std::string& what, const std::string& name,
                 const std::vector<Folded>& folded) {
  const auto ratio = [&](double (Folded::*us)() const) {
    std::vector<double> values;
    for (const Folded& point : folded) values.push_back((point.*us)());
    return Quantile(values, 1) / Quantile(values, 0);
  };
  figures_[name + "_ratio"] = ratio(&Folded::ThreadUs);
  figures_[name + "_ratio_bar"] = kFlatBar;
  figures_[name + "_process_ratio"] = ratio(&Folded::ProcessUs);
  Row(what, fmt::format("{:.2f}", ratio(&Folded::ThreadUs)), fmt::format("<= {:.2f}", kFlatBar));
}

void Bench::Build() {
  Population population(plan_);
  std::vector<Folded> going_on;
  Folded growing;
  const Deadline begun = Steady::now();
  for (uint64_t at = 1'000; population.sessions() < plan_.sessions;) {
    const uint64_t goal = std::min({at, plan_.sessions, population.sessions() + kReportEach});
    const Folded grown = population.GrowTo(goal);
    growing.cost += grown.cost;
    growing.records += grown.records;
    fmt::print(stderr, "{} sessions, {:.0f} s; the last ones {:.1f} us of CPU a record\n", goal,
               SecondsSince(begun), grown.ProcessUs());
    if (goal != at && goal != plan_.sessions) continue;
    going_on.push_back(population.GoOn());
    const std::string name = fmt::format("record_at_{}_sessions", goal);
    figures_[name + "_us"] = going_on.back().ThreadUs();
    figures_[name + "_process_us"] = going_on.back().ProcessUs();
    Row(fmt::format("us of CPU a record, {} sessions there", goal),
        fmt::format("{:.2f}", going_on.back().ThreadUs()));
    at *= at == 1'000 ? 100 : 10;
  }
  Flat("  most / least", "record_by_sessions", going_on);
  const double seconds = SecondsSince(begun);
  figures_["build_s"] = seconds;
  figures_["build_s_per_100000"] = seconds * 1e5 / static_cast<double>(plan_.sessions);
  figures_["build_records_per_s_per_core"] =
      static_cast<double>(growing.records) / growing.cost.cpu_s;
  Row("building, records/s per core",
      fmt::format("{:.0f}", static_cast<double>(growing.records) / growing.cost.cpu_s));
}

void Bench::Histories() {
  std::vector<Folded> folded;
  for (const HistoryCost& cost : HistoryCosts(plan_)) {
    folded.push_back(cost.folded);
    const std::string name = fmt::format("record_at_{}_messages", cost.messages);
    figures_[name + "_us"] = cost.folded.ThreadUs();
    figures_[name + "_process_us"] = cost.folded.ProcessUs();
    Row(fmt::format("us of CPU a record, {} messages in the history", cost.messages),
        fmt::format("{:.2f}", cost.folded.ThreadUs()));
  }
  Flat("  most / least", "record_by_history", folded);
}

void Bench::Measure() {
  const test::Ran ran = test::Run(
      {kSelf, "--measure", "--sessions", std::to_string(plan_.sessions), "--messages",
       std::to_string(plan_.messages), "--seed", std::to_string(plan_.seed), "--dir", plan_.dir},
      {}, "", kMeasureMax);
  if (ran.code != 0) throw std::runtime_error("measuring failed: " + ran.err);
  const auto measured = ordered_json::parse(ran.out);
  for (const auto& [name, value] : measured.items()) figures_[name] = value;
  figures_["resident_bytes_bar"] = kMemoryBar;
  figures_["load_p99_ms_bar"] = kLoadBarMs;
  const auto mib = [&](const char* name) {
    return fmt::format("{:.0f}", measured.at(name).get<double>() / (1 << 20));
  };
  const auto number = [&](const char* name, const char* form) {
    return fmt::format(fmt::runtime(form), measured.at(name).get<double>());
  };
  Row("start: opening the store, s", number("open_s", "{:.2f}"));
  Row("start: adopting all partitions, s", number("adopt_s", "{:.2f}"));
  Row("resident memory after the start, MiB", mib("start_resident_bytes"), "<= 512");
  Row("resident memory after the loads, MiB", mib("resident_bytes"), "<= 512");
  Row("  its peak, MiB", mib("peak_resident_bytes"));
  Row("  sessions in memory then", number("sessions_in_memory", "{:.0f}"));
  Row("on disk, bytes a session", number("disk_session_bytes", "{:.0f}"));
  Row("loading a session that is not in memory, p50 ms", number("load_p50_ms", "{:.3f}"));
  Row("  p99 ms", number("load_p99_ms", "{:.3f}"), "<= 1");
  Row("  p99 ms of the first tenth, from the disk", number("load_first_p99_ms", "{:.3f}"));
  Row("  max ms", number("load_max_ms", "{:.3f}"));
  Row("  p50 ms, the files in the page cache", number("load_again_p50_ms", "{:.3f}"));
  Row("  p99 ms, the files in the page cache", number("load_again_p99_ms", "{:.3f}"));
  Row("  us of CPU, the files in the page cache", number("load_cpu_us", "{:.1f}"));
}

void Bench::Run() {
  fmt::print("{:<58} {:>14}  {}\n",
             fmt::format("{} sessions of {} messages, seed {}", plan_.sessions, plan_.messages,
                         plan_.seed),
             "", "bar");
  Build();
  Measure();
  Histories();
  fmt::print("{}\n", figures_.dump());
}

// In the process of its own: the figures as JSON for the one that started it.
void PrintMeasured(const ScalePlan& plan) {
  const Measured measured = MeasureSessions(plan);
  const std::vector<double>& load_ms = measured.load_ms;
  const auto tenth = static_cast<ptrdiff_t>((load_ms.size() + 9) / 10);
  const std::vector<double> first(load_ms.begin(), load_ms.begin() + tenth);
  const std::vector<double>& again_ms = measured.load_again_ms;
  const ordered_json figures = {{"open_s", measured.open_s},
                                {"adopt_s", measured.adopt_s},
                                {"start_resident_bytes", measured.after_open.resident_bytes},
                                {"start_peak_resident_bytes", measured.after_open.peak_bytes},
                                {"resident_bytes", measured.after_loads.resident_bytes},
                                {"peak_resident_bytes", measured.after_loads.peak_bytes},
                                {"sessions_in_memory", measured.in_cache},
                                {"disk_bytes", measured.disk_bytes},
                                {"disk_session_bytes", static_cast<double>(measured.disk_bytes) /
                                                           static_cast<double>(plan.sessions)},
                                {"loads", load_ms.size()},
                                {"load_p50_ms", Quantile(load_ms, 0.5)},
                                {"load_p99_ms", Quantile(load_ms, 0.99)},
                                {"load_first_p99_ms", Quantile(first, 0.99)},
                                {"load_max_ms", Quantile(load_ms, 1)},
                                {"load_again_p50_ms", Quantile(again_ms, 0.5)},
                                {"load_again_p99_ms", Quantile(again_ms, 0.99)},
                                {"load_cpu_us", measured.load_cpu_us}};
  fmt::print("{}\n", figures.dump());
}

// A folder of this run below `root`, gone in the end unless it is to be kept.
class Folder {
 public:
  Folder(const std::string& root, bool keep)
      : path_(root + "/lyceum-scale-" + std::to_string(getpid())), keep_(keep) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    if (!keep_) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  const bool keep_;
};

}  // namespace
}  // namespace lyceum::bench

int main(int argc, char** argv) {
  using lyceum::bench::ScalePlan;
  ScalePlan plan;
  plan.course = lyceum::test::SourceFile("ops/courses/fractions.toml");
  plan.dir = std::filesystem::temp_directory_path();
  bool quick = false;
  bool keep = false;
  bool measure = false;
  CLI::App app{"Very many sessions on one worker", "bench_scale"};
  app.add_option("--sessions", plan.sessions)->check(CLI::Range(10'000, 100'000'000));
  app.add_option("--messages", plan.messages)->check(CLI::Range(1, 30));
  app.add_option("--seed", plan.seed);
  app.add_option("--dir", plan.dir);
  app.add_option("--course", plan.course);
  app.add_flag("--keep", keep, "leaves the sessions where they are");
  app.add_flag("--quick", quick, "50,000 sessions, histories up to 1,000 messages");
  app.add_flag("--measure", measure)->group("");  // What this program starts itself with.
  CLI11_PARSE(app, argc, argv);
  if (measure) {
    lyceum::bench::PrintMeasured(plan);
    return 0;
  }
  if (quick) {
    if (app.count("--sessions") == 0) plan.sessions = 50'000;
    plan.history_max = 1'000;
  }
  const lyceum::bench::Folder folder(plan.dir, keep);
  plan.dir = folder.path();
  if (keep) fmt::print(stderr, "the sessions stay in {}\n", plan.dir);
  lyceum::bench::Bench(plan).Run();
  return 0;
}
