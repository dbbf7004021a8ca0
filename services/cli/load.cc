// lyceum load: simulated learners, and how well they were served.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "base/signals.h"
#include "cli/cli.h"
#include "load/cpu_use.h"
#include "load/report.h"
#include "load/run.h"
#include "tools/course_file.h"

namespace lyceum::cli {
namespace {

using std::chrono::milliseconds;

Result<load::LoadPlan> PlanOf(const LoadOptions& options) {
  auto read = tools::ReadCourseFile(options.file);
  if (!read) return read.error();
  auto mix = load::ParseMix(options.mix);
  if (!mix) return mix.error();
  auto pids = load::ParsePids(options.cpu_pids);
  if (!pids) return pids.error();
  pids->push_back(getpid());
  load::LoadPlan plan;
  plan.course = load::LoadCourseOf(read->course);
  plan.mix = *mix;
  plan.run = FreshId().substr(0, 12);
  plan.learners = static_cast<size_t>(options.learners);
  plan.turns_per_s = options.rate;
  plan.warm_up = milliseconds(options.warm_up_s * 1000);
  plan.length = milliseconds(options.seconds * 1000);
  plan.turn_max = milliseconds(options.timeout_s * 1000);
  plan.encoding = options.encoding == "json" ? tutor::Encoding::kJson : tutor::Encoding::kProtobuf;
  plan.seed = static_cast<uint64_t>(options.seed);
  plan.cpu_pids = *std::move(pids);
  return plan;
}

}  // namespace

int RunLoad(const Common& common, const LoadOptions& options) {
  auto plan = PlanOf(options);
  if (!plan) return FailUsage(plan.error());
  CatchStopSignals();
  const bool terminal = isatty(STDERR_FILENO) != 0;
  auto report = load::RunLoad(
      ConnectOptionsOf(common), common.subjects(), *plan, [&](const load::LoadProgress& now) {
        fmt::print(stderr, "{}{:>5.0f} of {:.0f} s  {:>9} turns  {:>8.0f} /s{}",
                   terminal ? "\r" : "", now.seconds, now.of, now.turns, now.turns_per_s,
                   terminal ? "  " : "\n");
      });
  if (!report) return FailUsage(report.error());
  fmt::print(stderr, "{}", load::ReportTable(&*report, *plan));
  std::cout << load::ReportJson(&*report, *plan) << std::endl;
  return report->good() ? kDone : kNo;
}

}  // namespace lyceum::cli
