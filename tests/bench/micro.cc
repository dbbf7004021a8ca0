// The parts of a turn, one at a time: the state machine, the codecs, the grader, the store, the
// timers and the dispatcher's table.
//
//   bench_micro [--benchmark_filter=REGEX] [--benchmark_min_time=SECONDS]
//               [--benchmark_repetitions=N]
// A table of the median, least and most of the repetitions, with the ratios that DESIGN.md wants
// flat, and one JSON line. Microseconds: processor time of the thread, and wall time where the
// store takes part.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bench/figures.h"

namespace lyceum::bench {
namespace {

using json = nlohmann::ordered_json;

constexpr double kFlatMax = 1.10;

// "AdvanceRightAnswer/history:10/manual_time/repeats:3" -> "AdvanceRightAnswer/history:10".
std::string NameOf(const benchmark::BenchmarkReporter::Run& run) {
  const auto& name = run.run_name;
  return name.args.empty() ? name.function_name : name.function_name + "/" + name.args;
}

class Table : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override {
    fmt::print("{:<36}{:>12}{:>12}{:>12}   us\n", "", "median", "least", "most");
    return true;
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    std::vector<double> us;
    for (const Run& run : runs) {
      if (run.error_occurred) failed_ = true;
      if (run.run_type != Run::RT_Iteration || run.iterations == 0) continue;
      us.push_back(1e6 * run.real_accumulated_time / static_cast<double>(run.iterations));
    }
    if (us.empty()) return;
    const std::string name = NameOf(runs.front());
    medians_[name] = Quantile(us, 0.5);
    const auto [least, most] = std::minmax_element(us.begin(), us.end());
    figures_[name] = {{"median_us", medians_[name]}, {"least_us", *least}, {"most_us", *most}};
    fmt::print("{:<36}{:>12.3f}{:>12.3f}{:>12.3f}\n", name, medians_[name], *least, *most);
    std::fflush(stdout);
  }

  // What should cost the same however much there is.
  void PrintFlat(std::string_view name, std::string_view few, std::string_view many) {
    const auto low = medians_.find(fmt::format("{}/{}", name, few));
    const auto high = medians_.find(fmt::format("{}/{}", name, many));
    if (low == medians_.end() || high == medians_.end()) return;
    const double ratio = high->second / low->second;
    ratios_[std::string(name)] = ratio;
    fmt::print("{:<36}{:>12.2f}   {} against {}, bar: <= {:.2f}\n", name, ratio, many, few,
               kFlatMax);
  }
  json Line() const {
    return {{"bench", "micro"},
            {"figures", figures_},
            {"ratios", ratios_},
            {"bars", {{"ratio_max", kFlatMax}}}};
  }
  bool failed() const { return failed_; }

 private:
  std::map<std::string, double> medians_;
  json figures_ = json::object();
  json ratios_ = json::object();
  bool failed_ = false;
};

int Main(int argc, char** argv) {
  // The first ones are the defaults: what the command line says later counts.
  std::vector<std::string> words = {argv[0], "--benchmark_min_time=0.2",
                                    "--benchmark_repetitions=3"};
  words.insert(words.end(), argv + 1, argv + argc);
  std::vector<char*> args;
  for (std::string& word : words) args.push_back(word.data());
  int count = static_cast<int>(args.size());
  benchmark::Initialize(&count, args.data());
  if (benchmark::ReportUnrecognizedArguments(count, args.data())) return 2;
  Table table;
  if (benchmark::RunSpecifiedBenchmarks(&table) == 0) return 2;
  fmt::print("\n");
  table.PrintFlat("AdvanceRightAnswer", "history:10", "history:1000");
  table.PrintFlat("AdvanceToolResult", "history:10", "history:1000");
  fmt::print("{}\n", table.Line().dump());
  return table.failed() ? 1 : 0;
}

}  // namespace
}  // namespace lyceum::bench

int main(int argc, char** argv) { return lyceum::bench::Main(argc, argv); }
