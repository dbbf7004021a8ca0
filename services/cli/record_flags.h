// The flags of the commands that look at records and dead letters: step, trace, dlq.
#pragma once

#include "cli/cli.h"
#include "cli/course_flags.h"

namespace lyceum::cli {

struct RecordFlags {
  StepOptions step;
  TraceOptions trace;
  DeadLetterOptions list, show;
  DeadLetterOptions retry{.limit = 1'000};
  DeadLetterOptions purge{.limit = 1'000};
};

// `flags` outlives the parsing and the run.
void AddRecordCommands(CLI::App& app, RecordFlags& flags, const AddCommand& add);

}  // namespace lyceum::cli
