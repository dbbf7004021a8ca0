// lyceum load: simulated learners, and how well they were served.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/signals.h"
#include "cli/cli.h"
#include "cli/load_run.h"
#include "tools/course_file.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

Result<LoadPlan> PlanOf(const LoadOptions& options) {
  auto read = tools::ReadCourseFile(options.file);
  if (!read) return read.error();
  auto mix = ParseMix(options.mix);
  if (!mix) return mix.error();
  LoadPlan plan;
  plan.course = LoadCourseOf(read->course);
  plan.mix = *mix;
  plan.run = FreshId().substr(0, 12);
  plan.learners = static_cast<size_t>(options.learners);
  plan.turns_per_s = options.rate;
  plan.warm_up = milliseconds(options.warm_up_s * 1000);
  plan.length = milliseconds(options.seconds * 1000);
  plan.turn_max = milliseconds(options.timeout_s * 1000);
  plan.encoding = options.encoding == "json" ? tutor::Encoding::kJson : tutor::Encoding::kProtobuf;
  plan.seed = static_cast<uint64_t>(options.seed);
  return plan;
}

double TurnsPerSecond(const LoadReport& report) {
  return report.seconds > 0 ? static_cast<double>(report.turns) / report.seconds : 0;
}

double CpuPerThousand(const LoadReport& report, double seconds) {
  return report.turns > 0 ? 1000 * seconds / static_cast<double>(report.turns) : 0;
}

void PrintTable(LoadReport& report, const LoadPlan& plan) {
  fmt::print(stderr, "\n{} learners, {}, {:.1f} s, seed {}\n", plan.learners,
             plan.turns_per_s > 0 ? fmt::format("{} turns/s asked for", plan.turns_per_s)
                                  : std::string("closed loop"),
             report.seconds, plan.seed);
  fmt::print(stderr, "  turns/s    {:>10.0f}   ({} turns, {} courses completed)\n",
             TurnsPerSecond(report), report.turns, report.completed);
  fmt::print(stderr, "  latency ms {:>10.2f} p50 {:>10.2f} p99 {:>10.2f} p99.9 {:>10.2f} max\n",
             report.latencies.AtMs(0.5), report.latencies.AtMs(0.99), report.latencies.AtMs(0.999),
             report.latencies.AtMs(1));
  fmt::print(stderr,
             "  errors {}, lost {}, doubled {}, out of order {}, unreadable {}, no ack {}\n",
             report.errors, report.lost, report.doubled, report.out_of_order, report.unreadable,
             report.not_acked);
  for (const auto& [name, seconds] : report.cpu) {
    fmt::print(stderr, "  cpu {:<24} {:>8.3f} s per 1,000 turns\n", name,
               CpuPerThousand(report, seconds));
  }
}

void PrintJson(LoadReport& report, const LoadPlan& plan) {
  Json cpu = Json::object();
  for (const auto& [name, seconds] : report.cpu) cpu[name] = CpuPerThousand(report, seconds);
  const Json line = {{"learners", plan.learners},
                     {"rate", plan.turns_per_s},
                     {"seed", plan.seed},
                     {"seconds", report.seconds},
                     {"turns", report.turns},
                     {"turns_per_s", TurnsPerSecond(report)},
                     {"p50_ms", report.latencies.AtMs(0.5)},
                     {"p99_ms", report.latencies.AtMs(0.99)},
                     {"p999_ms", report.latencies.AtMs(0.999)},
                     {"max_ms", report.latencies.AtMs(1)},
                     {"completed", report.completed},
                     {"errors", report.errors},
                     {"lost", report.lost},
                     {"doubled", report.doubled},
                     {"out_of_order", report.out_of_order},
                     {"unreadable", report.unreadable},
                     {"not_acked", report.not_acked},
                     {"late_starts", report.late_starts},
                     {"cpu_s_per_1000_turns", cpu}};
  std::cout << line.dump() << std::endl;
}

}  // namespace

int RunLoad(const Common& common, const LoadOptions& options) {
  auto plan = PlanOf(options);
  if (!plan) return FailUsage(plan.error());
  CatchStopSignals();
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  const bool terminal = isatty(STDERR_FILENO) != 0;
  auto report = RunLoadPlan(*connection, common.subjects(), *plan, [&](const LoadProgress& now) {
    fmt::print(stderr, "{}{:>5.0f} of {:.0f} s  {:>9} turns  {:>8.0f} /s{}", terminal ? "\r" : "",
               now.seconds, now.of, now.turns, now.turns_per_s, terminal ? "  " : "\n");
  });
  if (!report) return Fail(report.error());
  PrintTable(*report, *plan);
  PrintJson(*report, *plan);
  const bool good = report->lost == 0 && report->doubled == 0 && report->unreadable == 0 &&
                    report->not_acked == 0 && report->turns > 0;
  return good ? kDone : kNo;
}

}  // namespace lyceum::cli
