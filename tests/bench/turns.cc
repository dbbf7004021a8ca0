// Turns through the real broker against the bare relay, alternately in one run.
//
//   bench_turns [--sweep] [--rounds N] [--seconds S] [--in-flight W] [--course FILE] [--store DIR]
// Two nats-servers of their own, one for each. Each round measures each number in flight: 1 and W,
// or with --sweep 1, 10, 100, 500, 2,000. The relay runs with the library's buffer or without,
// whichever was faster in the first round. A table of medians, the bars as ratios, the spread as
// the least and the most of the rounds; and one JSON line with every round's figures.
// --store: the sessions that bench_scale has made there are on the session worker while it is
// measured. The folder is used up.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/figures.h"
#include "envelope/subjects.h"
#include "store/store.h"
#include "support/eventually.h"
#include "support/stack.h"

namespace lyceum::bench {
namespace {

using nlohmann::json;

constexpr double kRateRatioMin = 0.90;
constexpr double kP50RatioMax = 1.25;

struct Plan {
  bool sweep = false;
  int rounds = 3;
  int seconds = 5;
  int in_flight = 2000;
  std::string course = test::SourceFile("ops/courses/fractions.toml");
  std::string store;

  std::vector<int> levels() const {
    return sweep ? std::vector<int>{1, 10, 100, 500, 2000} : std::vector<int>{1, in_flight};
  }
};

// A figure of each round.
struct Figures {
  std::vector<double> values;
  void Add(double value) { values.push_back(value); }
  double Median() const { return Quantile(values, 0.5); }
  double Least() const { return *std::min_element(values.begin(), values.end()); }
  double Most() const { return *std::max_element(values.begin(), values.end()); }
  std::string Spread() const {
    return fmt::format("{:>6.2f} ({:.2f} to {:.2f})", Median(), Least(), Most());
  }
};

// Of one side, at one number in flight.
struct Side {
  Figures turns_per_s, p50_ms, p99_ms;
  void Add(const json& line) {
    turns_per_s.Add(line.at("turns_per_s"));
    p50_ms.Add(line.at("p50_ms"));
    p99_ms.Add(line.at("p99_ms"));
  }
};

struct Level {
  int in_flight = 1;
  bool relay_buffered = false;
  Side relay, lyceum;
  Figures rate_ratio, p50_ratio;         // Lyceum to the relay of the same round.
  std::map<std::string, Figures> cpu_s;  // By program, a thousand turns of Lyceum.
};

void PrintTable(const std::vector<Level>& levels) {
  fmt::print("{:<10}{:>10}{:>10}  {:<24}{:>10}{:>10}  {:<24}{:>10}{:>10}\n", "medians", "relay",
             "Lyceum", "ratio (spread)", "relay", "Lyceum", "ratio (spread)", "relay", "Lyceum");
  fmt::print("{:<10}{:>10}{:>10}  {:<24}{:>10}{:>10}  {:<24}{:>10}{:>10}\n", "in flight", "turns/s",
             "turns/s", "", "p50 ms", "p50 ms", "", "p99 ms", "p99 ms");
  for (const Level& level : levels) {
    fmt::print("{:<10}{:>10.0f}{:>10.0f}  {:<24}{:>10.3f}{:>10.3f}  {:<24}{:>10.2f}{:>10.2f}\n",
               level.in_flight, level.relay.turns_per_s.Median(), level.lyceum.turns_per_s.Median(),
               level.rate_ratio.Spread(), level.relay.p50_ms.Median(), level.lyceum.p50_ms.Median(),
               level.p50_ratio.Spread(), level.relay.p99_ms.Median(), level.lyceum.p99_ms.Median());
  }
  fmt::print("\nprocessor seconds per 1,000 turns of Lyceum\n");
  for (const Level& level : levels) {
    fmt::print("{:<10}", level.in_flight);
    for (const auto& [program, seconds] : level.cpu_s) {
      fmt::print("  {} {:.3f}", program, seconds.Median());
    }
    fmt::print("\n");
  }
  const Level& one = levels.front();
  const Level& most = levels.back();
  fmt::print("\nturns/s to the relay's, {} in flight: {}   bar: >= {:.2f}\n", most.in_flight,
             most.rate_ratio.Spread(), kRateRatioMin);
  fmt::print("turn p50 to the relay's, {} in flight: {}   bar: <= {:.2f}\n", one.in_flight,
             one.p50_ratio.Spread(), kP50RatioMax);
}

json Line(const Plan& plan, const std::vector<Level>& levels) {
  json rows = json::array();
  for (const Level& level : levels) {
    json cpu = json::object();
    for (const auto& [program, seconds] : level.cpu_s) cpu[program] = seconds.values;
    rows.push_back({{"in_flight", level.in_flight},
                    {"relay_buffered", level.relay_buffered},
                    {"relay_turns_per_s", level.relay.turns_per_s.values},
                    {"lyceum_turns_per_s", level.lyceum.turns_per_s.values},
                    {"rate_ratio", level.rate_ratio.values},
                    {"relay_p50_ms", level.relay.p50_ms.values},
                    {"lyceum_p50_ms", level.lyceum.p50_ms.values},
                    {"p50_ratio", level.p50_ratio.values},
                    {"relay_p99_ms", level.relay.p99_ms.values},
                    {"lyceum_p99_ms", level.lyceum.p99_ms.values},
                    {"cpu_s_per_1000_turns", std::move(cpu)}});
  }
  return {{"bench", plan.store.empty() ? "turns" : "turns_beside_sessions"},
          {"rounds", plan.rounds},
          {"seconds", plan.seconds},
          {"levels", std::move(rows)},
          {"bars", {{"rate_ratio_min", kRateRatioMin}, {"p50_ratio_max", kP50RatioMax}}}};
}

template <class T>
T Must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  return std::move(*result);
}

// Sessions whose log is gone go on with a new one, which numbers its records anew: what they had
// still to send is not sent.
void BeginNewLog(const std::string& path) {
  const auto store = Must(store::Store::Open({.path = path}));
  for (uint32_t i = 0; i < envelope::Subjects().partitions(); ++i) {
    const auto partition = static_cast<store::PartitionId>(i);
    store::Commit commit(partition);
    for (const auto& row : Must(store->GetLetters(partition, {}, SIZE_MAX))) {
      commit.EraseLetter(row.id);
    }
    for (const auto& row : Must(store->GetCalls(partition))) commit.EraseCall(row.id);
    commit.SetApplied({});
    if (auto done = store->Apply(std::move(commit)); !done) {
      throw std::runtime_error(done.error().text);
    }
  }
}

class Bench {
 public:
  explicit Bench(const Plan& plan) : plan_(plan) {
    lyceum_.ImportCourse(plan_.course);
    if (!plan_.store.empty()) {
      std::filesystem::rename(plan_.store, lyceum_.data_dir());
      BeginNewLog(lyceum_.data_dir());
    }
    lyceum_.StartSessionWorker();
    tools_ = lyceum_.StartToolWorker("tools-1", {"--slots", "256"});
    WaitForPartitions();
  }

  void Run();

 private:
  void WaitForPartitions() {
    const auto opened = [&] {
      const std::string log = lyceum_.session_worker_logs();
      size_t count = 0;
      for (size_t at = 0; (at = log.find("partition opened", at)) != std::string::npos; ++at) {
        ++count;
      }
      return count == envelope::Subjects().partitions();
    };
    if (!test::Eventually(std::chrono::seconds(60), opened)) {
      throw std::runtime_error("the session worker does not start: " +
                               lyceum_.session_worker_logs());
    }
  }

  std::unique_ptr<test::Process> RelayRole(const std::string& role, bool buffered) {
    std::vector<std::string> args = {LYCEUM_BENCH_RELAY, role};
    if (buffered) args.emplace_back("--buffered");
    auto process = std::make_unique<test::Process>(
        args, relay_.nats().env_for(role == "session" ? "session_worker" : "tool_worker"));
    if (!test::Eventually(std::chrono::seconds(10),
                          [&] { return process->out().find("ready") != std::string::npos; })) {
      throw std::runtime_error("the relay does not start: " + process->err());
    }
    return process;
  }

  json Relay(int in_flight, bool buffered) {
    const auto session = RelayRole("session", buffered);
    const auto tool = RelayRole("tool", buffered);
    std::vector<std::string> args = {LYCEUM_BENCH_RELAY, "gateway",
                                     "--learners",       std::to_string(in_flight),
                                     "--seconds",        std::to_string(plan_.seconds)};
    if (buffered) args.emplace_back("--buffered");
    const test::Ran ran = test::Run(args, relay_.nats().env_for("gateway"), "",
                                    std::chrono::seconds(plan_.seconds + 60));
    if (ran.code != 0) throw std::runtime_error("the relay failed: " + ran.err);
    return json::parse(ran.out);
  }

  json Lyceum(int in_flight) {
    const test::Ran ran =
        lyceum_.Lyceum("gateway",
                       {"load", plan_.course, "--learners", std::to_string(in_flight), "--seconds",
                        std::to_string(plan_.seconds), "--warm-up", "2", "--mix", "right=100"},
                       "", std::chrono::seconds(plan_.seconds + 120));
    if (ran.code != 0) {
      throw std::runtime_error("lyceum load failed: " + ran.out + ran.err +
                               lyceum_.session_worker_logs());
    }
    return json::parse(ran.out);
  }

  void Measure(Level* level, bool first);

  const Plan plan_;
  test::Stack relay_;
  test::Stack lyceum_;
  std::unique_ptr<test::Process> tools_;
};

void Bench::Measure(Level* level, bool first) {
  json relay = Relay(level->in_flight, level->relay_buffered);
  if (first) {
    json buffered = Relay(level->in_flight, true);
    level->relay_buffered = buffered.at("turns_per_s") > relay.at("turns_per_s");
    if (level->relay_buffered) relay = std::move(buffered);
  }
  const json lyceum = Lyceum(level->in_flight);
  level->relay.Add(relay);
  level->lyceum.Add(lyceum);
  level->rate_ratio.Add(level->lyceum.turns_per_s.values.back() /
                        level->relay.turns_per_s.values.back());
  level->p50_ratio.Add(level->lyceum.p50_ms.values.back() / level->relay.p50_ms.values.back());
  for (const auto& [program, seconds] : lyceum.at("cpu_s_per_1000_turns").items()) {
    level->cpu_s[program].Add(seconds);
  }
}

void Bench::Run() {
  std::vector<Level> levels;
  for (const int in_flight : plan_.levels()) levels.push_back({.in_flight = in_flight});
  for (int round = 1; round <= plan_.rounds; ++round) {
    for (Level& level : levels) {
      Measure(&level, round == 1);
      fmt::print(stderr, "round {} of {}, {} in flight: {:.0f} and {:.0f} turns/s\n", round,
                 plan_.rounds, level.in_flight, level.relay.turns_per_s.values.back(),
                 level.lyceum.turns_per_s.values.back());
    }
  }
  PrintTable(levels);
  fmt::print("{}\n", Line(plan_, levels).dump());
}

}  // namespace
}  // namespace lyceum::bench

int main(int argc, char** argv) {
  lyceum::bench::Plan plan;
  CLI::App app{"Turns through the real broker against the bare relay", "bench_turns"};
  app.add_flag("--sweep", plan.sweep);
  app.add_option("--rounds", plan.rounds)->check(CLI::Range(1, 100));
  app.add_option("--seconds", plan.seconds)->check(CLI::Range(1, 3600));
  app.add_option("--in-flight", plan.in_flight)->check(CLI::Range(2, 100'000));
  app.add_option("--course", plan.course);
  app.add_option("--store", plan.store)->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);
  try {
    lyceum::bench::Bench(plan).Run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_turns: {}\n", error.what());
    return 1;
  }
  return 0;
}
