// Very many sessions on one worker: what they cost to hold, to load and to go on with.
//
//   bench_scale [--sessions N] [--messages M] [--history H] [--dir D] [--keep] [--seed S] [--quick]
//               [--course FILE]
//
// Makes N sessions with M messages each, the rows that the session worker writes, by a shard of its
// own over logs in memory (log_wire.h), and measures on the way what a record costs as sessions, or the history of one,
// grow: against a small store in turn, since CPU time depends on what else the machine does. Then a
// process of its own opens them as a worker does: time, memory, disk, cold loads.
// --dir: where they are made, in a folder of their own that is removed again unless --keep.
// Prints a table and one JSON line. Without options it takes some minutes, a million much longer.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/log.h"
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
constexpr uint64_t kFirstCompared = 10'000;
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
  void Show(const std::string& unit, const Compared& cost);
  void Flat(const std::string& name, const std::vector<Compared>& costs);

  const ScalePlan plan_;
  ordered_json figures_;
};

void Bench::Row(const std::string& what, const std::string& figure, const std::string& bar) {
  fmt::print("{:<58} {:>14}  {}\n", what, figure, bar);
  std::fflush(stdout);  // The next figure may be minutes away.
}

// `unit`: what there are many of.
void Bench::Show(const std::string& unit, const Compared& cost) {
  const std::string name = fmt::format("record_at_{}_{}", cost.at, unit);
  const std::string small = fmt::format("record_at_{}_{}_us", cost.small_at, unit);
  if (!figures_.contains(small)) figures_[small] = cost.small.ThreadUs();
  figures_[name + "_us"] = cost.large.ThreadUs();
  figures_[name + "_ratio"] = cost.ThreadRatio();
  figures_[name + "_process_ratio"] = cost.ProcessRatio();
  Row(fmt::format("us of CPU a record at {} {}, and at {}", cost.at, unit, cost.small_at),
      fmt::format("{:.1f} {:.1f}", cost.large.ThreadUs(), cost.small.ThreadUs()));
}

// The most of all points against the least; the small one counts as 1.
void Bench::Flat(const std::string& name, const std::vector<Compared>& costs) {
  std::vector<double> ratios = {1};
  for (const Compared& cost : costs) ratios.push_back(cost.ThreadRatio());
  const double ratio = Quantile(ratios, 1) / Quantile(ratios, 0);
  figures_[name + "_ratio"] = ratio;
  figures_[name + "_ratio_bar"] = kFlatBar;
  Row("  most / least", fmt::format("{:.2f}", ratio), fmt::format("<= {:.2f}", kFlatBar));
}

void Bench::Build() {
  Population population(plan_, SessionsDir(plan_));
  std::vector<Compared> costs;
  Folded growing;
  double growing_s = 0;
  for (uint64_t at = kFirstCompared; population.sessions() < plan_.sessions;) {
    const uint64_t goal = std::min({at, plan_.sessions, population.sessions() + kReportEach});
    const CostClock clock;
    const Folded grown = population.GrowTo(goal);
    growing_s += clock.Read().wall_s;
    growing.cost += grown.cost;
    growing.records += grown.records;
    fmt::print(stderr, "{} sessions, {:.0f} s; the last ones {:.1f} us of CPU a record\n", goal,
               growing_s, grown.ProcessUs());
    const bool last = goal == plan_.sessions && goal >= at / 5;  // Twice the point before.
    if (goal != at && !last) continue;
    costs.push_back(population.GoOn());
    Show("sessions", costs.back());
    at *= 10;
  }
  Flat("record_by_sessions", costs);
  figures_["build_s"] = growing_s;
  figures_["build_s_per_100000"] = growing_s * 1e5 / static_cast<double>(plan_.sessions);
  const double per_core = static_cast<double>(growing.records) / growing.cost.cpu_s;
  figures_["build_records_per_s_per_core"] = per_core;
  Row("building, s for 100,000 sessions",
      fmt::format("{:.0f}", figures_["build_s_per_100000"].get<double>()));
  Row("  records/s per core", fmt::format("{:.0f}", per_core));
}

void Bench::Histories() {
  const std::vector<Compared> costs = HistoryCosts(plan_);
  for (const Compared& cost : costs) Show("messages", cost);
  Flat("record_by_history", costs);
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
  Row("start: until every partition reads, s", number("ready_s", "{:.2f}"));
  Row("resident memory after the start, MiB", mib("start_resident_bytes"), "<= 512");
  Row("resident memory after the loads, MiB", mib("resident_bytes"), "<= 512");
  Row("  its peak, MiB", mib("peak_resident_bytes"));
  Row("  loads", number("loads", "{:.0f}"));
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
                                {"ready_s", measured.ready_s},
                                {"start_resident_bytes", measured.after_open.resident_bytes},
                                {"start_peak_resident_bytes", measured.after_open.peak_bytes},
                                {"resident_bytes", measured.after_loads.resident_bytes},
                                {"peak_resident_bytes", measured.after_loads.peak_bytes},
                                {"sessions_in_memory", measured.in_memory},
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
  app.add_option("--sessions", plan.sessions)->check(CLI::Range(3'000, 100'000'000));
  app.add_option("--messages", plan.messages)->check(CLI::Range(1, 30));
  app.add_option("--history", plan.history_max, "the longest history")
      ->check(CLI::Range(100, 10'000));
  app.add_option("--seed", plan.seed);
  app.add_option("--dir", plan.dir);
  app.add_option("--course", plan.course);
  app.add_flag("--keep", keep, "leaves the sessions where they are");
  app.add_flag("--quick", quick, "50,000 sessions, histories up to 1,000 messages, fewer rounds");
  app.add_flag("--measure", measure)->group("");  // What this program starts itself with.
  CLI11_PARSE(app, argc, argv);
  lyceum::InitLog("bench_scale", "", "error");
  if (measure) {
    lyceum::bench::PrintMeasured(plan);
    return 0;
  }
  if (quick) {
    if (app.count("--sessions") == 0) plan.sessions = 50'000;
    if (app.count("--history") == 0) plan.history_max = 1'000;
    plan.rounds = 3;
  }
  const lyceum::bench::Folder folder(plan.dir, keep);
  plan.dir = folder.path();
  if (keep) fmt::print(stderr, "the sessions stay in {}\n", plan.dir);
  lyceum::bench::Bench(plan).Run();
  return 0;
}
