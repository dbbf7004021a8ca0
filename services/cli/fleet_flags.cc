#include "cli/fleet_flags.h"

#include <CLI/CLI.hpp>

namespace lyceum::cli {
namespace {

void AddLagMax(CLI::App* command, int64_t* lag_max) {
  command->add_option("--lag-max", *lag_max, "Records that a partition may be behind its log")
      ->check(CLI::Range(int64_t{0}, INT64_MAX))
      ->capture_default_str();
}

void AddTableFormat(CLI::App* command, std::string* format) {
  command
      ->add_option("--format", *format, "table, json (an object a line), or auto: by the terminal")
      ->check(CLI::IsMember({"auto", "table", "json"}))
      ->capture_default_str();
}

void AddSessions(CLI::App& app, SessionsOptions& o, const AddCommand& add) {
  CLI::App* c = add(app, "sessions", "The sessions that there are, from the owners of partitions",
                    [&o](const Common& common) { return RunSessions(common, o); });
  c->add_option("--state", o.state, "In this state, as `lyceum fsm` names them, or damaged");
  c->add_option("--course", o.course, "In this course");
  c->add_option("--older", o.older, "Whose last record is older than this: 90s, 15m, 2h or 7d");
  c->add_flag("--stuck", o.stuck, "That wait beyond their deadline, or cannot be read");
  c->add_option("--like", o.like, "Whose user has this in it");
  c->add_option("--limit", o.limit, "How many at most")
      ->check(CLI::Range(int64_t{1}, int64_t{10'000'000}))
      ->capture_default_str();
  c->add_option("--after", o.after, "Go on where an earlier list has ended, as it says");
  AddTableFormat(c, &o.format);
}

void AddReport(CLI::App& app, ReportOptions& o, const AddCommand& add) {
  CLI::App* c = add(app, "report", "How learners fare with a course, question by question",
                    [&o](const Common& common) { return RunReport(common, o); });
  c->add_option("course", o.course, "The course")->required();
  c->add_option("--like", o.like, "Only learners whose names have this text");
  c->add_flag("--csv", o.csv, "The questions, a line each, for a spreadsheet");
  c->add_option("--memory", o.memory_mb, "Sessions that are folded at once, MiB")
      ->check(CLI::Range(int64_t{16}, int64_t{1 << 20}))
      ->capture_default_str();
  c->add_option("--timeout", o.timeout_s, "Seconds that a log may be silent")
      ->check(CLI::Range(int64_t{1}, int64_t{600}))
      ->capture_default_str();
  AddTableFormat(c, &o.format);
}

void AddTimeout(CLI::App* command, int64_t* seconds, const char* help) {
  command->add_option("--timeout", *seconds, help)
      ->check(CLI::Range(int64_t{1}, int64_t{3600}))
      ->capture_default_str();
}

void AddLearner(CLI::App& app, FleetFlags& flags, const AddCommand& add) {
  CLI::App* to = add(app, "export", "All there is of a learner, a JSON object a line",
                     [&flags](const Common& common) { return RunExport(common, flags.export_to); });
  to->add_option("user", flags.export_to.user, "The learner")->required();
  to->add_option("--out", flags.export_to.out,
                 "A new file that its owner alone may read; - is standard output");
  AddTimeout(to, &flags.export_to.timeout_s, "Seconds to wait for the owner");
  CLI::App* forget =
      add(app, "forget", "Erase a learner wherever there is something of that learner; for good",
          [&flags](const Common& common) { return RunForget(common, flags.forget); });
  forget->add_option("user", flags.forget.user, "The learner")->required();
  AddTimeout(forget, &flags.forget.timeout_s, "Seconds to wait until every worker has done it");
}

}  // namespace

void AddFleetCommands(CLI::App& app, FleetFlags& flags, const AddCommand& add) {
  CLI::App* status =
      add(app, "status", "Workers, partitions, tools; exit 1 and what to do where all is not well",
          [&flags](const Common& common) { return RunStatus(common, flags.status); });
  AddLagMax(status, &flags.status.lag_max);
  AddTableFormat(status, &flags.status.format);
  AddSessions(app, flags.sessions, add);
  AddReport(app, flags.report, add);
  CLI::App* doctor =
      add(app, "doctor", "What is in the way: versions, streams, permissions, clocks; what to type",
          [&flags](const Common& common) { return RunDoctor(common, flags.doctor); });
  doctor->add_flag("--sessions", flags.doctor.sessions,
                   "Also whether each session can be read: takes long where there are many");
  AddLearner(app, flags, add);
  CLI::App* trim =
      add(app, "trim", "The log begins where workers and snapshots can do without what was before",
          [&flags](const Common& common) { return RunTrim(common, flags.trim); });
  trim->add_option("--older", flags.trim.older, "Only what is older than this: 90d or 12h")
      ->required();
  trim->add_flag("--dry-run", flags.trim.dry_run, "Say what would go, and leave it there");
  CLI::App* check = add(app, "check", "The same in a line, for what watches over many services",
                        [&flags](const Common& common) { return RunCheck(common, flags.check); });
  AddLagMax(check, &flags.check.lag_max);
  check
      ->add_option("--dead-letters-max", flags.check.dead_letters_max,
                   "Dead letters that may lie there")
      ->check(CLI::Range(int64_t{0}, INT64_MAX))
      ->capture_default_str();
  check
      ->add_option("--format", flags.check.format,
                   "text, json, nagios (with its exit codes) or prometheus (for a textfile "
                   "collector)")
      ->check(CLI::IsMember({"text", "json", "nagios", "prometheus"}))
      ->capture_default_str();
}

}  // namespace lyceum::cli
