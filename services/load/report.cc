#include "load/report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace lyceum::load {
namespace {

using Json = nlohmann::ordered_json;

double TurnsPerSecond(const LoadReport& report) {
  return report.seconds > 0 ? static_cast<double>(report.turns) / report.seconds : 0;
}

double CpuPerThousand(const LoadReport& report, double seconds) {
  return report.turns > 0 ? 1000 * seconds / static_cast<double>(report.turns) : 0;
}

}  // namespace

std::string ReportTable(LoadReport* report, const LoadPlan& plan) {
  std::string table =
      fmt::format("\n{} learners, {}, {:.1f} s, seed {}\n", plan.learners,
                  plan.turns_per_s > 0 ? fmt::format("{} turns/s asked for", plan.turns_per_s)
                                       : std::string("closed loop"),
                  report->seconds, plan.seed);
  table += fmt::format("  turns/s    {:>10.0f}   ({} turns, {} courses completed)\n",
                       TurnsPerSecond(*report), report->turns, report->completed);
  table += fmt::format("  latency ms {:>10.2f} p50 {:>10.2f} p99 {:>10.2f} p99.9 {:>10.2f} max\n",
                       report->latencies.AtMs(0.5), report->latencies.AtMs(0.99),
                       report->latencies.AtMs(0.999), report->latencies.AtMs(1));
  table += fmt::format(
      "  errors {}, lost {}, doubled {}, out of order {}, unreadable {}, no ack {}; repeated {}\n",
      report->ErrorCount(), report->lost, report->doubled, report->out_of_order, report->unreadable,
      report->not_acked, report->repeated);
  for (const auto& [code, count] : report->errors) {
    table += fmt::format("  error {:<22} {:>8}\n", code, count);
  }
  if (report->reconnects > 0) table += fmt::format("  connected again {}\n", report->reconnects);
  if (!report->refused.empty()) table += fmt::format("  NATS refuses: {}\n", report->refused);
  for (const auto& [program, seconds] : report->cpu) {
    table += fmt::format("  cpu {:<24} {:>8.3f} s per 1,000 turns\n", program,
                         CpuPerThousand(*report, seconds));
  }
  return table;
}

std::string ReportJson(LoadReport* report, const LoadPlan& plan) {
  Json cpu = Json::object();
  for (const auto& [name, seconds] : report->cpu) cpu[name] = CpuPerThousand(*report, seconds);
  Json errors = Json::object();
  for (const auto& [code, count] : report->errors) errors[code] = count;
  const Json line = {{"learners", plan.learners},
                     {"rate", plan.turns_per_s},
                     {"seed", plan.seed},
                     {"seconds", report->seconds},
                     {"turns", report->turns},
                     {"turns_per_s", TurnsPerSecond(*report)},
                     {"p50_ms", report->latencies.AtMs(0.5)},
                     {"p99_ms", report->latencies.AtMs(0.99)},
                     {"p999_ms", report->latencies.AtMs(0.999)},
                     {"max_ms", report->latencies.AtMs(1)},
                     {"completed", report->completed},
                     {"errors", report->ErrorCount()},
                     {"error_codes", errors},
                     {"lost", report->lost},
                     {"doubled", report->doubled},
                     {"repeated", report->repeated},
                     {"out_of_order", report->out_of_order},
                     {"unreadable", report->unreadable},
                     {"not_acked", report->not_acked},
                     {"late_starts", report->late_starts},
                     {"reconnects", report->reconnects},
                     {"cpu_s_per_1000_turns", cpu}};
  return line.dump();
}

}  // namespace lyceum::load
