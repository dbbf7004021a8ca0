// Turns through the real broker against the bare relay, alternately in one run.
//
//   bench_turns [--lean] [--sweep] [--rounds N] [--seconds S] [--in-flight W ...] [--course FILE]
//               [--store DIR]
// Two nats-servers of their own, one for each. Each round measures each number in flight: 1, 200 and
// 2,000, or with --sweep also 10 and 500. Few in flight are held against the relay without the
// library's buffer, many against the one with it: each is the faster one there. A table of medians,
// the spread as the least and the most of the rounds; and one JSON line with every round's figures.
// CPU is that of each process, and its ratio that to all processes of the relay together, a turn.
// --lean: a canned gateway and a canned tool (lean.cc) instead of `lyceum load` and the tool worker.
// --store: the sessions that bench_scale has made there are on the session worker while it is
// measured. The folder is used up.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/figures.h"
#include "bench/turns_side.h"
#include "support/stack.h"

namespace lyceum::bench {
namespace {

using nlohmann::json;

constexpr int kBufferedFrom = 100;  // In flight.

struct Plan {
  bool lean = false;
  bool sweep = false;
  int rounds = 3;
  int seconds = 5;
  std::vector<int> in_flight;
  std::string course = test::SourceFile("ops/courses/fractions.toml");
  std::string store;

  std::vector<int> levels() const {
    if (!in_flight.empty()) return in_flight;
    return sweep ? std::vector<int>{1, 10, 200, 500, 2000} : std::vector<int>{1, 200, 2000};
  }
  std::string name() const {
    return lean ? "turns_lean" : store.empty() ? "turns" : "turns_beside_sessions";
  }
};

// A figure of each round.
struct Figures {
  std::vector<double> values;
  void Add(double value) { values.push_back(value); }
  double Median() const { return Quantile(values, 0.5); }
  std::string Spread() const {
    return fmt::format("{:>6.2f} ({:.2f} to {:.2f})", Median(),
                       *std::min_element(values.begin(), values.end()),
                       *std::max_element(values.begin(), values.end()));
  }
};

// Of one side, at one number in flight.
struct Side {
  Figures turns_per_s, p50_ms, p99_ms;
  std::map<std::string, Figures> cpu_s;  // By process, a thousand turns.
  void Add(const TurnsRun& run) {
    turns_per_s.Add(run.turns_per_s);
    p50_ms.Add(run.p50_ms);
    p99_ms.Add(run.p99_ms);
    for (const auto& [process, seconds] : run.cpu_s) cpu_s[process].Add(seconds);
  }
};

struct Level {
  int in_flight = 1;
  Side relay, lyceum;
  Figures rate_ratio, p50_ratio;             // Lyceum to the relay of the same round.
  std::map<std::string, Figures> cpu_ratio;  // The same, to all of the relay; `all` of Lyceum too.

  bool relay_buffered() const { return in_flight >= kBufferedFrom; }
  void Add(const TurnsRun& of_relay, const TurnsRun& of_lyceum) {
    relay.Add(of_relay);
    lyceum.Add(of_lyceum);
    rate_ratio.Add(of_lyceum.turns_per_s / of_relay.turns_per_s);
    p50_ratio.Add(of_lyceum.p50_ms / of_relay.p50_ms);
    for (const auto& [process, seconds] : of_lyceum.cpu_s) {
      cpu_ratio[process].Add(seconds / of_relay.CpuOfAll());
    }
    cpu_ratio["all"].Add(of_lyceum.CpuOfAll() / of_relay.CpuOfAll());
  }
};

void PrintCpu(const std::vector<Level>& levels) {
  fmt::print("\nprocessor seconds per 1,000 turns; in brackets as a part of all of the relay's\n");
  for (const Level& level : levels) {
    fmt::print("{:<10}", level.in_flight);
    for (const auto& [process, seconds] : level.lyceum.cpu_s) {
      fmt::print("  {} {:.4f} ({:.2f})", process, seconds.Median(),
                 level.cpu_ratio.at(process).Median());
    }
    fmt::print("  all ({:.2f})\n{:<10}", level.cpu_ratio.at("all").Median(), "  relay");
    for (const auto& [process, seconds] : level.relay.cpu_s) {
      fmt::print("  {} {:.4f}", process, seconds.Median());
    }
    fmt::print("\n");
  }
}

void PrintTable(const std::vector<Level>& levels) {
  const auto row = [](const auto&... cells) {
    fmt::print("{:<10}{:>10}{:>10}  {:<24}{:>10}{:>10}  {:<24}{:>10}{:>10}\n", cells...);
  };
  const auto ms = [](const Figures& figures) { return fmt::format("{:.3f}", figures.Median()); };
  const auto rate = [](const Figures& figures) { return fmt::format("{:.0f}", figures.Median()); };
  row("medians", "relay", "Lyceum", "ratio (spread)", "relay", "Lyceum", "ratio (spread)", "relay",
      "Lyceum");
  row("in flight", "turns/s", "turns/s", "", "p50 ms", "p50 ms", "", "p99 ms", "p99 ms");
  for (const Level& level : levels) {
    row(level.in_flight, rate(level.relay.turns_per_s), rate(level.lyceum.turns_per_s),
        level.rate_ratio.Spread(), ms(level.relay.p50_ms), ms(level.lyceum.p50_ms),
        level.p50_ratio.Spread(), ms(level.relay.p99_ms), ms(level.lyceum.p99_ms));
  }
  PrintCpu(levels);
}

json ValuesOf(const std::map<std::string, Figures>& figures) {
  json values = json::object();
  for (const auto& [name, of_rounds] : figures) values[name] = of_rounds.values;
  return values;
}

json Line(const Plan& plan, const std::vector<Level>& levels) {
  json rows = json::array();
  for (const Level& level : levels) {
    rows.push_back({{"in_flight", level.in_flight},
                    {"relay_buffered", level.relay_buffered()},
                    {"relay_turns_per_s", level.relay.turns_per_s.values},
                    {"lyceum_turns_per_s", level.lyceum.turns_per_s.values},
                    {"rate_ratio", level.rate_ratio.values},
                    {"relay_p50_ms", level.relay.p50_ms.values},
                    {"lyceum_p50_ms", level.lyceum.p50_ms.values},
                    {"p50_ratio", level.p50_ratio.values},
                    {"relay_p99_ms", level.relay.p99_ms.values},
                    {"lyceum_p99_ms", level.lyceum.p99_ms.values},
                    {"cpu_s_per_1000_turns", ValuesOf(level.lyceum.cpu_s)},
                    {"relay_cpu_s_per_1000_turns", ValuesOf(level.relay.cpu_s)},
                    {"cpu_ratio", ValuesOf(level.cpu_ratio)}});
  }
  return {{"bench", plan.name()},
          {"rounds", plan.rounds},
          {"seconds", plan.seconds},
          {"levels", std::move(rows)}};
}

void Run(const Plan& plan) {
  RelaySide relay;
  LyceumSide lyceum({.course = plan.course, .store = plan.store, .lean = plan.lean});
  std::vector<Level> levels;
  for (const int in_flight : plan.levels()) levels.push_back({.in_flight = in_flight});
  for (int round = 1; round <= plan.rounds; ++round) {
    for (Level& level : levels) {
      const TurnsRun of_relay = relay.Run(level.in_flight, level.relay_buffered(), plan.seconds);
      const TurnsRun of_lyceum = lyceum.Run(level.in_flight, plan.seconds);
      level.Add(of_relay, of_lyceum);
      fmt::print(stderr, "round {} of {}, {} in flight: {:.0f} and {:.0f} turns/s\n", round,
                 plan.rounds, level.in_flight, of_relay.turns_per_s, of_lyceum.turns_per_s);
    }
  }
  PrintTable(levels);
  fmt::print("{}\n", Line(plan, levels).dump());
}

}  // namespace
}  // namespace lyceum::bench

int main(int argc, char** argv) {
  lyceum::bench::Plan plan;
  CLI::App app{"Turns through the real broker against the bare relay", "bench_turns"};
  app.add_flag("--lean", plan.lean);
  app.add_flag("--sweep", plan.sweep);
  app.add_option("--rounds", plan.rounds)->check(CLI::Range(1, 100));
  app.add_option("--seconds", plan.seconds)->check(CLI::Range(2, 3600));
  app.add_option("--in-flight", plan.in_flight)->check(CLI::Range(1, 100'000));
  app.add_option("--course", plan.course);
  app.add_option("--store", plan.store)->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);
  try {
    lyceum::bench::Run(plan);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_turns: {}\n", error.what());
    return 1;
  }
  return 0;
}
