#include "cli/record_flags.h"

#include <CLI/CLI.hpp>

namespace lyceum::cli {
namespace {

constexpr char kRetryHelp[] =
    "Publish the record of a dead letter again, to the log subject that it came from. The session "
    "drops it where it has seen its id; a record that was refused for its content is refused "
    "again, and is a dead letter again. The dead letter stays until it is purged, or expires";

void AddFilters(CLI::App* command, DeadLetterOptions& o, const char* limit_help) {
  command->add_option("--user", o.user, "Of records of this learner");
  command->add_option("--partition", o.partition, "Of records of this partition")
      ->check(CLI::Range(int64_t{0}, int64_t{1023}));
  command->add_option("--reason", o.reason, "Refused for this: undecodable, buried, ...");
  command->add_option("--older", o.older, "Of records older than this: 90s, 15m, 2h or 7d");
  command->add_option("--newer", o.newer, "Of records not older than this");
  command->add_option("--limit", o.limit, limit_help)
      ->check(CLI::Range(int64_t{1}, int64_t{100'000}))
      ->capture_default_str();
}

void AddNumber(CLI::App* command, DeadLetterOptions& o) {
  command->add_option("sequence", o.sequence, "As `dlq list` shows it")
      ->check(CLI::Range(uint64_t{1}, UINT64_MAX));
}

void AddDeadLetters(CLI::App& app, RecordFlags& flags, const AddCommand& add) {
  CLI::App* dlq = app.add_subcommand("dlq", "Dead letters: list, show, retry, purge");
  dlq->require_subcommand(1);
  dlq->fallthrough();
  CLI::App* list = add(*dlq, "list", "The newest ones, a line each",
                       [&flags](const Common& c) { return RunDeadLetterList(c, flags.list); });
  AddFilters(list, flags.list, "How many");
  CLI::App* show = add(*dlq, "show", "One with its record, or the newest that the filters take",
                       [&flags](const Common& c) { return RunDeadLetterShow(c, flags.show); });
  AddNumber(show, flags.show);
  AddFilters(show, flags.show, "How many");
  CLI::App* retry = add(*dlq, "retry", kRetryHelp,
                        [&flags](const Common& c) { return RunDeadLetterRetry(c, flags.retry); });
  AddNumber(retry, flags.retry);
  retry->add_flag("--all-matching", flags.retry.all_matching,
                  "All that the filters take, the oldest first");
  AddFilters(retry, flags.retry, "How many at most");
  retry->add_flag("--yes", flags.retry.yes, "Do it; without it they are only shown");
  CLI::App* purge = add(
      *dlq, "purge", "Delete one, or all that the filters take, so that the server overwrites it",
      [&flags](const Common& c) { return RunDeadLetterPurge(c, flags.purge); });
  AddNumber(purge, flags.purge);
  AddFilters(purge, flags.purge, "How many at most, the oldest first");
  purge->add_flag("--yes", flags.purge.yes, "Do it; without it they are only shown");
}

void AddStep(CLI::App& app, StepOptions& o, const AddCommand& add) {
  CLI::App* c = add(app, "step", "The state of a session at a record, and what that record changed",
                    [&o](const Common& common) { return RunStep(common, o); });
  c->add_option("user", o.user, "The learner")->required();
  c->add_option("--to", o.to, "At the last record up to this sequence; without it, the last one")
      ->check(CLI::Range(uint64_t{1}, UINT64_MAX));
  c->add_option("--timeout", o.timeout_s, "Seconds to wait for each answer")
      ->check(CLI::Range(int64_t{1}, int64_t{3600}))
      ->capture_default_str();
}

void AddTrace(CLI::App& app, TraceOptions& o, const AddCommand& add) {
  CLI::App* c = add(app, "trace",
                    "New records of a learner and messages to the learner's clients, or new "
                    "results of a tool, as they come",
                    [&o](const Common& common) { return RunTrace(common, o); });
  CLI::Option* user = c->add_option("user", o.user, "The learner");
  c->add_option("--tool", o.tool, "Instead of a learner: results of this tool, of all learners")
      ->excludes(user);
  c->add_option("--next", o.next, "End after so many lines")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000'000}));
  c->add_option(
      "--for", o.duration,
      "End after this time: 90s, 15m, 2h or 7d; exit 1 where --next has not come by then");
  c->add_option("--timeout", o.timeout_s, "Seconds to wait for the owner")
      ->check(CLI::Range(int64_t{1}, int64_t{3600}))
      ->capture_default_str();
}

}  // namespace

void AddRecordCommands(CLI::App& app, RecordFlags& flags, const AddCommand& add) {
  AddStep(app, flags.step, add);
  AddTrace(app, flags.trace, add);
  AddDeadLetters(app, flags, add);
}

}  // namespace lyceum::cli
