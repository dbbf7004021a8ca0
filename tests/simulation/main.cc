// simulate [--seeds N] [--from S] [--seconds T] [--bug NAME] [--no-faults] [--trace] [--verbose] [--log]
//
// Runs the seeds from S on and prints the first one that fails, with what failed. --trace prints
// what happens in each, --verbose also each event of the broker, --log what the workers log.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/log.h"
#include "simulation/simulation.h"

namespace {

volatile uint64_t g_seed = 0;

// A CHECK that fails ends the process: the seed is then all there is to say.
void OnAbort(int) {
  char text[64];
  const int size = std::snprintf(text, sizeof text, "the process died in seed %llu\n",
                                 static_cast<unsigned long long>(g_seed));
  (void)!write(STDOUT_FILENO, text, static_cast<size_t>(size));
  std::signal(SIGABRT, SIG_DFL);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace lyceum::simulation;
  uint64_t seeds = 100, from = 1, seconds = 0;
  Options options;
  bool trace = false, log = false, figures = false;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    const auto number = [&] { return ++i < argc ? std::strtoull(argv[i], nullptr, 10) : 0; };
    if (arg == "--seeds") {
      seeds = number();
    } else if (arg == "--from") {
      from = number();
    } else if (arg == "--seconds") {
      seconds = number();
    } else if (arg == "--no-faults") {
      options.faults = false;
    } else if (arg == "--shared") {
      options.shared = true;
    } else if (arg == "--snapshots") {
      options.snapshots = true;
    } else if (arg == "--trace") {
      trace = true;
    } else if (arg == "--verbose") {
      trace = options.verbose = true;
    } else if (arg == "--log") {
      log = true;
    } else if (arg == "--figures") {
      figures = true;
    } else if (arg == "--bug" && i + 1 < argc) {
      const auto bug = BugOf(argv[++i]);
      if (!bug) {
        fmt::print(stderr, "no such bug: {}\n", argv[i]);
        return 2;
      }
      options.bug = *bug;
    } else {
      fmt::print(
          stderr,
          "usage: simulate [--seeds N] [--from S] [--seconds T] [--bug NAME] "
          "[--no-faults] [--shared] [--snapshots] [--trace] [--verbose] [--log] [--figures]\n");
      return 2;
    }
  }
  lyceum::InitLog("simulate", "", log ? "info" : "off");
  std::signal(SIGABRT, OnAbort);
  if (trace) options.trace = [](std::string_view line) { fmt::print("{}\n", line); };
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  const auto passed = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
  Outcome total;
  uint64_t ran = 0;
  for (uint64_t seed = from; seed < from + seeds; ++seed, ++ran) {
    if (seconds > 0 && passed() >= static_cast<double>(seconds)) break;
    options.seed = seed;
    g_seed = seed;
    const Outcome outcome = Simulate(options);
    if (figures) {
      fmt::print(
          "seed {}: {} events, {} records, {} messages, {} crashes, {} lineages, {} buried, "
          "{} ms, hash {:016x}\n",
          seed, outcome.events, outcome.records, outcome.messages, outcome.crashes,
          outcome.lineages, outcome.buried, outcome.virtual_ms, outcome.trace_hash);
    }
    if (!outcome.failure.empty()) {
      fmt::print("seed {} failed {}\n", seed, outcome.failure);
      return 1;
    }
    total.events += outcome.events;
    total.records += outcome.records;
    total.messages += outcome.messages;
    total.crashes += outcome.crashes;
    total.lineages += outcome.lineages;
    total.restores += outcome.restores;
    total.buried += outcome.buried;
    total.virtual_ms += outcome.virtual_ms;
  }
  fmt::print(
      "{} seeds in {:.1f} s: {} events, {} records, {} messages, {} crashes, {} lineages, "
      "{} buried, {} restores, {} virtual s\n",
      ran, passed(), total.events, total.records, total.messages, total.crashes, total.lineages,
      total.buried, total.restores, total.virtual_ms / 1'000);
  return 0;
}
