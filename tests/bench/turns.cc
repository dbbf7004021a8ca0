// Turns through the real broker against the bare relay, alternately in one run.
//
//   bench_turns [--rounds N] [--seconds S] [--in-flight W] [--course FILE]
// Two nats-servers of their own, one for each. Throughput with W in flight (the relay with the
// library's buffer, which is its best), latency with one in flight. Prints a table and one JSON
// line; the bars are ratios. Spread: the least and the most of the rounds.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/eventually.h"
#include "support/stack.h"

namespace lyceum::bench {
namespace {

using nlohmann::json;

struct Plan {
  int rounds = 3;
  int seconds = 5;
  int in_flight = 2000;
  std::string course = test::SourceFile("ops/courses/fractions.toml");
};

struct Figures {
  std::vector<double> values;
  void Add(double value) { values.push_back(value); }
  double Median() const {
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
  double Least() const { return *std::min_element(values.begin(), values.end()); }
  double Most() const { return *std::max_element(values.begin(), values.end()); }
};

class Bench {
 public:
  explicit Bench(const Plan& plan) : plan_(plan) {
    lyceum_.ImportCourse(plan_.course);
    lyceum_.StartSessionWorker();
    tools_ = lyceum_.StartToolWorker("tools-1", {"--slots", "256"});
  }

  void Run();

 private:
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

  json Relay(int in_flight) {
    const bool buffered = in_flight > 1;
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
    if (ran.code != 0) throw std::runtime_error("lyceum load failed: " + ran.out + ran.err);
    fmt::print(stderr, "{}", ran.out);
    return json::parse(ran.out);
  }

  const Plan plan_;
  test::Stack relay_;
  test::Stack lyceum_;
  std::unique_ptr<test::Process> tools_;
};

void Bench::Run() {
  Figures relay_rate, lyceum_rate, rate_ratio, relay_p50, lyceum_p50, p50_ratio;
  for (int round = 1; round <= plan_.rounds; ++round) {
    const double relay = Relay(plan_.in_flight).at("turns_per_s");
    const double lyceum = Lyceum(plan_.in_flight).at("turns_per_s");
    const double relay_ms = Relay(1).at("p50_ms");
    const double lyceum_ms = Lyceum(1).at("p50_ms");
    relay_rate.Add(relay);
    lyceum_rate.Add(lyceum);
    rate_ratio.Add(lyceum / relay);
    relay_p50.Add(relay_ms);
    lyceum_p50.Add(lyceum_ms);
    p50_ratio.Add(lyceum_ms / relay_ms);
    fmt::print(stderr, "round {} of {}: {:.0f} and {:.0f} turns/s; p50 {:.3f} and {:.3f} ms\n",
               round, plan_.rounds, relay, lyceum, relay_ms, lyceum_ms);
  }
  const auto row = [](const char* what, const Figures& relay, const Figures& lyceum,
                      const Figures& ratio, const char* bar) {
    fmt::print("{:<34} {:>10.2f} {:>10.2f} {:>7.2f} ({:.2f} to {:.2f})  {}\n", what, relay.Median(),
               lyceum.Median(), ratio.Median(), ratio.Least(), ratio.Most(), bar);
  };
  fmt::print("{:<34} {:>10} {:>10} {:>7} {:<16} {}\n", "median of the rounds", "relay", "Lyceum",
             "ratio", "(spread)", "bar");
  row(fmt::format("turns/s, {} in flight", plan_.in_flight).c_str(), relay_rate, lyceum_rate,
      rate_ratio, ">= 0.90");
  row("turn p50 ms, one in flight", relay_p50, lyceum_p50, p50_ratio, "<= 1.25");
  fmt::print("{}\n", json{{"rounds", plan_.rounds},
                          {"in_flight", plan_.in_flight},
                          {"relay_turns_per_s", relay_rate.values},
                          {"lyceum_turns_per_s", lyceum_rate.values},
                          {"relay_p50_ms", relay_p50.values},
                          {"lyceum_p50_ms", lyceum_p50.values}}
                         .dump());
}

}  // namespace
}  // namespace lyceum::bench

int main(int argc, char** argv) {
  lyceum::bench::Plan plan;
  CLI::App app{"Turns through the real broker against the bare relay", "bench_turns"};
  app.add_option("--rounds", plan.rounds)->check(CLI::Range(1, 100));
  app.add_option("--seconds", plan.seconds)->check(CLI::Range(1, 3600));
  app.add_option("--in-flight", plan.in_flight)->check(CLI::Range(1, 100'000));
  app.add_option("--course", plan.course);
  CLI11_PARSE(app, argc, argv);
  lyceum::bench::Bench(plan).Run();
  return 0;
}
